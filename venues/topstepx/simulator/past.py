"""Queries that lag behind the hubs: what they still show of the exchange."""

import time

from venues.matching import Exchange
from venues.orders import Order


class Past:
    """The exchange as it was, for so many seconds of the wall."""

    def __init__(self, exchange: Exchange, seconds: float) -> None:
        self.orders, self.trades = dict(exchange.orders), list(exchange.trades)
        self.position, self._open = exchange.position, exchange.open_orders()
        self._until = time.monotonic() + seconds

    def lasts(self) -> bool:
        return time.monotonic() < self._until

    def open_orders(self) -> list[Order]:
        return self._open
