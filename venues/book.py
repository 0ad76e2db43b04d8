"""The life of one account's orders: how they meet the market, fill, and end, legs included.

Events come in the gateway's order: entry filled, trade, position, account, then its legs alive.
"""

from msgspec.structs import replace

from core.messages import Quote, Trade
from core.terms import OrderType, Status
from venues.account import Account
from venues.orders import Event, Order, OrderChanged
from venues.touch import Touch
from venues.working import Working


class OrderBook:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.tick = account.instrument.tick
        self.touch = Touch(float(self.tick))
        self.slip = 0  # ticks by which market orders and stops fill worse than the touch
        self.orders: dict[int, Order] = {}  # oldest first
        self.working: dict[int, Working] = {}  # a stop stands before its target
        self.through = 0  # ticks by which the touch must pass a limit that rests, to fill it
        self.bare = False  # no quotes are known: a limit that takes at once slips too
        self.legs: dict[int, tuple[int, ...]] = {}  # entry -> stop and target

    def on_quote(self, quote: Quote) -> list[Event]:
        self.touch.show(quote)
        events: list[Event] = []
        for waiting in list(self.working.values()):
            if waiting.order.id in self.working:
                self.meet(quote.at, waiting, events)
        return events

    def on_trade(self, trade: Trade) -> list[Event]:
        events: list[Event] = []
        ticks, budget = round(trade.price / self.touch.tick), trade.size
        for waiting in list(self.working.values()):
            limit = waiting.order.limit
            if waiting.order.id not in self.working:
                continue
            if waiting.triggers(ticks):
                self.wake(trade.at, waiting, events, bound=ticks)
            elif limit is not None and (size := min(budget, waiting.reached(trade, ticks))):
                budget -= size
                self.fill(trade.at, waiting, limit, size, events)
        return events

    def record(self, order: Order) -> OrderChanged:
        self.orders[order.id] = order
        return OrderChanged(order.updated, order)

    def start(self, at: int, waiting: Working, events: list[Event]) -> None:
        """A pending order comes alive: it takes what it can, the rest works."""
        self.working[waiting.order.id] = waiting
        before = len(events)
        self.meet(at, waiting, events, taker=True)
        if len(events) == before:
            waiting.order = replace(waiting.order, updated=at, status=Status.WORKING)
            events.append(self.record(waiting.order))

    def meet(self, at: int, waiting: Working, events: list[Event], taker: bool = False) -> None:
        """Let an order meet the touch. A taker pays the touch, a resting limit its own price."""
        order = waiting.order
        touch = self.touch.prices[order.side]
        if waiting.dormant:
            if touch > 0 and waiting.triggers(touch):
                self.wake(at, waiting, events)
            else:
                self.ratchet(at, waiting, touch, events)
            return
        price = touch
        if order.limit is not None:
            if touch <= 0 or order.side * (order.limit - touch) < (0 if taker else self.through):
                waiting.front = self.touch.ahead(order.side, order.limit, waiting.front)
                return
            price = self.taken(order, touch, order.limit) if taker else order.limit
        self.take(at, waiting, price, events)

    def taken(self, order: Order, touch: int, limit: int) -> int:
        """What a limit that takes at once pays: no more than its price."""
        price = touch + order.side * self.slip * self.bare
        return price if order.side * (limit - price) >= 0 else limit

    def wake(
        self, at: int, waiting: Working, events: list[Event], bound: int | None = None
    ) -> None:
        """A stop triggers. Woken by a print, it gets no better price than the print's."""
        waiting.triggered = True
        order = waiting.order
        if bound is None or order.limit is not None:
            self.meet(at, waiting, events, taker=True)
            return
        touch = self.touch.prices[order.side] or bound
        price = max(touch, bound) if order.side > 0 else min(touch, bound)
        self.take(at, waiting, price, events)

    def take(self, at: int, waiting: Working, price: int, events: list[Event]) -> None:
        """Fill from what is quoted."""
        order, touch = waiting.order, self.touch
        size = min(order.left, touch.left(order.side))
        if waiting.closing:
            size = min(size, max(0, -order.side * self.account.position.size))
        if size > 0:
            touch.spent[order.side] += size
            worse = order.side * self.slip if order.limit is None else 0
            self.fill(at, waiting, price + worse, size, events)

    def ratchet(self, at: int, waiting: Working, touch: int, events: list[Event]) -> None:
        """A trailing stop follows the touch it would take, never back."""
        order = waiting.order
        if order.type is not OrderType.TRAILING_STOP or order.stop is None or touch <= 0:
            return
        stop = touch + order.side * abs(order.trail)
        if order.side * (stop - order.stop) < 0:
            waiting.order = replace(order, updated=at, stop=stop)
            events.append(self.record(waiting.order))

    def fill(self, at: int, waiting: Working, price: int, size: int, events: list[Event]) -> None:
        waiting.cost += price * size
        filled = waiting.order.filled + size
        done = filled == waiting.order.size
        order = waiting.order = replace(
            waiting.order, updated=at, filled=filled, average=self.tick * waiting.cost / filled,
            status=Status.FILLED if done else Status.WORKING,
        )  # fmt: skip
        events.append(self.record(order))
        if done:
            del self.working[order.id]
        events += self.account.book(at, order, price, size)
        for leg in reversed(self.legs.get(order.id, ())):
            self.activate(at, self.orders[leg], price, size, events)
        if order.parent:
            self.settle(at, order, size, events)
        self.end_closes(at, events)

    def activate(self, at: int, leg: Order, price: int, size: int, events: list[Event]) -> None:
        """A leg comes alive at the first fill of its entry and grows with each later one."""
        if leg.over:
            return
        if leg.status is Status.SUSPENDED:
            level = price + leg.trail
            limit = level if leg.type is OrderType.LIMIT else None
            stop = None if leg.type is OrderType.LIMIT else level
            leg = replace(leg, updated=at, status=Status.WORKING, size=size, limit=limit, stop=stop)
            self.working[leg.id] = Working(leg)
            self.working = dict(sorted(self.working.items()))
        else:
            leg = replace(leg, updated=at, size=leg.size + size)
            self.working[leg.id].order = leg
        events.append(self.record(leg))

    def settle(self, at: int, leg: Order, size: int, events: list[Event]) -> None:
        """One leg filled: shrink the other as much; if it is done, so is the bracket."""
        for other in self.legs[leg.parent]:
            sibling = self.working.get(other)
            if sibling is None or other == leg.id:
                continue
            left = sibling.order.size - size
            if leg.over or left <= sibling.order.filled:
                self.end(at, other, events)
            else:
                sibling.order = replace(sibling.order, updated=at, size=left)
                events.append(self.record(sibling.order))
        if leg.over and leg.parent in self.working:
            self.end(at, leg.parent, events)

    def end(self, at: int, order_id: int, events: list[Event]) -> None:
        """Cancel. The legs of an entry that never filled go with it."""
        self.working.pop(order_id, None)
        order = replace(self.orders[order_id], updated=at, status=Status.CANCELLED)
        events.append(self.record(order))
        for leg in self.legs.get(order_id, ()):
            if self.orders[leg].status is Status.SUSPENDED:
                self.end(at, leg, events)

    def end_closes(self, at: int, events: list[Event]) -> None:
        """A close whose position is gone has nothing left to do."""
        held = self.account.position.size
        for waiting in list(self.working.values()):
            if waiting.closing and waiting.order.side * held >= 0:
                self.end(at, waiting.order.id, events)
