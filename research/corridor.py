"""What a position at rest may go through without anything coming of it.

Bounds for bars and for marks, from the stages' own rules at the worst of both ends: no order is
met, no stop would be moved, no limit of the account reached, and the room still holds what is at
stake. Where even that cannot be said there is no corridor, and every bar counts.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from actors import account as accounts
from actors import budget
from actors.account import Account
from actors.desk import Desk
from actors.position import gross
from core.clock import SECOND
from core.contracts import rolls_at
from core.sessions import NEVER, index, ns, steps
from core.settings import Settings
from core.terms import Purpose


class Corridor(Struct, frozen=True):
    """A bar counts from `until` on, or when it reaches `low` or `high`, or its mark a bound."""

    side: int
    low: float
    high: float
    mark_low: float
    mark_high: float
    until: int  # UTC ns


def corridor(stages: Mapping[str, Any], settings: Settings, at: int) -> Corridor | None:
    """Of the position that is held; `at`: the end of the last bar."""
    desk, account = stages["executor"].memory, stages["risk"].memory
    if settings.prop.profile or settings.slippage.plan != "fixed":
        return None
    side = 1 if desk.book.position.size > 0 else -1
    stop, target = (desk.book.live(purpose)[0].price for purpose in (Purpose.STOP, Purpose.TARGET))
    tick = settings.instrument.tick
    # A mark can lie a spread beyond the bar: it is bound by itself.
    worst, best = stop - side * 2 * tick, moving(desk, settings, side, stop, target)
    until = day_allows(desk, account, settings, at)
    if best is None or until <= at or not bears(account, worst, best):
        return None
    inward = float(tick) / 2  # the venue takes a price for the nearest one on the grid
    low, high = sorted((float(stop), float(target)))
    mark_low, mark_high = sorted((float(worst), float(best)))
    bounds = (low + inward, high - inward, mark_low + inward, mark_high - inward)
    return Corridor(side, *bounds, until)


def moving(
    desk: Desk, settings: Settings, side: int, stop: Decimal, target: Decimal
) -> Decimal | None:
    """The mark from which on the stop may be moved (actors/stops.py); None: at any."""
    rules, tick, average = settings.stops, settings.instrument.tick, desk.book.position.average
    assert desk.entry is not None and desk.best is not None
    risked, levels = desk.entry.intent.stop_ticks * tick, [target]
    even = average + side * rules.even_ticks * tick
    if rules.even_r and (even - stop) * side >= tick:
        levels.append(average + side * rules.even_r * risked)
    if rules.trail_r:
        levels.append(average + side * rules.trail_r * risked)
    nearest = min(level * side for level in levels) * side
    return nearest if (desk.best - nearest) * side < 0 else None


def day_allows(desk: Desk, account: Account, settings: Settings, at: int) -> int:
    """When the day's end first asks for something."""
    rules, today = settings.session, steps(index(at), settings.session)
    moments = [today.flatten]
    if desk.tightened < len(settings.stops.tighten):
        moments.append(today.flat - ns(settings.stops.tighten[desk.tightened][0]))
    roll = rolls_at(account.contract, rules.roll_days) if rules.roll_days else 0
    return min([*moments, roll or NEVER]) - SECOND


def bears(account: Account, worst: Decimal, best: Decimal) -> bool:
    """Is no limit reached and no room too small, the peak at one end, the equity at the other?"""
    settings = accounts.settings_of(account)
    risk, held, instrument = settings.risk, account.book.position, settings.instrument
    own = accounts.realised(account)
    cost = abs(held.size) * instrument.side_cost
    least = own + gross(instrument, held.size, held.average, worst) - cost
    most = own + gross(instrument, held.size, held.average, best)
    peak, high = max(account.peak, most), max(account.high, most)
    if (
        account.capital - least >= risk.kill_loss_max
        or high - least >= risk.account_drawdown_max
        or account.day_start - least >= risk.day_loss_max
        or peak - least >= risk.day_drawdown_max
    ):
        return False
    if not risk.drb_reduce or account.reducing or account.parted:
        return not account.parted
    away = budget.unprotected(account.breakers.atr)
    stake = budget.open_risk(risk, instrument, account.book, worst, away)
    return stake <= budget.room(risk, own, own - account.day_start, peak, high, account.capital)
