"""Where the protective stop belongs (quant.md 9.3): at entry by rule, later never looser.

Prices are Decimals on the tick grid; `side` is that of the position.
"""

from decimal import ROUND_CEILING, Decimal

from actors.desk import Desk
from actors.guard import closing
from actors.order import RESTING, Order
from actors.portfolio import distances
from core.messages import Conditions, Message, ModifyOrder
from core.reasons import Reason
from core.settings import Settings
from core.terms import Purpose


def first(
    settings: Settings, side: int, price: Decimal, seen: Conditions | None
) -> tuple[int, int]:
    """Ticks of stop and target for an entry at `price`; what cannot be known is the fixed number.

    The target keeps its ratio to the stop. A crypto account has shares of the price for both.
    """
    signals, stops, ticks = settings.signals, settings.stops, None
    if stops.mode != "fixed" and seen is not None and not settings.portfolio.rules:
        ticks = (stops.mode == "structure" and behind(settings, side, price, seen)) or (
            seen.atr and up(stops.atr_times * Decimal(repr(seen.atr)))
        )
    if not ticks:
        return distances(settings, price)
    ticks = max(ticks, stops.ticks_min)
    return ticks, up(Decimal(ticks * signals.target_ticks) / signals.stop_ticks)


def behind(settings: Settings, side: int, price: Decimal, seen: Conditions) -> int:
    """Ticks to one beyond the latest swing; 0 where there is none on that side."""
    swing, instrument = seen.swing_low if side > 0 else seen.swing_high, settings.instrument
    away = (instrument.ticks(price) - instrument.ticks(swing)) * side if swing else 0
    return away + 1 if away > 0 else 0


def up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_CEILING))


def tend(desk: Desk, at: int) -> list[Message]:
    """Move the resting stop to where it now belongs, if that is nearer by a tick or more."""
    mark, held = desk.mark, desk.book.position
    closing_now = desk.asked(desk.book.close_at, at)  # one that was refused is none
    if mark is None or desk.exit_at or desk.flatten or desk.entry is None or closing_now:
        return []
    side = 1 if held.size > 0 else -1
    desk.best = mark if desk.best is None else max(desk.best * side, mark * side) * side
    stop = resting(desk, side)
    if stop is None or stop.price is None or stop.wish or desk.asked(stop.asked_at, at):
        return []
    wanted = belongs(desk, side, mark, stop.price, at)
    if (wanted - stop.price) * side < desk.numbers().instrument.tick:
        return []
    return [
        desk.modify(
            ModifyOrder(
                at, stop.tag, stop.venue_id, stop_price=wanted, reason=Reason.ORD_STOP_MOVED
            )
        )
    ]


def resting(desk: Desk, side: int) -> Order | None:
    """The one stop of the position, if it works at the venue."""
    stops = [order for order in desk.book.live(Purpose.STOP) if order.side == -side]
    alone = len(stops) == 1 and stops[0].life in RESTING and stops[0].venue_id
    return stops[0] if alone else None


def belongs(desk: Desk, side: int, mark: Decimal, now: Decimal, at: int) -> Decimal:
    """The best of all rules, on the grid, at least a tick behind the market; `now`: where it is."""
    settings, tick = desk.numbers(), desk.numbers().instrument.tick
    stops, held = settings.stops, desk.book.position
    assert desk.entry is not None and desk.best is not None
    risked = desk.entry.intent.stop_ticks * tick
    gained = (desk.best - held.average) * side
    found = [now]
    if stops.even_r and gained >= stops.even_r * risked:
        found.append(held.average + side * stops.even_ticks * tick)
    if stops.trail_r and gained >= stops.trail_r * risked and desk.atr:
        found.append(desk.best - side * stops.trail_atr * desk.atr * tick)
    left = closing(at, settings)
    for number, (seconds, factor) in enumerate(stops.tighten, 1):
        if left <= seconds and desk.tightened < number:
            desk.tightened = number
            found.append(mark - (mark - now) * factor)
    nearest = max(price * side for price in found) * side
    ticks = ((nearest * side) / tick).to_integral_value(ROUND_CEILING)
    return min(ticks * tick, mark * side - tick) * side
