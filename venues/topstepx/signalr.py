"""SignalR's JSON hub protocol, pure: bytes in, records out; calls in, text out.

A record is UTF-8 JSON before byte 0x1E. What cannot be one raises `Malformed` and nothing else.
"""

import json
from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct
from signalrcore.messages.handshake.response import HandshakeResponseMessage
from signalrcore.messages.invocation_message import InvocationMessage
from signalrcore.messages.message_type import MessageType
from signalrcore.messages.ping_message import PingMessage
from signalrcore.protocol.json_hub_protocol import JsonHubProtocol

SEPARATOR = b"\x1e"
RECORD_BYTES_MAX = 256 << 10
RECORDS_MAX = 10_000  # in one frame
KEYS_MAX = 50_000  # in one record or answer, and colons of its texts
UNREADABLE = (ValueError, RecursionError)  # all that decoding of hostile JSON raises

INVOCATION = MessageType.invocation.value
COMPLETION = MessageType.completion.value
PING = MessageType.ping.value
CLOSE = MessageType.close.value

_PROTOCOL = JsonHubProtocol(version=1)


class Malformed(Exception):
    """Not a record of this protocol."""


class Record(Struct, frozen=True, rename="camel"):
    """One record. Arguments stay undecoded until someone knows their shape."""

    type: int
    target: str = ""
    arguments: tuple[Raw, ...] = ()
    invocation_id: str | None = None
    error: str | None = None


class _Greeting(Struct):
    error: str | None = None


_record = msgspec.json.Decoder(Record)
_greeting = msgspec.json.Decoder(_Greeting)


class Splitter:
    """Puts fragments together and cuts them at the separators."""

    def __init__(self, limit: int = RECORD_BYTES_MAX) -> None:
        self._limit = limit
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        """The records that `chunk` completes, in order. Raises Malformed for too much."""
        if chunk.count(SEPARATOR) > RECORDS_MAX:
            raise Malformed(f"a frame of more than {RECORDS_MAX} records")
        *whole, rest = chunk.split(SEPARATOR)
        if whole:
            whole[0] = bytes(self._rest) + whole[0]
            self._rest.clear()
        self._rest += rest
        if max(len(self._rest), *map(len, whole), 0) > self._limit:
            raise Malformed(f"a record of more than {self._limit} bytes")
        return whole


def decode(raw: bytes) -> Record:
    try:
        record = _record.decode(raw)
        if raw.count(b'"target"') > 1 or raw.count(b'"arguments"') > 1:
            refuse_doubles(raw)
        return record
    except UNREADABLE as error:
        why = f"unreadable record: {plain(str(error))}"
    raise Malformed(why)


def check_keys(raw: bytes, keys: Sequence[bytes], rows: int = 1) -> None:
    """Raises ValueError where an object names a key twice: that can be read in two ways.

    Looks closely only where it may be so: a key stands more often than there are rows, or escaped.
    """
    if b"\\" not in raw:
        for key in keys:
            if raw.count(key) > rows:
                break
        else:
            return
    refuse_doubles(raw)


def refuse_doubles(raw: bytes) -> None:
    """Raises ValueError where any object names a key twice."""
    if raw.count(b":") > KEYS_MAX:
        raise ValueError(f"more than {KEYS_MAX} keys")
    _strict.decode(raw.decode())


def _single(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")


# Objects become None at once, and numbers their length: nothing of the text is kept.
_strict = json.JSONDecoder(
    object_pairs_hook=_single, parse_int=len, parse_float=len, parse_constant=len
)


def greeting(raw: bytes) -> HandshakeResponseMessage:
    """The server's answer to `HANDSHAKE`; its `error` is None when we are welcome."""
    try:
        return HandshakeResponseMessage(_greeting.decode(raw).error)
    except UNREADABLE as error:
        why = f"unreadable handshake: {plain(str(error))}"
    raise Malformed(why)


def invocation(number: str, target: str, arguments: Sequence[object]) -> str:
    message = InvocationMessage(number, target, list(arguments), headers={})
    return str(_PROTOCOL.encode(message))


def plain(text: str, limit: int = 200) -> str:
    """Foreign text, safe for one line of a log: ASCII, escaped, cut."""
    return ascii(text)[1:-1][:limit]


HANDSHAKE: str = _PROTOCOL.encode(_PROTOCOL.handshake_message())
KEEP_ALIVE: str = _PROTOCOL.encode(PingMessage())
