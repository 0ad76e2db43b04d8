"""The gateway's REST calls. Queries may be repeated, orders never.

`query` answers or raises Unreachable. `command` answers, or raises Unreachable when nothing can
have been sent, Refused on a structured no, and Unknown whenever the request may have arrived.
"""

import asyncio
from time import monotonic, time
from typing import TypeVar

import aiohttp

from core.config import Venue
from core.secret import Secret
from venues.base import Limited, Unknown, Unreachable
from venues.throttle import Throttle
from venues.topstepx.answers import (
    Failed,
    Missing,
    Refused,
    decode,
    skew_s,
    unreachable,
    whole,
)
from venues.topstepx.backoff import Door, jitter_s
from venues.topstepx.credentials import Credentials
from venues.topstepx.wire import Envelope, Login, Validated, encode, life_s

Shape = TypeVar("Shape", bound=Envelope)

CALLS_WINDOW_S, BARS_WINDOW_S = 60.0, 30.0
KEPT_S = 15.0  # aiohttp leaves a connection that nothing uses open for the next call
BARS = "History/retrieveBars"
REPEATABLE = {0, 200, 408, 429, 500, 502, 503, 504}  # 0: no status at all; 200: unreadable
# Codes of a refusal that leave open whether something was done: pending, and unknown error.
OPEN_CODES = {
    "Order/place": {6, 7},
    "Order/cancel": {4, 5},
    "Order/modify": {4, 5},
    "Position/closeContract": {6, 7},
    "Position/partialCloseContract": {7, 8},
}


class Rest:
    def __init__(self, venue: Venue, credentials: Credentials) -> None:
        self._venue, self._credentials = venue, credentials
        # A call reaches the gateway somewhere between its start and its time limit, so that two
        # which we see one window apart may be seen closer there by that limit.
        slack = venue.request_timeout_s
        self._calls = Throttle(venue.requests_max, CALLS_WINDOW_S + slack, venue.reserve)
        self._bars = Throttle(venue.bars_max, BARS_WINDOW_S + slack)
        self._answered: set[str] = set()  # queries that the deployment knows
        self._token: Secret | None = None
        self._renew_at = self._dead_at = 0.0
        self.skew_s: float | None = None  # the gateway's clock is so far ahead of ours
        self._login, self._door = asyncio.Lock(), Door(venue)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # whether each call connects anew
        self._doubted_until = 0.0

    @property
    def http(self) -> aiohttp.ClientSession:
        """After a call without an answer all connections left open may be as dead: each call
        has one of its own until they have ended."""
        anew = monotonic() < self._doubted_until
        if anew not in self._sessions:  # made at its first use, since it needs a running loop
            limit_s = self._venue.request_timeout_s
            self._sessions[anew] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=anew),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # none is asked for: a compressed answer may be a bomb
                headers={"Accept-Encoding": "identity", "Content-Type": "application/json"},
                # The time to connect ends first: then it is certain that nothing was sent.
                timeout=aiohttp.ClientTimeout(total=limit_s, connect=limit_s / 2),
            )
        return self._sessions[anew]

    async def close(self) -> None:
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def token(self, urgent: bool = False) -> Secret:
        """A token that is good for a while, renewed when it is not. Raises Unreachable. What is
        urgent waits for no renewal while the old one lives: the next query has it done."""
        if urgent and self._token is not None and monotonic() < self._dead_at:
            return self._token
        if urgent:
            self._door.open()
        async with self._login:
            if self._token is None or monotonic() >= self._renew_at:
                await self._renew()
            assert self._token is not None
            return self._token

    def forget(self, token: Secret) -> None:
        """The gateway does not know this token any more."""
        if token is self._token:
            self._token = None

    def doubt(self, token: Secret) -> None:
        """Its session was ended: have a new one before the next query. What is urgent may try it
        until then."""
        if token is self._token:
            self._renew_at = 0.0

    async def query(self, path: str, body: object, shape: type[Shape]) -> Shape:
        """Missing is said of a path that was never answered only: else it is a fault like others"""
        for again in (True, False):
            try:
                answer = await self._read(path, body, shape)
            except Failed as error:
                failed = error
            else:
                self._answered.add(path)
                return answer
            if not failed.unauthorised or not again:
                break  # else `_read` has forgotten the token: the second try logs in again
        if failed.status == 404 and path not in self._answered:
            raise Missing(f"{path}: {failed}")
        raise unreachable(path, failed)

    async def command(
        self, path: str, body: object, shape: type[Shape], urgent: bool = False
    ) -> Shape:
        token = await self.token(urgent)
        while wait_s := self._calls.take(monotonic(), urgent):
            if not urgent:
                raise Limited(f"{path}: not sent: our own budget of calls is used up")
            await asyncio.sleep(wait_s)
        try:
            return decode(path, await self._send(path, body, token), shape)
        except Failed as failed:
            if failed.unauthorised:
                self.forget(token)
            if not failed.sent:
                raise Unreachable(f"{path}: not sent: {failed}") from None
            raise Unknown(f"{path}: {failed}") from None
        except Refused as refused:
            if refused.code in OPEN_CODES.get(path, ()):
                raise Unknown(str(refused)) from None
            raise

    async def _read(
        self, path: str, body: object, shape: type[Shape], login: bool = False
    ) -> Shape:
        """Try, and try again with full jitter, until there is an answer or no hope."""
        for tried in range(1, self._venue.read_tries + 1):
            token = None if login else await self.token()
            await self._admit(path, login)
            try:
                return decode(path, await self._send(path, body, token), shape)
            except Failed as error:
                failed = error
            if failed.unauthorised and token is not None:
                self.forget(token)
            if failed.status not in REPEATABLE or tried == self._venue.read_tries:
                break
            await asyncio.sleep(max(failed.wait_s, jitter_s(self._venue, tried)))
        raise failed

    async def _admit(self, path: str, urgent: bool) -> None:
        while wait_s := self._calls.take(monotonic(), urgent):
            await asyncio.sleep(wait_s)
        while path == BARS and (wait_s := self._bars.take(monotonic())):
            await asyncio.sleep(wait_s)

    async def _send(self, path: str, body: object, token: Secret | None) -> bytes:
        """One request, one body of a 200. aiohttp's errors hold our headers: none gets out."""
        try:
            async with self.http.post(
                f"{self._venue.rest_url.rstrip('/')}/api/{path}",
                data=encode(body),
                headers={"Authorization": f"Bearer {token.reveal()}"} if token else {},
                allow_redirects=False,
            ) as answer:
                self._hear_clock(answer)
                if answer.status == 200:
                    return await whole(answer)
                failed = Failed(
                    f"HTTP {answer.status}", answer.status, wait_s=self._retry_after(answer)
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failed = Failed(f"no connection: {type(error).__name__}", sent=False)
        except TimeoutError:
            self._doubted_until = monotonic() + KEPT_S
            failed = Failed(f"no answer within {self._venue.request_timeout_s:g} s")
        except (aiohttp.ClientError, OSError) as error:
            failed = Failed(f"answer lost: {type(error).__name__}")
        raise failed

    def _hear_clock(self, answer: aiohttp.ClientResponse) -> None:
        told = skew_s(answer.headers.get("Date", ""), time())
        self.skew_s = self.skew_s if told is None else told

    def _retry_after(self, answer: aiohttp.ClientResponse) -> float:
        text = answer.headers.get("Retry-After", "")
        return min(float(text), self._venue.backoff_max_s) if text.isdecimal() else 0.0

    async def _renew(self) -> None:
        """A token that cannot be renewed now serves as long as it lives: an exit may need it."""
        try:
            new = await self._renewed()
        except Failed as failed:
            if not failed.unauthorised and monotonic() < self._dead_at:
                self._renew_at = min(self._dead_at, monotonic() + self._venue.backoff_max_s)
                return
            new = None
        self._keep(new or await self._logged_in())

    async def _renewed(self) -> Secret | None:
        """The old token exchanged for a new one; None when there is none or it is not taken."""
        if self._token is None:
            return None
        await self._admit("Auth/validate", urgent=True)
        try:
            raw = await self._send("Auth/validate", {}, self._token)
            return decode("Auth/validate", raw, Validated).new_token
        except Refused:
            return None

    async def _logged_in(self) -> Secret:
        path, who = "Auth/loginKey", self._credentials
        body = {"userName": who.username, "apiKey": who.api_key}
        self._door.knock()
        try:
            token = (await self._read(path, body, Login, login=True)).token
        except Failed as failed:
            raise unreachable(path, failed) from None
        except Refused as refused:
            raise self._door.refused(refused) from None
        self._door.entered()
        return token

    def _keep(self, token: Secret) -> None:
        """Renew early, but never sooner than half its life: a short-lived token must not spin."""
        life = life_s(token, time())
        self._token = token
        early = self._venue.token_early_s
        self._dead_at = monotonic() + (life or float("inf"))
        self._renew_at = monotonic() + (max(life - early, life / 2) if life else float("inf"))
