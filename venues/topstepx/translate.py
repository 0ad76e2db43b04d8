"""The gateway's events and rows as the program's messages. Pure; a bad one becomes a `Refusal`.

Every function here answers with messages, or with one Refusal that names a reason: hostile input
raises nothing.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from core.clock import SECOND
from core.messages import (
    Fill,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    Quote,
    Trade,
)
from core.reasons import Reason
from core.terms import OrderType, Request, Status, VenueOrder
from venues.topstepx.protocol import SIDE_IN, STATUS_IN, TYPE_IN, nanoseconds
from venues.topstepx.signalr import UNREADABLE, check_keys, plain, refuse_doubles
from venues.topstepx.wire import OrderRow, PrintRow, QuoteRow, TradeRow, money

REFUSED_CODE = 2  # OrderRejected of Order/place: what an order event with status 5 stands for
AHEAD_MAX = 5 * SECOND  # of the venue's clock; the feed lets no entry through long before that
TAG_MAX = 64  # letters; ours are shorter, and a foreign one must not fill the log
QUOTE_KEYS = (b'"best',)  # begins both prices
PRINT_KEYS = (b'"price"', b'"volume"', b'"timestamp"', b'"type"')
JOIN = {6: OrderType.LIMIT, 7: OrderType.LIMIT}  # JoinBid and JoinAsk rest at a price


class Refusal(Struct, frozen=True):
    """An event we do not believe."""

    reason: Reason
    why: str


class Wrapped(Struct):
    """Live traffic wraps a user's row, the documentation does not."""

    data: Raw = Raw()


_text = msgspec.json.Decoder(str)
_quote = msgspec.json.Decoder(QuoteRow)
_prints = msgspec.json.Decoder(list[PrintRow] | PrintRow)
_wrapped = msgspec.json.Decoder(Wrapped)
_order = msgspec.json.Decoder(OrderRow)
_trade = msgspec.json.Decoder(TradeRow)


def refusal(error: Exception) -> Refusal:
    """Well-formed JSON with a wrong value is a bad value; all else is malformed."""
    bad = isinstance(error, msgspec.ValidationError)
    return Refusal(Reason.DATA_BAD_VALUE if bad else Reason.DATA_MALFORMED, plain(str(error)))


def moment(text: str | None) -> int:
    """A stamp as UTC ns. Raises ValueError when it is none or lies outside 1970-2262."""
    at = nanoseconds(text or "")
    if not 0 < at < 2**63:
        raise ValueError(f"a time outside all sense: {text}")
    return at


def told_by(message: Message, now: int) -> Message:
    """With the stamp of now if its own is of the future: whoever counts a time from that would
    wait until then, as an exit for its end."""
    return replace(message, at=now) if message.at > now + AHEAD_MAX else message


class Market:
    """The market hub's events of one contract; keeps the book that its quotes are changes of."""

    def __init__(self, contract_id: str) -> None:
        self._contract_id = contract_id
        self.restart()

    def restart(self) -> None:
        """Forget the book: changes were missed, so that no side of it may be believed."""
        self._bid: float | None = None
        self._ask: float | None = None

    def on(self, target: str, arguments: tuple[Raw, ...], received: int) -> list[Message] | Refusal:
        read = {"GatewayQuote": self._quote, "GatewayTrade": self._trades}.get(target)
        if read is None:
            return []
        try:
            contract, body = arguments
            return read(body, received) if _text.decode(contract) == self._contract_id else []
        except UNREADABLE as error:
            if target == "GatewayQuote":
                self.restart()
            return refusal(error)

    def _quote(self, body: Raw, received: int) -> list[Message]:
        row = _quote.decode(body)
        prices = (row.best_bid is not None) + (row.best_ask is not None)
        check_keys(bytes(body), QUOTE_KEYS, prices)
        if not prices:
            return []
        at = moment(row.timestamp or row.last_updated)
        was = self._bid, self._ask
        if row.best_bid is not None:
            self._bid = row.best_bid
        if row.best_ask is not None:
            self._ask = row.best_ask
        bid, ask = self._bid, self._ask
        if bid is None or ask is None or (bid, ask) == was:
            return []
        return [Quote(at, bid, ask, received=received)]

    def _trades(self, body: Raw, received: int) -> list[Message]:
        decoded = _prints.decode(body)
        rows = decoded if isinstance(decoded, list) else [decoded]
        check_keys(bytes(body), PRINT_KEYS, len(rows))
        return [
            Trade(moment(row.timestamp), row.price, row.volume, SIDE_IN.get(row.type, 0), received)
            for row in rows
        ]


class User:
    """The user hub's events of one account and contract; remembers whose order is whose."""

    def __init__(self, account_id: int, contract_id: str) -> None:
        self.account_id, self.contract_id = account_id, contract_id
        self.tags = Tags()

    def on(self, target: str, arguments: tuple[Raw, ...]) -> list[Message] | Refusal:
        if target not in ("GatewayUserOrder", "GatewayUserTrade"):
            return []
        try:
            (body,) = arguments
            refuse_doubles(bytes(body))
            wrapped = _wrapped.decode(body).data
            return self._row(target, wrapped if bytes(wrapped) else body)
        except UNREADABLE as error:
            return refusal(error)

    def _row(self, target: str, body: Raw) -> list[Message]:
        if target == "GatewayUserOrder":
            row = _order.decode(body)
            if (row.account_id, row.contract_id) != (self.account_id, self.contract_id):
                return []
            self.tags.keep(row.id, tag_of(row))
            return order(row)
        half = _trade.decode(body)
        if (half.account_id, half.contract_id) != (
            self.account_id,
            self.contract_id,
        ) or half.voided:
            return []
        return [fill(half, self.tags)]


class Tags(dict[int, str]):
    """Order id -> our tag; the oldest is forgotten when there are too many."""

    limit = 10_000

    def keep(self, venue_id: int, tag: str | None) -> None:
        if tag:
            self[venue_id] = tag
            if len(self) > self.limit:
                del self[next(iter(self))]


def order(row: OrderRow) -> list[Message]:
    """What an order's event says. A fill says nothing here: the trade's event brings it."""
    at, tag = moment(row.update_timestamp or row.creation_timestamp), tag_of(row)
    match status(row.status):
        case Status.FILLED:
            return []
        case Status.CANCELLED:
            return [OrderCancelled(at, tag, row.id)]
        case Status.EXPIRED:
            return [OrderCancelled(at, tag, row.id, Reason.ORD_EXPIRED)]
        case Status.REJECTED:
            return [OrderRejected(at, tag, Request.PLACE, REFUSED_CODE, "")]
        case alive:
            kind = TYPE_IN.get(row.type) or JOIN.get(row.type)
            side, price = side_of(row.side), price_of(row)
            return [OrderAccepted(at, tag, row.id, alive, kind, side, row.size, price)]


def listed(row: OrderRow) -> VenueOrder:
    """An order of a query. Raises ValueError when the row makes no sense."""
    # A type we do not know is taken for the one that can do most: a market order.
    kind = TYPE_IN.get(row.type) or JOIN.get(row.type, OrderType.MARKET)
    return VenueOrder(
        row.id, tag_of(row), status(row.status), kind, side_of(row.side), row.size,
        row.fill_volume or 0, price_of(row), moment(row.creation_timestamp),
    )  # fmt: skip


def fill(row: TradeRow, tags: Mapping[int, str]) -> Fill:
    """A half-turn. Raises ValueError when the row makes no sense."""
    fees = money(row.fees) + money(row.commissions or 0)
    return Fill(
        moment(row.creation_timestamp), row.id, row.order_id, tags.get(row.order_id, ""),
        side_of(row.side), row.size, money(row.price), fees,
    )  # fmt: skip


def status(code: int) -> Status:
    """A state we do not know counts as alive."""
    return STATUS_IN.get(code, Status.PENDING)


def side_of(code: int) -> int:
    if code not in SIDE_IN:
        raise msgspec.ValidationError(f"side {code} is neither 0 nor 1")
    return SIDE_IN[code]


def tag_of(row: OrderRow) -> str:
    return plain(row.custom_tag or "", TAG_MAX)


def price_of(row: OrderRow) -> Decimal | None:
    price = row.limit_price if row.stop_price is None else row.stop_price
    return None if price is None else money(price)
