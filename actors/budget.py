"""The dynamic risk budget (quant.md 9.6): what may still be lost today, and what is at stake."""

from collections.abc import Iterable
from decimal import Decimal

from actors.book import Book
from actors.order import RESTING, Order
from core.instruments import Instrument
from core.settings import RiskSettings
from core.terms import Purpose

ZERO = Decimal(0)
UNPROTECTED_TICKS = 40  # a position without a stop counts as if its stop were so far away

# Drawdown from the high-water mark below the first number: the share of the room in use.
DRAWDOWN_SHARES = (
    (Decimal("0.05"), Decimal(1)),
    (Decimal("0.10"), Decimal("0.75")),
    (Decimal("0.15"), Decimal("0.5")),
    (Decimal("0.20"), Decimal("0.25")),
)


def room(
    settings: RiskSettings, equity: Decimal, day: Decimal, peak: Decimal, high: Decimal,
    capital: Decimal,
) -> Decimal:  # fmt: skip
    """Dollars between realised `equity` and the nearest limit, never below zero.

    `day`: realised today; `peak`: highest equity today; `high`: ever; `capital`: at the start.
    """
    return max(
        ZERO,
        min(
            settings.day_loss_max + min(ZERO, day),
            settings.day_drawdown_max - (peak - equity),
            settings.account_drawdown_max - (high - equity),
            settings.kill_loss_max - (capital - equity),
            equity - settings.balance_min,
        ),
    )


def drawdown_share(equity: Decimal, high: Decimal) -> Decimal:
    fall = (high - equity) / high if high > 0 else Decimal(1)
    return next((share for edge, share in DRAWDOWN_SHARES if fall < edge), ZERO)


def volatility_share(ratio: Decimal) -> Decimal:
    """Of the room, by range over its normal: all to 1.5, falling to a half at 3, none from 5 on."""
    if ratio >= 5:
        return ZERO
    return min(Decimal(1), max(Decimal("0.5"), 1 - (ratio - Decimal("1.5")) / 3))


def planned(settings: RiskSettings, instrument: Instrument, size: int, stop_ticks: int) -> Decimal:
    """Dollars lost if an entry fills and its stop is hit, slips and costs included."""
    ticks = stop_ticks + settings.slip_entry_ticks + settings.slip_exit_ticks
    return size * (ticks * instrument.tick_value + 2 * instrument.side_cost)


def unprotected(atr: Decimal) -> Decimal:
    """Ticks that a stop which is not there counts as away. atr: 1-minute range, ticks."""
    return max(Decimal(UNPROTECTED_TICKS), 4 * atr)


def open_risk(
    settings: RiskSettings, instrument: Instrument, book: Book, mark: Decimal | None,
    away: Decimal,
) -> Decimal:  # fmt: skip
    """Dollars the open position may still lose from its entry to its stop, or to a worse mark.

    away: ticks that count for a stop that is not there.
    """
    held = book.position
    if not held.size:
        return ZERO
    side = 1 if held.size > 0 else -1
    stops = [
        order.price
        for order in book.live(Purpose.STOP)
        if order.price and order.side == -side and order.life in RESTING
    ]
    adverse = away
    if stops and book.resting_stop() >= abs(held.size):
        worst = min(stops) if side > 0 else max(stops)
        adverse = (held.average - worst) * side / instrument.tick
    if mark is not None:
        adverse = max(adverse, (held.average - mark) * side / instrument.tick)
    cost = (adverse + settings.slip_exit_ticks) * instrument.tick_value + instrument.side_cost
    return abs(held.size) * max(ZERO, cost)


def pending_risk(
    settings: RiskSettings, instrument: Instrument, orders: Iterable[Order]
) -> Decimal:
    return sum((planned(settings, instrument, o.left, o.stop_ticks) for o in orders), ZERO)


def worst_side(held: int, entries: list[Order]) -> int:
    """Contracts on the worse side if every entry that may live fills."""
    coming = {1: max(0, held), -1: max(0, -held)}
    for order in entries:
        if order.side:
            coming[order.side] += order.left
    return max(coming.values())


def worst_case(held: int, entries: Iterable[Order], side: int) -> int:
    """Contracts on one side if every entry that may live fills."""
    coming = sum(order.left for order in entries if order.side == side)
    return max(0, held * side) + coming
