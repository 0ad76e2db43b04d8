"""One account in one contract: netted position, realised balance, half trades.

Always: balance = start + sum of profits - sum of fees and commissions, and position = sum of fills.
A fill that crosses zero is two half trades: one that closes, one that opens.
"""

from decimal import Decimal

from core.instruments import Instrument
from venues.orders import (
    AccountChanged,
    Event,
    HalfTrade,
    Order,
    Position,
    PositionChanged,
    Traded,
)

FIRST_TRADE, FIRST_POSITION = 3_100_000_001, 830_000_001


class Account:
    def __init__(self, instrument: Instrument, balance: Decimal) -> None:
        self.instrument = instrument
        self.balance = balance
        self.can_trade = True
        self.position = Position(FIRST_POSITION - 1, 0, 0, Decimal(0))
        self.trades: list[HalfTrade] = []

    def book(self, at: int, order: Order, ticks: int, size: int) -> list[Event]:
        """Book a fill of `order`: trades, then the position, then the account."""
        held = self.position.size
        closing = min(size, abs(held)) if held * order.side < 0 else 0
        price = self.instrument.price(ticks)
        events: list[Event] = []
        for part, profit in (
            (closing, self.profit(price, closing)),
            (size - closing, None),
        ):
            if part:
                events.append(self.trade(at, order, price, part, profit))
        self.move(at, order.side, price, size, closing)
        return [*events, PositionChanged(at, self.position), self.changed(at)]

    def profit(self, price: Decimal, size: int) -> Decimal:
        """Gross profit of closing `size` contracts of the position held, to its unit."""
        way = 1 if self.position.size > 0 else -1
        rule, points = self.instrument, (price - self.position.average) * way * size
        return (points / rule.tick * rule.tick_value).quantize(rule.unit)

    def trade(
        self, at: int, order: Order, price: Decimal, size: int, profit: Decimal | None
    ) -> Traded:
        fees, commissions = self.instrument.fee * size, self.instrument.commission * size
        trade = HalfTrade(
            FIRST_TRADE + len(self.trades), at, order.id, order.side, size, price, profit, fees,
            commissions,
        )  # fmt: skip
        self.trades.append(trade)
        self.balance += (profit or 0) - fees - commissions
        return Traded(at, trade)

    def move(self, at: int, side: int, price: Decimal, size: int, closing: int) -> None:
        old, opening = self.position, size - closing
        held = old.size + side * size
        if closing and not opening:  # the average stays, also when this makes it flat
            self.position = Position(old.id, old.opened, held, old.average)
        elif closing or not old.size:
            self.position = Position(old.id + 1, at, held, price)
        else:
            average = (old.average * abs(old.size) + price * size) / abs(held)
            self.position = Position(old.id, old.opened, held, average)

    def changed(self, at: int) -> AccountChanged:
        return AccountChanged(at, self.balance, self.can_trade)
