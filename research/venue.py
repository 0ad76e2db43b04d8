"""The exchange of `venues/matching.py` as a stage: what the gateway is to the live daemon.

Requests act `latency_s` after they were made, at the quote of that moment, as they would after a
way over the wire; 0 acts at once. Answers carry the time of the event that brought them. Where the
settings say so, market orders and stops slip by the conditions that are told (quant.md 10.2).
"""

from collections import deque
from decimal import Decimal
from itertools import takewhile

from msgspec import UNSET

from actors.breakers import Breakers
from actors.slippage import ticks
from core.clock import SECOND
from core.messages import (
    AccountSnapshot,
    CancelOrder,
    CloseAccepted,
    ClosePosition,
    Conditions,
    Fill,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderReplaced,
    PlaceOrder,
    Pulse,
    Quote,
    Reconcile,
    Trade,
)
from core.reasons import Reason
from core.settings import Settings
from core.terms import ALIVE, Request, Status, VenueOrder
from venues.matching import Exchange
from venues.orders import Answer, Event, HalfTrade, Order, OrderChanged, Ticket, Traded

REQUEST = {
    PlaceOrder: Request.PLACE,
    CancelOrder: Request.CANCEL,
    ModifyOrder: Request.MODIFY,
    ClosePosition: Request.CLOSE,
}


class PaperVenue:
    takes: tuple[type[Message], ...] = (
        Quote, Trade, Pulse, Conditions, Reconcile,
        PlaceOrder, CancelOrder, ModifyOrder, ClosePosition,
    )  # fmt: skip

    def __init__(self, settings: Settings, balance: Decimal, latency_s: float = 0.0) -> None:
        self.settings, self.seen = settings, Breakers()
        self.instrument = settings.instrument
        self.exchange = Exchange(self.instrument, balance, settings.risk.position_max * 10)
        self.latency = int(latency_s * SECOND)
        self.at = 0  # of the newest event
        self.waiting: deque[tuple[int, Message]] = deque()

    def on(self, message: Message) -> list[Message]:
        kind = type(message)
        if kind is Quote or kind is Trade or kind is Pulse:
            self.at = max(self.at, message.at)
            answers = self.due()
            if kind is Quote:
                return answers + self.told(self.exchange.on_quote(message))  # type: ignore[arg-type]
            if kind is Trade:
                return answers + self.told(self.exchange.on_trade(message))  # type: ignore[arg-type]
            return answers
        if isinstance(message, Conditions):
            self.slip(message)
            return []
        self.waiting.append((max(self.at, message.at) + self.latency, message))
        return self.due()

    def slip(self, told: Conditions) -> None:
        self.seen.learn(told, self.settings)
        if self.settings.slippage.charge:
            self.exchange.book.slip = ticks(self.settings, self.seen, told.at)

    def due(self) -> list[Message]:
        answers: list[Message] = []
        while self.waiting and self.waiting[0][0] <= max(self.at, self.waiting[0][1].at):
            answers += self.act(self.waiting.popleft()[1])
        return answers

    def act(self, asked: Message) -> list[Message]:
        exchange, at = self.exchange, max(self.at, asked.at)
        match asked:
            case PlaceOrder():
                done = exchange.place(at, ticket(asked))
                accepted: Message = OrderAccepted(at, asked.tag, done.order_id)
            case CancelOrder(tag=tag, venue_id=number):
                done = exchange.cancel(at, number)
                accepted = OrderCancelled(at, tag, number)
            case ModifyOrder(tag=tag, venue_id=number):
                prices = (asked.limit_price, asked.stop_price)
                done = exchange.modify(at, number, asked.size, *prices)
                accepted = OrderReplaced(at, tag, number)
            case ClosePosition(tag=tag, size=part):
                done = exchange.partial_close(at, part) if part else exchange.close_position(at)
                accepted = CloseAccepted(at, tag)
            case Reconcile(since=since, day=day):
                return [self.snapshot(since, at, day or 0)]
            case _:
                return []
        if done.code:
            return [refused(asked, done, at)]
        return [accepted, *self.told(done.events)]

    def told(self, events: list[Event] | tuple[Event, ...]) -> list[Message]:
        return [m for event in events for m in self.translate(event)]

    def translate(self, event: Event) -> list[Message]:
        match event:
            case Traded(trade=trade):
                return [self.fill(trade)]
            case OrderChanged(at=at, order=order) if order.tag:
                if order.status in ALIVE:
                    shown = self.shown(order)
                    return [
                        OrderAccepted(
                            at, shown.tag, shown.venue_id, shown.status, shown.type, shown.side,
                            shown.size, shown.price,
                        )
                    ]  # fmt: skip
                if order.status is Status.CANCELLED:
                    return [OrderCancelled(at, order.tag, order.id)]
                if order.status is Status.EXPIRED:
                    return [OrderCancelled(at, order.tag, order.id, Reason.ORD_EXPIRED)]
        return []

    def snapshot(self, since: int, at: int, day: int = 0) -> AccountSnapshot:
        exchange = self.exchange
        held = exchange.position
        news = takewhile(lambda order: order.created >= since, reversed(exchange.orders.values()))
        told = {order.id: order for order in news}
        told |= {order.id: order for order in (*exchange.open_orders(), *exchange.suspended())}
        orders = [self.shown(told[number]) for number in sorted(told)]
        late = takewhile(lambda trade: trade.at >= (day or since), reversed(exchange.trades))
        fills = [self.fill(trade) for trade in late][::-1]
        return AccountSnapshot(
            at, since, exchange.balance, exchange.can_trade, held.size,
            held.average if held.size else None, tuple(orders), tuple(fills), Decimal(0),
            day or UNSET,
        )  # fmt: skip

    def shown(self, order: Order) -> VenueOrder:
        ticks = order.limit if order.limit is not None else order.stop
        price = None if ticks is None else self.instrument.price(ticks)
        return VenueOrder(
            order.id, order.tag, order.status, order.type, order.side, order.size, order.filled,
            price, order.created,
        )  # fmt: skip

    def fill(self, trade: HalfTrade) -> Fill:
        return Fill(
            trade.at, trade.id, trade.order_id, self.exchange.orders[trade.order_id].tag,
            trade.side, trade.size, trade.price, trade.fees + trade.commissions,
        )  # fmt: skip


def ticket(order: PlaceOrder) -> Ticket:
    stop, target = (order.stop_ticks, order.target_ticks) if order.bracket else (0, 0)
    return Ticket(
        order.type, order.side, order.size, order.limit_price, order.stop_price, tag=order.tag,
        stop_ticks=-order.side * stop, target_ticks=order.side * target,
    )  # fmt: skip


def refused(asked: Message, answer: Answer, at: int) -> OrderRejected:
    request = REQUEST[type(asked)]  # type: ignore[index]
    reason = Reason.ORD_REJECTED if request is Request.PLACE else Reason.ORD_CANCEL_REJECTED
    tag: str = asked.tag  # type: ignore[attr-defined]
    return OrderRejected(at, tag, request, answer.code, answer.text, reason)
