"""The model as it runs: the bytes that were verified, and nothing else, become the session.

Refused with one line (file, reason code, what to do) unless: both files are regular and of bounded
size, the manifest matches its pin, the ONNX bytes match the manifest, the features are those of
this program, input and output are those of the contract (quant.md 12.5), no number lies in another
file, and the quarantine is over. A model that has been loaded needs no further check.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from core.errors import ConfigError
from core.reasons import Reason
from storage import onnx_wire

BYTES_MAX = 16 * 2**20  # of the model; one of this size would miss its time budget anyway
MANIFEST_BYTES_MAX = 2**20
OPSETS = range(17, 21)
CLASSES = ("DOWN", "FLAT", "UP")
QUARANTINE = timedelta(days=30)

Logits = tuple[float, float, float]
Asked = Sequence[float] | Sequence[Sequence[float]]
WINDOW_MAX = 600  # seconds
Instant = Annotated[datetime, Meta(tz=True)]


class Scaling(Struct, frozen=True, forbid_unknown_fields=True):
    """How the graph scales one feature: clip((x - center) / scale, -5, 5)."""

    kind: str  # "standard": mean and standard deviation of the training rows
    center: float
    scale: float


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is, beside it as JSON. Every key must be there."""

    model_id: str
    created_utc: Instant
    catalogue: str
    n_features: int
    seq_len: int
    feature_names: tuple[str, ...]
    feature_names_sha256: str
    scaler: dict[str, Scaling]
    class_names: tuple[str, str, str]
    class_mean_moves: tuple[float, float, float]
    theta_ticks: float
    lookahead_s: int
    train_start: Instant
    train_end: Instant
    valid_end: Instant
    quarantine_end: Instant
    data_sha256: dict[str, str]
    metrics: dict[str, Any]
    opset: int
    onnx_sha256: str


class Model(Struct, frozen=True):
    """`predict` takes one row of features, or `seq_len` of them; from one thread only."""

    manifest: Manifest
    manifest_sha256: str
    predict: Callable[[Asked], Logits]  # raises RuntimeError when the runtime fails
    predict_many: Callable[[np.ndarray], np.ndarray]  # (rows, ...) -> (rows, 3) float32


def load(path: Path, features_sha256: str, now: int, pin: str = "") -> Model:
    """Verify and load `path` and the .json beside it; `now` in UTC ns. Raises ConfigError."""
    beside = path.with_suffix(".json")
    text, graph = read(beside, MANIFEST_BYTES_MAX), read(path, BYTES_MAX)
    manifest_sha256 = hashlib.sha256(text).hexdigest()
    if pin and pin != manifest_sha256:
        raise refusal(beside, Reason.INFER_MODEL_HASH, "differs from the pin model.sha256")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise refusal(beside, Reason.FEAT_SCHEMA, f"not a manifest: {error}") from None
    if hashlib.sha256(graph).hexdigest() != manifest.onnx_sha256:
        raise refusal(path, Reason.INFER_MODEL_HASH, "differs from its manifest: train it again")
    check(beside, manifest, features_sha256, now)
    check_bytes(path, graph, manifest)
    session = start(path, graph)
    check_contract(path, session, manifest)
    one, many = bind(session, shape(manifest))
    try:
        answer = one(np.zeros(shape(manifest)).tolist())
    except RuntimeError as error:
        why = f"fails on a row of zeros: {str(error).splitlines()[0]}"
        raise refusal(path, Reason.INFER_ERROR, why) from None
    if not np.isfinite(answer).all():
        raise refusal(path, Reason.INFER_NONFINITE, "answers NaN or Inf to a row of zeros")
    return Model(manifest, manifest_sha256, one, many)


def refusal(path: Path, reason: Reason, why: str) -> ConfigError:
    return ConfigError(f"{path}: {reason}: {why}")


def read(path: Path, bytes_max: int) -> bytes:
    """The whole of a regular file, opened once, so that what is verified is what is used."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        why = "no such file: make one with `tradebot train`"
        raise refusal(path, Reason.INFER_MODEL_HASH, why) from None
    except OSError as error:
        why = f"must be a readable regular file, not a link: {error.strerror}"
        raise refusal(path, Reason.INFER_MODEL_HASH, why) from None
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise refusal(path, Reason.INFER_MODEL_HASH, "must be a regular file")
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise refusal(path, Reason.INFER_MODEL_HASH, f"larger than {bytes_max} bytes")
    return content


def check(path: Path, manifest: Manifest, features_sha256: str, now: int) -> None:
    """Is this a model for our features, and may it be used by now?"""
    names = hashlib.sha256("\n".join(manifest.feature_names).encode()).hexdigest()
    if not names == manifest.feature_names_sha256 == features_sha256:
        raise refusal(path, Reason.FEAT_SCHEMA, "other features than this program's: train again")
    fits = manifest.n_features == len(manifest.feature_names)
    if not fits or not 1 <= manifest.seq_len <= WINDOW_MAX:
        raise refusal(path, Reason.FEAT_SCHEMA, "n_features or seq_len does not fit feature_names")
    if manifest.class_names != CLASSES:
        raise refusal(path, Reason.FEAT_SCHEMA, f"class_names must be {', '.join(CLASSES)}")
    if not np.isfinite(manifest.class_mean_moves).all():
        raise refusal(path, Reason.INFER_NONFINITE, "class_mean_moves must be finite")
    if manifest.quarantine_end < max(manifest.train_end, manifest.valid_end) + QUARANTINE:
        raise refusal(path, Reason.FEAT_SCHEMA, "quarantine_end is under 30 days after the data")
    if datetime.fromtimestamp(now / 1e9, UTC) < manifest.quarantine_end:
        why = f"in quarantine until {manifest.quarantine_end:%Y-%m-%d}: it saw too recent data"
        raise refusal(path, Reason.FEAT_SCHEMA, why)


def check_bytes(path: Path, graph: bytes, manifest: Manifest) -> None:
    try:
        opset, external = onnx_wire.opset(graph), onnx_wire.external(graph)
    except ValueError as error:
        raise refusal(path, Reason.INFER_MODEL_HASH, f"not an ONNX model: {error}") from None
    if opset not in OPSETS or opset != manifest.opset:
        why = f"opset {opset}: must be {OPSETS[0]} to {OPSETS[-1]} and the manifest's"
        raise refusal(path, Reason.INFER_MODEL_HASH, why)
    if external:
        raise refusal(path, Reason.INFER_MODEL_HASH, "keeps numbers in another file")


def start(path: Path, graph: bytes) -> Any:
    """A session on one core. The runtime reports home unless told not to before its import."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # our own line says it
    try:
        return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except runtime_errors() as error:
        why = f"the runtime refuses it: {str(error).splitlines()[0]}"
        raise refusal(path, Reason.INFER_ERROR, why) from None


def runtime_errors() -> tuple[type[Exception], ...]:
    """What onnxruntime raises: classes without a base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = (
        "EPFail", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoModel",
        "NotImplemented", "RuntimeException",
    )  # fmt: skip
    return tuple(getattr(state, name) for name in names)


def check_contract(path: Path, session: Any, manifest: Manifest) -> None:
    """One input `features`, (batch, n) or (batch, seconds, n), and one output `logits` (batch, 3):
    float32, any batch."""
    ports = [
        [(port.name, port.type, *("any" if isinstance(n, str) else n for n in port.shape))
         for port in side] for side in (session.get_inputs(), session.get_outputs())
    ]  # fmt: skip
    wanted = [
        [("features", "tensor(float)", "any", *shape(manifest))],
        [("logits", "tensor(float)", "any", 3)],
    ]
    if ports != wanted:
        raise refusal(path, Reason.FEAT_SCHEMA, f"input and output are {ports}, not {wanted}")


def shape(manifest: Manifest) -> tuple[int, ...]:
    """Of what the model sees at once."""
    width = manifest.n_features
    return (width,) if manifest.seq_len == 1 else (manifest.seq_len, width)


def bind(session: Any, seen: tuple[int, ...]) -> tuple[Callable[[Asked], Logits], Any]:
    """The two ways to ask: one row, in buffers that are bound once, or a matrix."""
    row, logits = np.zeros((1, *seen), np.float32), np.zeros((1, 3), np.float32)
    bound, failures = session.io_binding(), runtime_errors()
    bound.bind_input("features", "cpu", 0, np.float32, row.shape, row.ctypes.data)
    bound.bind_output("logits", "cpu", 0, np.float32, logits.shape, logits.ctypes.data)

    def predict(values: Asked) -> Logits:
        row[0] = values
        try:
            session.run_with_iobinding(bound)
        except failures as error:
            raise RuntimeError(str(error).splitlines()[0]) from None
        down, flat, up = logits[0].tolist()
        return down, flat, up

    def predict_many(matrix: np.ndarray) -> np.ndarray:
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        answers: np.ndarray = session.run(["logits"], {"features": rows})[0]
        return answers

    return predict, predict_many
