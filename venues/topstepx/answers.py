"""What a REST call can come back with: the whole answer, a structured no, or nothing usable."""

from email.utils import parsedate_to_datetime
from typing import TypeVar

import aiohttp
import msgspec

from venues.base import Limited, Unauthorised, Unreachable
from venues.topstepx.signalr import UNREADABLE, plain, refuse_doubles
from venues.topstepx.wire import Envelope, secrets_in

Shape = TypeVar("Shape", bound=Envelope)

ANSWER_BYTES_MAX = 1 << 20


class Refused(Unreachable):
    """A structured no: nothing at the venue has changed."""

    def __init__(self, path: str, code: int, text: str) -> None:
        super().__init__(f"{path}: code {code}: {text or 'no text'}")
        self.code, self.text = code, text


class LoginRefused(Unauthorised):
    """The gateway does not want us."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


class Missing(Unreachable):
    """The deployment does not know this path."""


class Failed(Exception):
    """One try without a usable answer."""

    def __init__(self, why: str, status: int = 0, sent: bool = True, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.status, self.sent, self.wait_s = status, sent, wait_s

    @property
    def unauthorised(self) -> bool:
        return self.status in (401, 403)


def decode(path: str, raw: bytes, shape: type[Shape]) -> Shape:
    """The answer in full. Raises Refused, or Failed for whatever is not a whole answer."""
    try:
        refuse_doubles(raw)
        envelope = msgspec.json.decode(raw, type=Envelope)
        if envelope.success and envelope.error_code == 0:
            return msgspec.json.decode(raw, type=shape, dec_hook=secrets_in)
    except UNREADABLE as error:
        why = f"unreadable answer: {plain(str(error))}"
    else:
        if not envelope.success and envelope.error_code != 0:
            raise Refused(path, envelope.error_code, plain(envelope.error_message or ""))
        why = f"success {envelope.success} with code {envelope.error_code}"
    del raw  # a login's answer holds a token, and tracebacks may show what a frame holds
    raise Failed(why, status=200)


def skew_s(date: str, now: float) -> float | None:
    """Theirs less ours. The header is cut to whole seconds, so half of one is added back."""
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - now
    except (ValueError, TypeError, OverflowError):
        return None


async def whole(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        raw += chunk
        if len(raw) > ANSWER_BYTES_MAX:
            raise Failed(f"answer of more than {ANSWER_BYTES_MAX} bytes", status=413)
    return bytes(raw)


def unreachable(path: str, failed: Failed) -> Unreachable:
    kinds = {401: Unauthorised, 403: Unauthorised, 429: Limited}
    return kinds.get(failed.status, Unreachable)(f"{path}: {failed}")
