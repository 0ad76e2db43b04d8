"""An order on the book: what it waits for, and how much of a print reaches it."""

from dataclasses import dataclass

from core.messages import Trade
from core.terms import OrderType
from venues.orders import Order
from venues.touch import DEEP

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


@dataclass(slots=True)
class Working:
    order: Order
    front: int = DEEP  # contracts before it in the queue at its limit
    triggered: bool = False
    closing: bool = False  # may only reduce the position
    cost: int = 0  # ticks times contracts filled

    @property
    def dormant(self) -> bool:
        """A stop that has not triggered."""
        return self.order.type in STOPS and not self.triggered

    def triggers(self, ticks: int) -> bool:
        """Does a print or a touch at `ticks` wake this stop?"""
        order = self.order
        return self.dormant and order.stop is not None and order.side * (ticks - order.stop) >= 0

    def reached(self, trade: Trade, ticks: int) -> int:
        """Contracts of a print that are this resting limit order's; moves it up the queue."""
        order = self.order
        if self.dormant or order.limit is None:
            return 0
        through = order.side * (order.limit - ticks)
        if through > 0:
            return min(order.left, trade.size)
        if through < 0 or trade.side == order.side:
            return 0
        self.front -= trade.size
        if self.front >= 0:
            return 0
        size, self.front = min(order.left, -self.front), 0
        return size
