"""The book: our orders and position, folded from the log by every stage that needs them.

One fold for all, so that no two actors can disagree about the same log. Fills are booked in any
state of their order, each once.
"""

from decimal import Decimal

from msgspec import Struct, field

from actors.order import NEWEST, NEXT, RESTING, Life, Order
from actors.position import Position, after
from core.instruments import Instrument
from core.messages import (
    ActorFailed,
    Agreed,
    CloseAccepted,
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
from core.reasons import Reason
from core.terms import OrderType, Purpose, Request, Status

TRADES_KEPT = 10_000  # ids of booked fills, against booking one twice
ORDERS_KEPT = 1_000  # dead orders, against late fills


STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
PURPOSE_BY_SUFFIX = {"-SL": Purpose.STOP, "-TP": Purpose.TARGET}


def strange(venue_id: int) -> str:
    """What an order without a tag is called once it is adopted."""
    return f"foreign-{venue_id}"


WARY = 5  # edition since which closes, exits and legs wait for one another: docs/decisions/0005
RESET = 5  # ... and a new run, its clock behind the log's, waits for no stamp of that


class Book(Struct):
    orders: dict[str, Order] = field(default_factory=dict)
    alive: list[str] = field(default_factory=list)  # tags of the live ones: few, and asked often
    position: Position = field(default_factory=Position)
    trades: dict[int, int] = field(default_factory=dict)  # trade id -> at
    loose: dict[int, int] = field(default_factory=dict)  # filled of orders not yet known, by id
    realised: Decimal = Decimal(0)  # dollars, all fills of this log, net of fees
    close_at: int = 0  # a ClosePosition is on its way since; 0 none
    parting: int = 0  # contracts of a part that is being closed
    closing: bool = False  # ... and its fills, which carry no tag, are ours: until the next entry
    closes: dict[int, int] = field(default_factory=dict)  # id of an order that so became ours -> at
    unanswered: int = 0  # close requests that may still reach the venue
    edition: int = 0  # of the rules of this run
    doubt: int = 0  # since a close: it, or exits we have not heard of, may fill yet; 0 agreed

    def hear(self, message: Message, instrument: Instrument) -> Position | None:
        """Book what a message says. Returns the round trip that a fill finished, if any."""
        if type(message) not in _BOOKED:
            return None
        match message:
            case Fill():
                return self._fill(message, instrument)
            case PlaceOrder(tag=tag):
                self._place(message)
            case OrderAccepted(reason=Reason.REC_ORDER_DRIFT):
                self._accept(message, "adopted")
            case OrderAccepted(status=status):
                self._accept(message, "suspended" if status == Status.SUSPENDED else "accepted")
            case OrderCancelled(tag=tag, reason=reason, venue_id=number):
                self._move(
                    tag or strange(number),
                    "expired" if reason is Reason.ORD_EXPIRED else "cancelled",
                )
            case OrderRejected(tag=tag, request=Request.PLACE, reason=reason):
                self._move(tag, "rejected" if reason is Reason.ORD_REJECTED else "withheld")
            case OrderRejected(request=Request.MODIFY) | OrderUncertain(request=Request.MODIFY):
                if message.tag in self.orders:  # refused, or lost: a look at the venue tells
                    self.orders[message.tag].wish = None
            case OrderUncertain(tag=tag, request=Request.PLACE, at=at):
                if tag not in self.orders:  # its intent was missed; its fate must not be
                    self.orders[tag] = Order(tag, Purpose.ENTRY, 0, 0, at)
                    self._count(self.orders[tag])
                self._move(tag, "uncertain")
            case NotPlaced(tag=tag):
                self._move(tag, "absent")
            case OrderReplaced(at=at, tag=tag) if tag in self.orders:
                self.orders[tag].change(at, self.edition)
            case ModifyOrder(tag=tag) if tag in self.orders:
                self.orders[tag].asked_at, self.orders[tag].wish = message.at, message
            case ClosePosition(at=at, size=part):
                self.close_at, self.doubt, self.closing = at, at, True
                self.unanswered += 1
                self.parting = part or 0
            case CloseAccepted() | OrderRejected() | OrderUncertain():
                self._answered(getattr(message, "request", Request.CLOSE))
            case Agreed(at=at) if at >= self.doubt and not self.position.size:
                self.doubt = 0
            case RunStarted() | ActorFailed():
                self._restart(message)
        return None

    def settled(self) -> bool:
        """No close may be done yet, or have been done without our knowing."""
        return not (self.doubt or (self.edition >= WARY and self.unanswered))

    @property
    def may_close(self) -> bool:
        """Is what fills without a name our own close? None is, once all are answered and a look
        has shown no position."""
        return self.closing and (self.edition < NEWEST or not self.settled())

    def live(self, *purposes: Purpose) -> list[Order]:
        orders = self.orders
        return [o for tag in self.alive if (o := orders[tag]).purpose in purposes]

    def living(self) -> list[Order]:
        return [self.orders[tag] for tag in self.alive]

    def unknown(self) -> list[Order]:
        orders = self.orders
        return [o for tag in self.alive if (o := orders[tag]).life is Life.UNKNOWN]

    def owner(self, fill: Fill) -> Order | None:
        if fill.tag in self.orders:
            return self.orders[fill.tag]
        if not fill.venue_id:
            return None
        return next((o for o in self.orders.values() if o.venue_id == fill.venue_id), None)

    def resting_stop(self) -> int:
        """Contracts of the open position that a working stop protects."""
        side = -1 if self.position.size > 0 else 1
        stops = (o for o in self.living() if o.purpose is Purpose.STOP and o.side == side)
        return sum(order.left for order in stops if order.life in RESTING)

    def _place(self, order: PlaceOrder) -> None:
        price = order.limit_price if order.type is OrderType.LIMIT else order.stop_price
        self._forget()
        self.orders[order.tag] = Order(
            order.tag, order.purpose, order.side, order.size, order.at, price=price,
            stop_ticks=order.stop_ticks, target_ticks=order.target_ticks, intent=order.intent,
        )  # fmt: skip
        self._count(self.orders[order.tag])
        self.closing = self.closing and order.purpose is not Purpose.ENTRY

    def _accept(self, told: OrderAccepted, event: str) -> None:
        tag = told.tag or strange(told.venue_id)
        order = self.orders.get(tag)
        if order is None:
            purpose = PURPOSE_BY_SUFFIX.get(tag[-3:])
            if told.reason in (Reason.ORD_FOREIGN, Reason.REC_LOST_ACK):
                purpose = purpose or self._use(told)
            if purpose is None or told.side is None or told.size is None:
                return
            order = self.orders[tag] = Order(tag, purpose, told.side, told.size, told.at)
            self._count(order)
        order.hear(told, self.edition)
        order.filled += self.loose.pop(order.venue_id, 0)
        self._move(tag, event if order.left > 0 else "filled")
        if 0 < order.filled < order.size:
            self._move(tag, "part" if order.live or self.edition < NEWEST else "grown")

    def _use(self, told: OrderAccepted) -> Purpose:
        """What a stranger's order is to us: an exit of the position held, else it may open one."""
        if not told.side or self.position.size * told.side >= 0:
            return Purpose.ENTRY
        return Purpose.STOP if told.type in STOPS else Purpose.TARGET

    def _move(self, tag: str, event: str) -> None:
        order = self.orders.get(tag)
        if order is not None:
            order.life = NEXT[order.life].get(event, order.life)
            self._count(order)

    def _count(self, order: Order) -> None:
        """Keep `alive` true after a change of life."""
        if order.live != (order.tag in self.alive):
            (self.alive.append if order.live else self.alive.remove)(order.tag)

    def _fill(self, fill: Fill, instrument: Instrument) -> Position | None:
        if fill.trade_id in self.trades:
            return None
        self.trades[fill.trade_id] = fill.at
        order = self.owner(fill)
        if order is not None:
            order.filled += fill.size
            if self.edition >= NEWEST:  # a part of it came before anybody knew whose it was
                order.filled += self.loose.pop(fill.venue_id, 0)
            order.venue_id = order.venue_id or fill.venue_id
            self._move(order.tag, "part" if order.left > 0 else "filled")
        elif fill.venue_id:
            self.loose[fill.venue_id] = self.loose.get(fill.venue_id, 0) + fill.size
            if self.may_close:
                self.closes[fill.venue_id] = fill.at
        held = self.position
        self.position, finished = after(held, fill, instrument, self.edition)
        made = (finished or self.position).gross - held.gross
        self.realised += made - fill.fees
        self.doubt = self.doubt and max(self.doubt, fill.at)
        if order is None and self.parting:
            self.parting = max(0, self.parting - fill.size)
            self.close_at = self.close_at if self.parting else 0
        if not self.position.size:
            self.close_at = self.parting = 0
        return finished

    def foreign(self) -> list[int]:
        """Orders that filled and that nobody here knows."""
        return [number for number in self.loose if number not in self.closes]

    def _answered(self, request: Request) -> None:
        self.unanswered -= request is Request.CLOSE and self.unanswered > 0

    def _restart(self, told: RunStarted | ActorFailed) -> None:
        """Perhaps what came of an order, of its new terms, of a close; a new run asks all anew."""
        run = isinstance(told, RunStarted)
        if isinstance(told, RunStarted):
            self.edition = told.settings.edition
            self.doubt = min(self.doubt, told.at) if self.edition >= RESET else self.doubt
        self.unanswered, self.close_at = 0, 0 if run else self.close_at
        for order in self.living():
            order.asked_at, order.wish = 0 if run else order.asked_at, None
            self._move(order.tag, "restarted")

    def _forget(self) -> None:
        """Drop the oldest of what is kept for late news only."""
        if len(self.orders) - len(self.alive) > ORDERS_KEPT:
            del self.orders[next(tag for tag in self.orders if tag not in self.alive)]
        for kept, most in ((self.trades, TRADES_KEPT), (self.loose, ORDERS_KEPT)):
            while len(kept) > most:
                del kept[next(iter(kept))]
        if len(self.closes) > len(self.loose):  # never one that is kept: it would be a stranger's
            self.closes = {n: at for n, at in self.closes.items() if n in self.loose}


BOOKED: tuple[type[Message], ...] = (
    PlaceOrder, ModifyOrder, ClosePosition, OrderAccepted, OrderRejected, OrderUncertain,
    OrderCancelled, OrderReplaced, CloseAccepted, NotPlaced, Fill, Agreed, RunStarted, ActorFailed,
)  # fmt: skip
_BOOKED = frozenset(BOOKED)
