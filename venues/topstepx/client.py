"""TopstepX as a venue: orders over REST, news over two hubs that are kept up for as long as we run.

Messages about an answer are stamped with the clock at its receipt; a snapshot with the time at
which it was asked for, since nothing later is promised to be in it.
"""

from collections.abc import Callable
from decimal import Decimal

from core import config
from core.errors import ConfigError
from core.instruments import Instrument
from core.messages import (
    AccountSnapshot,
    CancelOrder,
    CloseAccepted,
    ClosePosition,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderReplaced,
    PlaceOrder,
)
from core.reasons import Reason
from core.terms import Purpose, Request, Status
from venues.base import Late, Post
from venues.topstepx import account
from venues.topstepx.answers import LoginRefused, Refused
from venues.topstepx.credentials import API_KEY, USERNAME, Credentials
from venues.topstepx.links import Links
from venues.topstepx.protocol import SIDE_OUT, TYPE_OUT
from venues.topstepx.rest import Rest
from venues.topstepx.translate import Market, User
from venues.topstepx.wire import Envelope, Placed, money

LOGIN_UNKNOWN_ERROR = 8  # of Auth/loginKey: not our fault
STOP_LEG, TARGET_LEG = 4, 1  # order types of a bracket's legs


class TopstepX:
    def __init__(
        self,
        venue: config.Venue,
        instrument: Instrument,
        credentials: Credentials,
        clock: Callable[[], int],
        stale_s: float,
        in_session: Callable[[], bool] = lambda: True,
    ) -> None:
        self._venue, self._instrument, self._clock = venue, instrument, clock
        self._stale_s, self._in_session = stale_s, in_session
        self._rest = Rest(venue, credentials)
        self.account_id = 0
        self.contract_id = ""
        self.balance = Decimal(0)
        self.can_trade = True

    async def open(self) -> None:
        try:
            await self._rest.token()
        except LoginRefused as refused:
            if refused.code == LOGIN_UNKNOWN_ERROR:
                raise
            raise ConfigError(f"{refused}: mend {USERNAME} or {API_KEY}") from None
        row = await account.find_account(self._rest, self._venue)
        contract = await account.find_contract(self._rest, self._venue, self._instrument)
        self.account_id, self.contract_id = row.id, contract.id
        self.balance, self.can_trade = money(row.balance), row.can_trade
        self._user = User(self.account_id, self.contract_id)
        self._links = Links(
            self._venue, self._rest, Market(self.contract_id), self._user, self._clock,
            self._stale_s, self._in_session,
        )  # fmt: skip

    async def close(self) -> None:
        await self._rest.close()

    async def run(self, post: Post) -> None:
        await self._links.run(post)

    async def ready(self) -> None:
        await self._rest.token()

    async def place(self, order: PlaceOrder, at: int) -> list[Message]:
        body = {
            "accountId": self.account_id,
            "contractId": self.contract_id,
            "type": TYPE_OUT[order.type],
            "side": SIDE_OUT[order.side],
            "size": order.size,
            "limitPrice": order.limit_price,
            "stopPrice": order.stop_price,
            "customTag": order.tag,
        } | brackets(order)
        urgent = order.purpose is not Purpose.ENTRY
        await self._rest.token(urgent)  # which may mean a login, and that may take its time
        if not urgent and 0 < order.expires_at < self._clock():
            raise Late(f"{order.tag}: not sent: too old after the login")
        try:
            placed = await self._rest.command("Order/place", body, Placed, urgent)
        except Refused as refused:
            return [self._rejected(order.tag, Request.PLACE, refused)]
        self._user.tags.keep(placed.order_id, order.tag)
        return [OrderAccepted(self._clock(), order.tag, placed.order_id, Status.PENDING)]

    async def cancel(self, order: CancelOrder, at: int) -> list[Message]:
        body = {"accountId": self.account_id, "orderId": order.venue_id}
        try:
            await self._rest.command("Order/cancel", body, Envelope, urgent=True)
        except Refused as refused:
            return [self._rejected(order.tag, Request.CANCEL, refused)]
        return [OrderCancelled(self._clock(), order.tag, order.venue_id)]

    async def modify(self, order: ModifyOrder, at: int) -> list[Message]:
        terms = {
            "size": order.size,
            "limitPrice": order.limit_price,
            "stopPrice": order.stop_price,
        }
        given = {name: term for name, term in terms.items() if term is not None}
        body = {"accountId": self.account_id, "orderId": order.venue_id} | given
        try:
            await self._rest.command("Order/modify", body, Envelope, urgent=True)
        except Refused as refused:
            return [self._rejected(order.tag, Request.MODIFY, refused)]
        return [OrderReplaced(self._clock(), order.tag, order.venue_id)]

    async def close_position(self, order: ClosePosition, at: int) -> list[Message]:
        body: dict[str, object] = {"accountId": self.account_id, "contractId": self.contract_id}
        path = "Position/closeContract"
        if order.size:
            path, body = "Position/partialCloseContract", body | {"size": order.size}
        try:
            await self._rest.command(path, body, Envelope, urgent=True)
        except Refused as refused:
            return [self._rejected(order.tag, Request.CLOSE, refused)]
        return [CloseAccepted(self._clock(), order.tag)]

    async def snapshot(self, since: int, at: int, day: int = 0) -> AccountSnapshot:
        key = (self.account_id, self.contract_id)
        return await account.snapshot(self._rest, key, since, at, self._user.tags, day)

    def _rejected(self, tag: str, request: Request, refused: Refused) -> OrderRejected:
        place = request is Request.PLACE
        reason = Reason.ORD_REJECTED if place else Reason.ORD_CANCEL_REJECTED
        return OrderRejected(self._clock(), tag, request, refused.code, refused.text, reason)


def brackets(order: PlaceOrder) -> dict[str, object]:
    """Offsets from the fill are signed: the stop of a long lies below it, its target above."""
    legs: dict[str, object] = {}
    if not order.bracket:
        return legs
    if order.stop_ticks:
        legs["stopLossBracket"] = {"ticks": -order.side * order.stop_ticks, "type": STOP_LEG}
    if order.target_ticks:
        legs["takeProfitBracket"] = {"ticks": order.side * order.target_ticks, "type": TARGET_LEG}
    return legs
