"""Both hubs kept up: connect, subscribe, tell what comes, and when a link is lost tell that too.

A link that comes up has missed something: who hears of it asks the venue for its whole truth.
"""

import asyncio
from collections.abc import Callable
from math import inf
from time import monotonic

import msgspec
from msgspec import Struct

from core.clock import SECOND
from core.config import Venue
from core.messages import Dropped, FeedState, Gap
from core.reasons import Reason
from venues.base import Post, Unreachable
from venues.topstepx import hub, signalr
from venues.topstepx.backoff import ceiling_s, jitter_s
from venues.topstepx.protocol import END_OF_TAPE, LOGOUT_EVENT
from venues.topstepx.rest import Rest
from venues.topstepx.signalr import Record, plain
from venues.topstepx.translate import Market, Refusal, User, told_by

DROPPED_EVERY_S = 1.0  # refused market events are reported together
GAP_EVERY = 100_000_000  # ns, or sooner in a new second; a refused trade is one the bars miss


class LoggedOut(hub.Lost):
    """The gateway has ended our session, perhaps by a login elsewhere: the token may still open
    a hub, only to be sent away again."""

    def __init__(self, record: Record) -> None:
        super().__init__(f"logged out by the hub: {plain(said(record)) or 'no reason given'}")


class EndOfTape(Exception):
    """The simulator has no more market to show."""


class Link(Struct, frozen=True):
    """One hub: where it is, what to subscribe to, and what its events mean."""

    name: str
    url: str
    calls: tuple[hub.Call, ...]
    read: Callable[[Record, int, Post], None]
    stale_s: float


class Links:
    def __init__(
        self,
        venue: Venue,
        rest: Rest,
        market: Market,
        user: User,
        clock: Callable[[], int],
        stale_s: float,
        in_session: Callable[[], bool],
    ) -> None:
        self._venue, self._rest, self._clock = venue, rest, clock
        self._market, self._user = market, user
        self._stale_s, self._in_session = stale_s, in_session
        self._refused: dict[Reason, tuple[int, str]] = {}
        self._report_at = 0.0
        self._gap_at = 0
        self._up: dict[str, float] = {}  # link -> when it came up, monotonic

    async def run(self, post: Post) -> None:
        own, contract = (self._user.account_id,), (self._user.contract_id,)
        user = Link(
            "user", self._venue.user_hub_url,
            (("SubscribeAccounts", ()), ("SubscribeOrders", own), ("SubscribePositions", own),
             ("SubscribeTrades", own)), self._read_user, inf,
        )  # fmt: skip
        market = Link(
            "market", self._venue.market_hub_url,
            (("SubscribeContractQuotes", contract), ("SubscribeContractTrades", contract)),
            self._read_market, self._stale_s,
        )  # fmt: skip
        async with asyncio.TaskGroup() as links:
            links.create_task(self._keep_up(user, post))
            links.create_task(self._keep_up(market, post))

    async def _keep_up(self, link: Link, post: Post) -> None:
        """Connect, read until lost, wait, again. Ends with the tape only."""
        tried = 0
        while True:
            try:
                await self._follow(link, post)
            except EndOfTape:
                why, reason = END_OF_TAPE, Reason.DATA_LINK_DOWN
            except hub.Lost as lost:
                why, reason = str(lost), lost.reason
            except Unreachable as error:
                why, reason = str(error), Reason.DATA_LINK_DOWN
            up_at = self._up.pop(link.name, None)
            if up_at is not None or not tried:
                post(FeedState(self._clock(), link.name, False, why, reason))
            if why == END_OF_TAPE:
                return
            # A connection that outlived the longest wait before it starts the count anew.
            lasted = up_at is not None and monotonic() - up_at > ceiling_s(self._venue, tried)
            tried = 1 if lasted else tried + 1
            await asyncio.sleep(jitter_s(self._venue, tried))

    async def _follow(self, link: Link, post: Post) -> None:
        token = await self._rest.token()
        try:
            async with hub.connect(
                self._rest.http, link.url, token, link.calls, self._venue, self._clock,
                link.stale_s, self._in_session,
            ) as connection:  # fmt: skip
                self._up[link.name] = monotonic()
                if link.name == "market":
                    self._market.restart()
                post(FeedState(self._clock(), link.name, True, "subscribed", Reason.DATA_LINK_UP))
                while True:
                    received, records = await connection.read()
                    for record in records:
                        if record.type == signalr.INVOCATION:
                            link.read(record, received, post)
        except hub.Unauthorised:
            self._rest.forget(token)
            raise
        except LoggedOut:
            self._rest.doubt(token)
            raise

    def _read_market(self, record: Record, received: int, post: Post) -> None:
        if record.target == LOGOUT_EVENT:
            raise EndOfTape if said(record) == END_OF_TAPE else LoggedOut(record)
        answer = self._market.on(record.target, record.arguments, received)
        if isinstance(answer, Refusal):
            count, example = self._refused.get(answer.reason, (0, answer.why))
            self._refused[answer.reason] = count + 1, example
            last = self._gap_at
            due = received - last >= GAP_EVERY or received // SECOND != last // SECOND
            missed = due and record.target == "GatewayTrade"
            if missed:
                self._gap_at = received
            answer = [Gap(received, received, answer.reason)] if missed else []
        for message in answer:
            post(message)
        if self._refused and monotonic() >= self._report_at:
            self._report_at = monotonic() + DROPPED_EVERY_S
            for reason, (count, example) in self._refused.items():
                post(Dropped(received, count, example, reason))
            self._refused.clear()

    def _read_user(self, record: Record, received: int, post: Post) -> None:
        if record.target == LOGOUT_EVENT and said(record) != END_OF_TAPE:
            raise LoggedOut(record)
        answer = self._user.on(record.target, record.arguments)
        if isinstance(answer, Refusal):
            # News of our own that we cannot read is news lost: only the venue's truth mends that,
            # and a link that comes up again is followed by a look at it.
            raise hub.Lost(f"{plain(record.target)}: {answer.why}", Reason.DATA_MALFORMED)
        for message in answer:
            post(told_by(message, received))


def said(record: Record) -> str:
    """The logout's argument, if it is a text."""
    try:
        return msgspec.json.decode(record.arguments[0], type=str)
    except (*signalr.UNREADABLE, IndexError):
        return ""
