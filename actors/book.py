"""The book: our orders and position, folded from the log by every stage that needs them.

One fold for all, so that no two actors can disagree about the same log. An order's life is the
table `NEXT`; what is not in it leaves the state as it is, and fills are booked in any state.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from actors.position import Position, after
from core.instruments import Instrument
from core.messages import (
    ClosePosition,
    Fill,
    Message,
    ModifyOrder,
    NotPlaced,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderReplaced,
    OrderUncertain,
    PlaceOrder,
    RunStarted,
)
from core.terms import OrderType, Purpose, Request, Status

TRADES_KEPT = 10_000  # ids of booked fills, against booking one twice
ORDERS_KEPT = 1_000  # dead orders, against late fills


class Life(StrEnum):
    INTENT = "INTENT"
    UNKNOWN = "UNKNOWN"
    SUSPENDED = "SUSPENDED"
    ACKED = "ACKED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"


LIVE = {Life.INTENT, Life.UNKNOWN, Life.SUSPENDED, Life.ACKED}

# (state, what was heard) -> state
NEXT: dict[tuple[Life, str], Life] = {
    (Life.INTENT, "accepted"): Life.ACKED,
    (Life.INTENT, "suspended"): Life.SUSPENDED,
    (Life.INTENT, "rejected"): Life.REJECTED,
    (Life.INTENT, "uncertain"): Life.UNKNOWN,
    (Life.INTENT, "restarted"): Life.UNKNOWN,
    (Life.INTENT, "cancelled"): Life.CANCELLED,
    (Life.INTENT, "filled"): Life.FILLED,
    (Life.UNKNOWN, "accepted"): Life.ACKED,
    (Life.UNKNOWN, "suspended"): Life.SUSPENDED,
    (Life.UNKNOWN, "rejected"): Life.REJECTED,
    (Life.UNKNOWN, "cancelled"): Life.CANCELLED,
    (Life.UNKNOWN, "filled"): Life.FILLED,
    (Life.UNKNOWN, "absent"): Life.NOT_PLACED,
    (Life.SUSPENDED, "accepted"): Life.ACKED,
    (Life.SUSPENDED, "cancelled"): Life.CANCELLED,
    (Life.SUSPENDED, "rejected"): Life.REJECTED,
    (Life.SUSPENDED, "filled"): Life.FILLED,
    (Life.ACKED, "cancelled"): Life.CANCELLED,
    (Life.ACKED, "rejected"): Life.REJECTED,
    (Life.ACKED, "filled"): Life.FILLED,
    (Life.NOT_PLACED, "accepted"): Life.ACKED,  # the proof was wrong: the venue's word wins
    (Life.NOT_PLACED, "filled"): Life.FILLED,
}


class Order(Struct):
    tag: str
    purpose: Purpose
    side: int
    size: int
    at: int  # of its intent, or of its first sight
    life: Life = Life.INTENT
    venue_id: int = 0
    filled: int = 0
    price: Decimal | None = None
    stop_ticks: int = 0
    target_ticks: int = 0
    intent: str = ""
    asked_at: int = 0  # a cancel or change is on its way since

    @property
    def live(self) -> bool:
        return self.life in LIVE

    @property
    def left(self) -> int:
        return self.size - self.filled


PURPOSE_BY_SUFFIX = {"-SL": Purpose.STOP, "-TP": Purpose.TARGET}


class Book(Struct):
    orders: dict[str, Order] = field(default_factory=dict)
    position: Position = field(default_factory=Position)
    trades: dict[int, int] = field(default_factory=dict)  # trade id -> at
    early: dict[int, int] = field(default_factory=dict)  # venue id -> contracts, order unknown yet
    realised: Decimal = Decimal(0)  # dollars, all fills of this log, net of fees
    close_at: int = 0  # a ClosePosition is on its way since; 0 none
    closing: bool = False  # ... and its fills, which carry no tag, are ours

    def hear(self, message: Message, instrument: Instrument) -> Position | None:
        """Book what a message says. Returns the round trip that a fill finished, if any."""
        match message:
            case Fill():
                return self._fill(message, instrument)
            case PlaceOrder(tag=tag):
                self._place(message)
            case OrderAccepted(status=status):
                self._accept(message, "suspended" if status == Status.SUSPENDED else "accepted")
            case OrderCancelled(tag=tag):
                self._move(tag, "cancelled")
            case OrderRejected(tag=tag, request=request):
                self._refused(tag, request)
            case OrderUncertain(tag=tag, request=Request.PLACE):
                self._move(tag, "uncertain")
            case NotPlaced(tag=tag):
                self._move(tag, "absent")
            case OrderReplaced(tag=tag) if tag in self.orders:
                self.orders[tag].asked_at = 0
            case ModifyOrder(tag=tag, size=size) if tag in self.orders:
                order = self.orders[tag]
                order.asked_at = message.at
                order.price = message.limit_price or message.stop_price or order.price
                order.size = order.filled + size if size is not None else order.size
            case ClosePosition(at=at):
                self.close_at, self.closing = at, True
            case RunStarted():
                self._restart()
        return None

    def live(self, *purposes: Purpose) -> list[Order]:
        return [o for o in self.orders.values() if o.live and (o.purpose in purposes)]

    def unknown(self) -> list[Order]:
        return [order for order in self.orders.values() if order.life is Life.UNKNOWN]

    def owner(self, fill: Fill) -> Order | None:
        if fill.tag in self.orders:
            return self.orders[fill.tag]
        if not fill.venue_id:
            return None
        return next((o for o in self.orders.values() if o.venue_id == fill.venue_id), None)

    def resting_stop(self) -> int:
        """Contracts of the open position that a working stop protects."""
        side = -1 if self.position.size > 0 else 1
        stops = (o for o in self.orders.values() if o.purpose is Purpose.STOP)
        return sum(o.left for o in stops if o.life is Life.ACKED and o.side == side)

    def _place(self, order: PlaceOrder) -> None:
        price = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
        self.orders[order.tag] = Order(
            order.tag, order.purpose, order.side, order.size, order.at, price=price,
            stop_ticks=order.stop_ticks, target_ticks=order.target_ticks, intent=order.intent,
        )  # fmt: skip
        self._forget()

    def _accept(self, told: OrderAccepted, event: str) -> None:
        order = self.orders.get(told.tag)
        if order is None:
            purpose = PURPOSE_BY_SUFFIX.get(told.tag[-3:])
            if purpose is None or told.side is None or told.size is None:
                return
            order = Order(told.tag, purpose, told.side, told.size, told.at)
            self.orders[told.tag] = order
        order.venue_id = told.venue_id or order.venue_id
        order.price = told.price if told.price is not None else order.price
        order.size = told.size if told.size is not None else order.size
        self._move(told.tag, event)
        if early := self.early.pop(order.venue_id, 0):
            self._execute(order, early)

    def _refused(self, tag: str, request: Request) -> None:
        """A refused cancel, change or close has its time before it is asked again: no hot loop."""
        if request is Request.PLACE:
            self._move(tag, "rejected")
        elif request is Request.CLOSE:
            self.closing = False

    def _move(self, tag: str, event: str) -> None:
        order = self.orders.get(tag)
        if order is not None:
            order.life = NEXT.get((order.life, event), order.life)

    def _fill(self, fill: Fill, instrument: Instrument) -> Position | None:
        if fill.trade_id in self.trades:
            return None
        self.trades[fill.trade_id] = fill.at
        order = self.owner(fill)
        if order is not None:
            self._execute(order, fill.size)
        elif fill.venue_id:
            self.early[fill.venue_id] = self.early.get(fill.venue_id, 0) + fill.size
        held = self.position
        self.position, finished = after(held, fill, instrument)
        made = (finished or self.position).gross - held.gross
        self.realised += made - fill.fees
        if not self.position.size:
            self.close_at = 0
        elif finished is None and order is not None and order.purpose is Purpose.ENTRY:
            self.closing = False
        return finished

    def _execute(self, order: Order, size: int) -> None:
        order.filled += size
        if order.left <= 0:
            self._move(order.tag, "filled")

    def _restart(self) -> None:
        for order in self.orders.values():
            order.asked_at = 0
            self._move(order.tag, "restarted")
        self.close_at = 0

    def _forget(self) -> None:
        dead = [tag for tag, order in self.orders.items() if not order.live]
        for tag in dead[: max(0, len(dead) - ORDERS_KEPT)]:
            del self.orders[tag]
        for trade in list(self.trades)[: max(0, len(self.trades) - TRADES_KEPT)]:
            del self.trades[trade]
        for venue_id in list(self.early)[: max(0, len(self.early) - ORDERS_KEPT)]:
            del self.early[venue_id]


BOOKED: tuple[type[Message], ...] = (
    PlaceOrder, ModifyOrder, ClosePosition, OrderAccepted, OrderRejected, OrderUncertain,
    OrderCancelled, OrderReplaced, NotPlaced, Fill, RunStarted,
)  # fmt: skip
