"""One line of the log: a message in, bytes that prove themselves out, and back.

    {"v":1,"seq":7,"prev":"9f3c01aa",...,"kind":"Hold","class":"G","msg":{...},"crc":"5e1b77d0"}\n

The last 19 bytes are always `,"crc":"xxxxxxxx"}\n`: CRC-32 of all bytes before them, as 8
lower-case hex digits that are compared as bytes. ASCII, at most 64 KiB, finite numbers only.
"""

import json
import math
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct, field

from core.errors import LogError
from core.messages import DURABLE, LOGGED, LOSSY, Logged, Message, Record
from core.reasons import Reason

VERSION = 1
LINE_MAX = 64 * 1024
GENESIS = "00000000"  # `prev` of the first record of all
_BLANK = len(',"crc":"00000000"}')  # the tail of an encoded Line, without its newline
_TAIL = _BLANK + 1

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


# What the JSON of a number that is not finite looks like: without it there is nothing to refuse.
_SUSPECT: dict[type, tuple[bytes, ...]] = {
    kind: (b"null",) * (float in _holds(kind)) + (b"NaN", b"Infinity") * (Decimal in _holds(kind))
    for kind in LOGGED
}


class Line(Struct, frozen=True):
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


def encode(record: Record, prev: str, ns: int, run: str) -> tuple[bytes, str]:
    """The line and its crc. Raises LogError for what no log could give back unchanged."""
    message: Any = record.message  # checked to be one of Logged by the table
    kind = type(message)
    cls = CLASS.get(kind)
    if cls is None:
        raise LogError(f"{kind.__name__} is not logged: it belongs on the tape")
    line = Line(
        VERSION, record.seq, prev, stamp(ns), run, record.actor, record.cause,
        kind.__name__, message.reason, cls, message,
    )  # fmt: skip
    try:
        body = _encoder.encode(line)[:-_BLANK]
    except UnicodeEncodeError as error:
        raise LogError(f"{line.kind} holds text that is not Unicode: {error}") from None
    for suspect in _SUSPECT[kind]:
        if suspect in body:
            _refuse_nonfinite(message)
    if not body.isascii():
        body = _escape(body)
    if len(body) + _TAIL > LINE_MAX:
        raise LogError(f"{line.kind} of {len(body) + _TAIL} bytes: a line has {LINE_MAX} at most")
    crc = "%08x" % zlib.crc32(body)  # noqa: UP031  twice as fast as an f-string
    return b'%b,"crc":"%b"}\n' % (body, crc.encode()), crc


def _refuse_nonfinite(message: Message) -> None:
    """msgspec writes null for a NaN, which reads back as nothing: refuse it at the door."""
    pending: list[object] = [message]
    while pending:
        value = pending.pop()
        if isinstance(value, Struct):
            pending.extend(getattr(value, name) for name in value.__struct_fields__)
        elif isinstance(value, tuple):
            pending.extend(value)
        elif isinstance(value, float | Decimal) and not math.isfinite(value):
            raise LogError(
                f"{type(message).__name__} holds {value}: only finite numbers are logged"
            )


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
    except msgspec.DecodeError as error:
        raise LogError(_too_new(raw) or f"not a record: {error}") from None
    if not 1 <= line.v <= VERSION:
        raise LogError(_too_new(raw) or f"version {line.v} does not exist")
    return line


def _too_new(raw: bytes) -> str | None:
    try:
        head = _head.decode(raw)
    except msgspec.DecodeError:
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
