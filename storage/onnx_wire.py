"""What of an ONNX file must be known before the runtime sees it, read from its protobuf bytes.

The `onnx` package is for training only, and the runtime would quietly open the files that a model
names as external data. Field numbers: onnx.proto3 of ONNX 1.16.
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}
DEPTH_MAX = 16
# message: {field: message of that field}; fields that lead to no tensor are left out.
INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of a tensor
OPSET_IMPORT, OPSET_DOMAIN, OPSET_VERSION = 8, 1, 2


def opset(model: bytes) -> int:
    """The version of the standard operators; 0 when none is named. Raises ValueError."""
    for field, value in fields(model):
        if field == OPSET_IMPORT and isinstance(value, bytes):
            entry = dict(fields(value))
            version = entry.get(OPSET_VERSION, 0)
            if not entry.get(OPSET_DOMAIN) and isinstance(version, int):
                return version
    return 0


def external(part: bytes, kind: str = "model", depth: int = 0) -> bool:
    """Does any tensor keep its numbers in another file? Raises ValueError on what is no model."""
    if depth > DEPTH_MAX:
        raise ValueError("nested too deep")
    for field, value in fields(part):
        if kind == "tensor" and (field == EXTERNAL_DATA or (field == DATA_LOCATION and value)):
            return True
        inner = INSIDE[kind].get(field)
        if inner and isinstance(value, bytes) and external(value, inner, depth + 1):
            return True
    return False


def fields(part: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every (field number, value) of one protobuf message. Raises ValueError when it is cut."""
    place = 0
    while place < len(part):
        key, place = varint(part, place)
        field, wire = key >> 3, key & 7
        if wire == VARINT:
            value, place = varint(part, place)
            yield field, value
            continue
        if wire == BYTES:
            size, place = varint(part, place)
        else:
            size = WIDTHS.get(wire, len(part) + 1)
        if place + size > len(part):
            raise ValueError("cut short")
        yield field, part[place : place + size]
        place += size


def varint(part: bytes, place: int) -> tuple[int, int]:
    """The number at `place` and the place after it."""
    value = 0
    for index in range(10):
        if place + index >= len(part):
            break
        byte = part[place + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise ValueError("cut short")
