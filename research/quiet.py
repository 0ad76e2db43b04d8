"""When nothing can come of a bar: what the stages say of themselves, for a run that skips.

`busy`: something is on its way, so that every bar counts. `wakes`: the clock alone changes
something then. `shut`: for how long each entry meets what the last one was refused for. What a
position may go through meanwhile is in research/corridor.py.
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from msgspec import Struct

from actors.account import realised, room, settings_of
from actors.budget import drawdown_share, planned
from actors.desk import Desk
from actors.order import RESTING
from core.clock import SECOND
from core.messages import Refused
from core.reasons import Reason
from core.sessions import NEVER, days, index, steps
from core.settings import Settings
from core.terms import EXITS_ONLY, Purpose, State

MINUTE = 60 * SECOND
HALF = Decimal("0.5")

# Refused for one of these, an entry is refused until account or day change, whoever asks ...
STANDING = {
    Reason.RISK_KILL, Reason.RISK_ACCOUNT_DRAWDOWN, Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN,
    Reason.RISK_MIN_BALANCE, Reason.RISK_MAX_TRADES, Reason.RISK_SIZE_TIER, Reason.RISK_NOT_ALLOWED,
    Reason.DATA_CONTRACT_ROLL,
}  # fmt: skip
# ... until the next minute tells of the market ...
MINUTELY = {
    Reason.RISK_SIZE_BUDGET, Reason.RISK_DRB, Reason.RISK_VOLATILITY, Reason.RISK_VOLUME,
}  # fmt: skip
# ... or until one comes that is surer.
SIZED = {Reason.RISK_SIZE_STAKE: False, Reason.RISK_SIZE_FACTOR: True}  # only for this minute?


class Shut(Struct, frozen=True):
    """Bars that end before `until` and are at most so sure are refused too."""

    until: int = 0
    confidence: float = 2.0


def busy(stages: Mapping[str, Any], at: int) -> bool:
    """`at`: the end of the last bar. A position at rest is not busy."""
    risk, ledger = stages["risk"].memory, stages["recovery"].memory
    desk, wishes, book = stages["executor"].memory, stages["signals"].memory, risk.book
    held = bool(book.position.size)
    return bool(
        stages["venue"].waiting
        or (book.alive and not held)
        or (held and not at_rest(desk))
        or risk.reserved
        or (wishes.waiting and at < wishes.waiting_until)
        or desk.turn
        or desk.exit_at
        or not ledger.agreed
        or ledger.asked_at
        or ledger.odd
        or ledger.book.doubt
        or (ledger.flatten and not ledger.proven)
    )


def at_rest(desk: Desk) -> bool:
    """A marked position between the stop and the target of its bracket, with nothing asked."""
    legs, size = desk.book.living(), desk.book.position.size
    kinds = sorted(leg.purpose for leg in legs)
    return (
        not (desk.flatten or desk.overshot or desk.naked_at or desk.manual or desk.parted)
        and not desk.book.close_at
        and desk.mark is not None
        and desk.best is not None
        and kinds == [Purpose.STOP, Purpose.TARGET]
        and all(leg.life in RESTING and not leg.wish and leg.price for leg in legs)
        and all(leg.side * size < 0 and leg.left == abs(size) for leg in legs)
    )


def wakes(stages: Mapping[str, Any], settings: Settings) -> int:
    """The stamp of the first pulse that means more than that a second went by."""
    account = stages["risk"].memory
    until = account.resume_at or NEVER
    alarm = account.controls.alarm_at
    if alarm and settings.controls and account.state not in EXITS_ONLY:
        until = min(until, alarm + int(settings.controls.ack_s * SECOND))
    return until


def listens(stages: Mapping[str, Any], settings: Settings) -> int:
    """Entries are possible for bars that end at this stamp or later."""
    memory = stages["signals"].memory
    if memory.state is not State.ACTIVE:
        return NEVER
    wait = int(settings.signals.cooldown_s * SECOND)
    return memory.exit_at + wait if memory.exit_at else 0


def shut(refused: Refused, stages: Mapping[str, Any], settings: Settings) -> Shut:
    at, why = refused.at, refused.reason
    if why is Reason.RISK_LOSSES_IN_ROW:
        return Shut(stages["risk"].memory.pause_until)
    if why is Reason.RISK_SESSION_CLOSED:
        return Shut(opens_after(at, settings))
    if why in STANDING:
        return Shut(NEVER)
    told = (at + MINUTE - 1) // MINUTE * MINUTE + 1  # the bar of the minute's end still counts
    if settings.stops.mode == "structure" or not rising(settings):
        return Shut()
    if why in (Reason.RISK_DRB, Reason.RISK_SIZE_BUDGET) and spent(stages, refused, settings):
        return Shut(NEVER)
    if why in MINUTELY:
        return Shut(told)
    if why in SIZED:
        sure = SIZED[why] or settings.stops.mode != "fixed"
        return Shut(told if sure else NEVER, refused.intent.confidence)
    return Shut()


def spent(stages: Mapping[str, Any], refused: Refused, settings: Settings) -> bool:
    """Is the room too small for one contract in the calmest market and at the best hour?"""
    account = stages["risk"].memory
    risk = settings_of(account).risk
    if settings.stops.mode != "fixed" or settings.slippage.plan != "fixed":
        return False
    most = room(account) * drawdown_share(realised(account), account.high)
    return planned(risk, settings.instrument, 1, refused.intent.stop_ticks) > most


def calm(stages: Mapping[str, Any], refused: Refused, settings: Settings) -> float | None:
    """The range over its normal up to which the budget may hold one contract; None: who knows.

    Of what the budget is made of only that changes while nothing is held (and the hour, downwards).
    """
    account = stages["risk"].memory
    budgets = refused.reason in (Reason.RISK_DRB, Reason.RISK_SIZE_BUDGET)
    if not budgets or settings.stops.mode != "fixed" or settings.slippage.plan != "fixed":
        return None
    risk, stop = settings_of(account).risk, refused.intent.stop_ticks
    most = room(account) * drawdown_share(realised(account), account.high)
    needed = planned(risk, settings.instrument, 1, stop) / most if most > 0 else 2
    return 5.0 if needed <= HALF else 1.5 + 3.0 * float(1 - needed)


def opens_after(at: int, settings: Settings) -> int:
    """When the session begins that is the next one to let entries through."""
    number = index(at)
    opens = steps(number, settings.session).opens
    if at < opens:
        return opens
    if number + 1 >= len(days()):
        return NEVER
    return steps(number + 1, settings.session).opens


def rising(settings: Settings) -> bool:
    """Does more confidence never mean a smaller stake?"""
    return all(low <= high for (_, low), (_, high) in pairwise(settings.sizing.confidence))
