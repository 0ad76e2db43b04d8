"""One disposable connection to a hub: greet, subscribe, read, keep alive. It ends by `Lost`.

Owned by one task. Nothing is repaired here: whoever loses a connection builds a new one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from math import inf
from time import monotonic

import aiohttp

from core.config import Venue
from core.reasons import Reason
from core.secret import Secret
from venues.topstepx import signalr
from venues.topstepx.signalr import Malformed, Record, plain

Call = tuple[str, tuple[object, ...]]  # method of the hub and its arguments
Batch = tuple[int, list[Record]]  # clock at receipt, and the records of one frame

FRAME_BYTES_MAX = 1 << 20
# What may arrive before the subscriptions are confirmed.
PENDING_MAX = 10_000  # records
PENDING_BYTES_MAX = 4 << 20
CLOSE_S = 0.5


class Lost(Exception):
    """The connection is of no more use."""

    def __init__(self, why: str, reason: Reason = Reason.DATA_LINK_DOWN) -> None:
        super().__init__(why)
        self.reason = reason


class Unauthorised(Lost):
    """The hub does not know our token."""


class Connection:
    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse[bool],
        venue: Venue,
        clock: Callable[[], int],
        stale_s: float = inf,
        in_session: Callable[[], bool] = lambda: True,
    ) -> None:
        self._socket, self._venue, self._clock = socket, venue, clock
        self._stale_s, self._in_session = stale_s, in_session
        self._splitter = signalr.Splitter()
        self._early: deque[Batch] = deque()
        self._bytes = 0  # read so far
        now = monotonic()
        self._ping_at, self._silent_at = now + venue.ping_s, now + venue.silence_s
        self._stale_at = now + stale_s

    async def greet(self) -> None:
        """Shake hands; records in the same frame are kept."""
        await self._send(signalr.HANDSHAKE)
        whole: list[bytes] = []
        while not whole:
            whole = self._splitter.feed(await self._frame(self._venue.connect_timeout_s))
        if error := signalr.greeting(whole[0]).error:
            raise Lost(f"handshake refused: {plain(error)}")
        if rest := [signalr.decode(raw) for raw in whole[1:]]:
            self._early.append((self._clock(), rest))

    async def subscribe(self, calls: Sequence[Call]) -> None:
        """Make the calls and wait for each to be confirmed; records that come first are kept."""
        waiting = set()
        for number, (target, arguments) in enumerate(calls):
            waiting.add(str(number))
            await self._send(signalr.invocation(str(number), target, arguments))
        kept, count = list(self._early), 0
        self._early.clear()
        while waiting:
            received, records = await self.read()
            for record in records:
                if record.type == signalr.COMPLETION and record.invocation_id in waiting:
                    if record.error is not None:
                        raise Lost(f"subscription refused: {plain(record.error)}")
                    waiting.discard(record.invocation_id)
            count += len(records)
            if count > PENDING_MAX or self._bytes > PENDING_BYTES_MAX:
                raise Lost("subscriptions not confirmed")
            kept.append((received, records))
        self._early.extend(kept)

    async def read(self) -> Batch:
        """The records of the next frame. Sends pings and watches the age of what comes."""
        if self._early:
            return self._early.popleft()
        while True:
            try:
                whole = self._splitter.feed(await self._frame(await self._tend()))
                received = self._clock()
                records = [signalr.decode(raw) for raw in whole]
            except TimeoutError:
                continue
            if records:
                self._heard(records)
                return received, records

    async def _tend(self) -> float:
        """Do what is due; answer the seconds until something is."""
        now = monotonic()
        if now >= self._silent_at:
            raise Lost(f"silent for {self._venue.silence_s:g} s", Reason.DATA_STALE)
        if now >= self._stale_at:
            if self._in_session():
                raise Lost(f"no market data for {self._stale_s:g} s", Reason.DATA_STALE)
            self._stale_at = now + self._stale_s
        if now >= self._ping_at:
            self._ping_at = now + self._venue.ping_s
            await self._send(signalr.KEEP_ALIVE)
        return max(min(self._silent_at, self._stale_at, self._ping_at) - now, 0.001)

    def _heard(self, records: list[Record]) -> None:
        now = monotonic()
        self._silent_at = now + self._venue.silence_s
        for record in records:
            if record.type == signalr.INVOCATION:
                self._stale_at = now + self._stale_s
            elif record.type == signalr.CLOSE:
                raise Lost(f"closed by the hub: {plain(record.error or 'no reason given')}")

    async def _frame(self, timeout_s: float) -> bytes:
        # Not the time limit of `receive`: pings of the socket itself begin that anew.
        async with asyncio.timeout(timeout_s):
            try:
                frame = await self._socket.receive()
            except (aiohttp.ClientError, OSError) as error:  # a pong that nobody takes any more
                raise Lost(f"cannot read: {type(error).__name__}") from None
        match frame.type:
            case aiohttp.WSMsgType.TEXT:
                self._bytes += len(frame.data)
                return bytes(frame.data)
            case aiohttp.WSMsgType.BINARY:
                raise Malformed("a binary frame")
            case aiohttp.WSMsgType.ERROR:
                raise Malformed(f"a broken frame: {plain(str(frame.data))}")
        raise Lost(f"socket closed, code {self._socket.close_code}")

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._venue.connect_timeout_s):
                return await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            why = f"cannot send: {type(error).__name__}"
        raise Lost(why)


@asynccontextmanager
async def connect(
    http: aiohttp.ClientSession,
    url: str,
    token: Secret,
    calls: Sequence[Call],
    venue: Venue,
    clock: Callable[[], int],
    stale_s: float = inf,
    in_session: Callable[[], bool] = lambda: True,
) -> AsyncIterator[Connection]:
    """A connection with its subscriptions confirmed. Raises Lost, then and later."""
    socket = None
    try:
        async with asyncio.timeout(venue.connect_timeout_s):
            socket = await _upgrade(http, url, token)
            connection = Connection(socket, venue, clock, stale_s, in_session)
            await connection.greet()
            await connection.subscribe(calls)
        yield connection
        return
    except Malformed as error:
        lost = Lost(str(error), Reason.DATA_MALFORMED)
    except TimeoutError:
        lost = Lost(f"not subscribed within {venue.connect_timeout_s:g} s")
    finally:
        if socket is not None:
            await socket.close()
    raise lost


async def _upgrade(
    http: aiohttp.ClientSession, url: str, token: Secret
) -> aiohttp.ClientWebSocketResponse[bool]:
    # aiohttp's own errors carry the whole address and with it the token: none of them gets out.
    try:
        return await http.ws_connect(
            url,
            params={"access_token": token.reveal()},
            max_msg_size=FRAME_BYTES_MAX,
            decode_text=False,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
        )
    except aiohttp.WSServerHandshakeError as error:
        kind = Unauthorised if error.status in (401, 403) else Lost
        lost: Lost = kind(f"the hub answered HTTP {error.status}")
    except (aiohttp.ClientError, OSError) as error:
        lost = Lost(f"cannot connect: {type(error).__name__}")
    raise lost
