"""One line of the log: a message in, bytes that prove themselves out, and back.

    {"v":1,"seq":7,"prev":"9f3c01aa",...,"kind":"Hold","class":"G","msg":{...},"crc":"5e1b77d0"}\n

The last 19 bytes are always `,"crc":"xxxxxxxx"}\n`: CRC-32 of all bytes before them, as 8
lower-case hex digits that are compared as bytes. ASCII, at most 64 KiB, finite numbers only.
"""

import json
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import Struct, field

from core.errors import LogError
from core.messages import DURABLE, LOGGED, LOSSY, Logged, Message, Record
from core.reasons import Reason

VERSION = 1
LINE_MAX = 64 * 1024
GENESIS = "00000000"  # `prev` of the first record of all
UNREADABLE = (ValueError, RecursionError)  # all that decoding of damaged JSON raises
_TAIL = len(',"crc":"00000000"}\n')
# Bytes of a line besides its seq and the rest, of which the two braces stand in it.
_PLACE = len('{"v":1,"seq":,"prev":"00000000","ts":"2026-11-20T20:33:46.123456789Z",') - 2 + _TAIL

# What stands in `class`: D on disk before its effect, L may be lost, G one sync for a group.
CLASS: dict[type, str] = {
    kind: "D" if kind in DURABLE else "L" if kind in LOSSY else "G" for kind in LOGGED
}


def _holds(kind: Any) -> set[object]:
    """Every type that occurs in a value of this type."""
    parts = get_args(kind) or (
        get_type_hints(kind).values() if isinstance(kind, type) and issubclass(kind, Struct) else ()
    )
    return {kind}.union(*map(_holds, parts))


# Whether a number that is not finite may stand in it: a float as null, a Decimal by its name.
_SUSPECT: dict[type, tuple[bool, bool]] = {
    kind: (float in _holds(kind), Decimal in _holds(kind)) for kind in LOGGED
}


class Line(Struct, frozen=True, gc=False):
    """A record as it stands in the log."""

    v: int
    seq: int
    prev: str  # crc of the line before
    ts: str  # the clock when it was appended, UTC
    run: str
    actor: str
    cause: int | None
    kind: str
    reason: Reason
    cls: str = field(name="class")
    message: Logged = field(name="msg")
    crc: str = GENESIS

    @property
    def record(self) -> Record:
        return Record(self.seq, self.actor, self.cause, self.message)

    @property
    def ns(self) -> int:
        """`ts` as UTC nanoseconds."""
        seconds = int(datetime.fromisoformat(f"{self.ts[:19]}+00:00").timestamp())
        return seconds * 1_000_000_000 + int(self.ts[20:29])


class _Rest(Struct, frozen=True):
    """The part of a line that does not depend on its place in the log."""

    run: str
    actor: str
    cause: int | None
    kind: str
    reason: Reason
    cls: str = field(name="class")
    message: Any = field(name="msg")


class Draft(NamedTuple):
    """A line without what only its place in the log tells: `prev`, and so its crc."""

    seq: int
    ns: int
    body: bytes
    message: Any
    size: int  # bytes of the whole line


class _Head(Struct):
    """What every version of a line has: enough to say why it cannot be read."""

    v: int
    kind: str


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(Line)
_head = msgspec.json.Decoder(_Head)


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def stamp(ns: int) -> str:
    """UTC nanoseconds as text: 2026-11-20T20:33:46.123456789Z."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest:09d}Z"


def draft(record: Record, ns: int, run: str) -> Draft:
    """All of a line but what its place tells. Raises LogError for what no log gives back unchanged.

    ns: the clock now.
    """
    message: Any = record.message  # checked to be one of Logged by the table
    kind = type(message)
    cls = CLASS.get(kind)
    if cls is None:
        raise LogError(f"{kind.__name__} is not logged: it belongs on the tape")
    rest = _Rest(run, record.actor, record.cause, kind.__name__, message.reason, cls, message)
    try:
        body = _encoder.encode(rest)
    except UnicodeEncodeError as error:
        raise LogError(f"{kind.__name__} holds text that is not Unicode: {error}") from None
    floats, decimals = _SUSPECT[kind]
    if (floats and body.count(b"null") > (record.cause is None)) or (
        decimals and (b"NaN" in body or b"Infinity" in body)
    ):
        _refuse_nonfinite(message)
    if not body.isascii():
        body = _escape(body)
    size = len(body) + len(str(record.seq)) + _PLACE
    if size > LINE_MAX:
        raise LogError(f"{kind.__name__} of {size} bytes: a line has {LINE_MAX} at most")
    return Draft(record.seq, ns, body, message, size)


def seal(made: Draft, prev: str) -> tuple[bytes, str]:
    """The line and its crc."""
    seconds, rest = divmod(made.ns, 1_000_000_000)
    body = b'{"v":%d,"seq":%d,"prev":"%b","ts":"%b.%09dZ",%b' % (
        VERSION, made.seq, prev.encode(), _second(seconds).encode(), rest, made.body[1:-1],
    )  # fmt: skip
    crc = b"%08x" % zlib.crc32(body)
    return b'%b,"crc":"%b"}\n' % (body, crc), crc.decode()


def encode(record: Record, prev: str, ns: int, run: str) -> tuple[bytes, str]:
    """The line and its crc, at once. Raises LogError as `draft` does."""
    return seal(draft(record, ns, run), prev)


def _refuse_nonfinite(message: Message) -> None:
    """msgspec writes null for a NaN, which reads back as nothing: refuse it at the door."""
    pending: list[object] = [message]
    while pending:
        value = pending.pop()
        match value:
            case Struct():
                pending.extend(getattr(value, name) for name in value.__struct_fields__)
            case tuple():
                pending.extend(value)
            case float() | Decimal() if not Decimal(value).is_finite():
                kind = type(message).__name__
                raise LogError(f"{kind} holds {value}: only finite numbers are logged")


def _escape(body: bytes) -> bytes:
    """Outside ASCII there are only letters of strings: write them as JSON escapes."""
    text = re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], body.decode())
    return text.encode()


def is_true(raw: bytes) -> bool:
    """Whether the line is whole and its crc holds."""
    return raw.endswith(b',"crc":"%08x"}\n' % zlib.crc32(raw[:-_TAIL]))


def decode(raw: bytes) -> Line:
    """A line whose crc holds. Raises LogError when this program is too old to read it."""
    try:
        line = _decoder.decode(raw)
    except UNREADABLE as error:
        raise LogError(_too_new(raw) or f"not a record: {error}") from None
    if not 1 <= line.v <= VERSION:
        raise LogError(_too_new(raw) or f"version {line.v} does not exist")
    return line


def _too_new(raw: bytes) -> str | None:
    try:
        head = _head.decode(raw)
    except UNREADABLE:
        return None
    if head.v > VERSION:
        return f"version {head.v} is newer than this program's {VERSION}: use a newer program"
    if head.kind not in {kind.__name__ for kind in LOGGED}:
        return f"kind {head.kind} is unknown to this program: use the one that wrote it"
    return None


def holds_record(chunks: Iterable[bytes]) -> bool:
    """Whether a true line stands anywhere in these bytes, split after each newline.

    Looks inside of a chunk too: a lost newline glues a true line to the damage before it.
    """
    return any(
        is_true(chunk[found.start() :])
        for chunk in chunks
        for found in re.finditer(rb'\{"v":', chunk)
    )
