"""A pure exchange for one contract and one account: orders in, events out, no clock of its own.

Fills never exceed what the tape shows: the size quoted at the touch (each quote can be taken once;
a larger order waits for the next), or the size of a print. A resting limit order fills when the
other side reaches its price, when a print goes through it, or when more has traded at its price
than stood before it in the queue (conservative FIFO, quant.md 5.1). A size of 0 is unknown: deep
enough for a taker and of no use to a queue. Stops trigger on a print or on the touch.

A leg that fills ends its bracket: its sibling and the unfilled rest of the entry are cancelled; a
leg that fills in part shrinks its sibling as much. Other exits leave the legs alone, as the gateway
may (topstepx.md 1.4, point 8). A close has no tag, never crosses zero and ends with the position.
"""

from decimal import Decimal

from msgspec.structs import replace

from core.instruments import Instrument
from core.messages import Quote, Trade
from core.terms import OrderType, Status
from venues.account import Account
from venues.book import OrderBook
from venues.orders import (
    INVALID_CLOSE_SIZE,
    Answer,
    ChangeCode,
    CloseCode,
    Event,
    HalfTrade,
    Order,
    PlaceCode,
    Position,
    Ticket,
)
from venues.refusals import (
    CLOSED,
    LOCKED,
    TAG_USED,
    Situation,
    refuse,
    refuse_change,
)
from venues.tickets import legs_of, order_of, tags_of
from venues.touch import DEEP
from venues.working import Working

FIRST_ORDER = 3_500_000_001


class Exchange:
    def __init__(
        self,
        instrument: Instrument,
        balance: Decimal,
        position_max: int,
        brackets: bool = True,
        tag_forever: bool = True,
    ) -> None:
        self.instrument, self.position_max = instrument, position_max
        self.brackets, self.tag_forever = brackets, tag_forever
        self.open = True  # False: the market is closed and orders are refused
        self.quote: Quote | None = None
        self.account = Account(instrument, balance)
        self.book = OrderBook(self.account)
        self.orders = self.book.orders  # by id, oldest first
        self.tags: dict[str, int] = {}

    @property
    def position(self) -> Position:
        return self.account.position

    @property
    def balance(self) -> Decimal:
        return self.account.balance

    @property
    def can_trade(self) -> bool:
        return self.account.can_trade

    @property
    def trades(self) -> list[HalfTrade]:
        """Oldest first."""
        return self.account.trades

    def open_orders(self) -> list[Order]:
        return [waiting.order for waiting in self.book.working.values()]

    def suspended(self) -> list[Order]:
        """Bracket legs whose entry has not filled."""
        legs = [self.orders[leg] for i in self.book.working for leg in self.book.legs.get(i, ())]
        return [leg for leg in legs if leg.status is Status.SUSPENDED]

    def on_quote(self, quote: Quote) -> list[Event]:
        self.quote = quote
        return self.book.on_quote(quote) if self.book.working else []

    def on_trade(self, trade: Trade) -> list[Event]:
        return self.book.on_trade(trade) if self.book.working else []

    def place(self, at: int, ticket: Ticket) -> Answer:
        """Code 0 and the order's id; or a refusal, whose order shows as rejected and keeps its tag.
        Only an order whose tag is already used leaves no trace."""
        if any(self._used(tag) for tag in tags_of(ticket)):
            return Answer(PlaceCode.ORDER_REJECTED, TAG_USED)
        code, why = self._refuse(ticket)
        if code:
            entry = self._order(at, ticket, Status.REJECTED)
            return Answer(code, why, entry.id, (self.book.record(entry),))
        events: list[Event] = []
        entry = self._bracketed(at, ticket, events)
        self.book.start(at, Working(entry), events)
        return Answer(0, "", entry.id, tuple(events))

    def cancel(self, at: int, order_id: int) -> Answer:
        order = self.orders.get(order_id)
        if order is None:
            return Answer(ChangeCode.ORDER_NOT_FOUND)
        if order.over:
            return Answer(ChangeCode.REJECTED, f"Order is already {order.status.lower()}.")
        events: list[Event] = []
        self.book.end(at, order_id, events)
        return Answer(0, "", order_id, tuple(events))

    def modify(
        self,
        at: int,
        order_id: int,
        size: int | None = None,
        limit_price: Decimal | None = None,
        stop_price: Decimal | None = None,
        trail_price: Decimal | None = None,
    ) -> Answer:
        """New terms for a working order; None leaves one as it is. A new limit or a larger size
        loses the place in the queue."""
        order, waiting = self.orders.get(order_id), self.book.working.get(order_id)
        if order is None:
            return Answer(ChangeCode.ORDER_NOT_FOUND)
        if waiting is None:
            return Answer(ChangeCode.REJECTED, f"Order is {order.status.lower()}.")
        stop_price = stop_price if trail_price is None else trail_price
        if why := refuse_change(waiting, self._situation(), size, limit_price, stop_price):
            return Answer(ChangeCode.REJECTED, why)
        limit, stop = self._changed(order.limit, limit_price), self._changed(order.stop, stop_price)
        changed = replace(order, updated=at, size=size or order.size, limit=limit, stop=stop)
        if changed.type is OrderType.TRAILING_STOP and stop is not None and stop != order.stop:
            changed = replace(changed, trail=abs(stop - self.book.touch.prices[order.side]))
        if changed.limit != order.limit or changed.size > order.size:
            waiting.front = DEEP
        waiting.order = changed
        events: list[Event] = [self.book.record(changed)]
        self.book.meet(at, waiting, events, taker=changed.limit != order.limit)
        return Answer(0, "", order_id, tuple(events))

    def close_position(self, at: int) -> Answer:
        return self._close(at, abs(self.position.size))

    def partial_close(self, at: int, size: int) -> Answer:
        """As close, for part of it. Codes from ORDER_REJECTED on are one higher."""
        held = abs(self.position.size)
        if held and not 0 < size <= held:
            return Answer(INVALID_CLOSE_SIZE, f"Invalid close size ({size}).")
        answer = self._close(at, size)
        late = answer.code >= CloseCode.ORDER_REJECTED
        return replace(answer, code=answer.code + 1) if late else answer

    def allow(self, at: int, can_trade: bool) -> list[Event]:
        """The firm locks or unlocks the account. What rests is left alone."""
        self.account.can_trade = can_trade
        return [self.account.changed(at)]

    def _used(self, tag: str) -> bool:
        owner = self.tags.get(tag)
        return owner is not None and (self.tag_forever or not self.orders[owner].over)

    def _situation(self) -> Situation:
        assert self.quote is not None
        touch = self.book.touch
        touch.show(self.quote)
        return Situation(
            self.instrument, self.position.size, self.position_max, self.brackets,
            touch.prices[-1], touch.prices[1],
        )  # fmt: skip

    def _refuse(self, ticket: Ticket) -> tuple[int, str]:
        if not self.can_trade:
            return PlaceCode.ACCOUNT_VIOLATION, LOCKED
        if self.quote is None or not self.open:
            return PlaceCode.ORDER_REJECTED, CLOSED
        why = refuse(ticket, self._situation())
        return (PlaceCode.ORDER_REJECTED if why else PlaceCode.SUCCESS), why

    def _changed(self, ticks: int | None, price: Decimal | None) -> int | None:
        """A new term, where the order has such a term at all."""
        return ticks if ticks is None or price is None else self.instrument.ticks(price)

    def _order(self, at: int, ticket: Ticket, status: Status) -> Order:
        """The ticket as an order; its id and tag are taken."""
        number = next(reversed(self.orders), FIRST_ORDER - 1) + 1
        if ticket.tag:
            self.tags[ticket.tag] = number
        touch = self.book.touch.prices.get(ticket.side, 0)
        return order_of(ticket, number, at, status, self.instrument, touch)

    def _bracketed(self, at: int, ticket: Ticket, events: list[Event]) -> Order:
        """The entry and its suspended legs, shown as the gateway does: stop, entry, target."""
        entry = self._order(at, ticket, Status.PENDING)
        legs = legs_of(ticket, entry)
        self.book.legs[entry.id] = tuple(leg.id for leg in legs)
        events += [self.book.record(order) for order in (*legs[:1], entry, *legs[1:])]
        for order in (entry, *legs):  # kept in the order of their ids
            self.orders[order.id] = self.orders.pop(order.id)
        self.tags |= {leg.tag: leg.id for leg in legs if leg.tag}
        return entry

    def _close(self, at: int, size: int) -> Answer:
        if not self.can_trade:
            return Answer(CloseCode.ACCOUNT_REJECTED, LOCKED)
        if not self.position.size:
            return Answer(CloseCode.POSITION_NOT_FOUND)
        if self.quote is None or not self.open:
            return Answer(CloseCode.ORDER_REJECTED, CLOSED)
        if any(waiting.closing for waiting in self.book.working.values()):
            return Answer(CloseCode.ORDER_PENDING)
        self.book.touch.show(self.quote)
        side = -1 if self.position.size > 0 else 1
        entry = self._order(at, Ticket(OrderType.MARKET, side, size), Status.PENDING)
        events: list[Event] = [self.book.record(entry)]
        self.book.start(at, Working(entry, closing=True), events)
        return Answer(0, "", entry.id, tuple(events))
