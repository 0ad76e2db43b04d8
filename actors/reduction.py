"""A position that no longer fits into the room is made as much smaller as must be (quant.md 9.6);
one that outlived its day, while nobody was there or nothing could be sent, is closed in the next.

One contract is as risky as another, so the riskiest first is any of them. A position without a stop
is not this rule's: it gets one within seconds, or is closed.
"""

from decimal import Decimal

from actors.account import ZERO, Account, at_stake, room, settings_of
from core.clock import SECOND
from core.messages import Message, Reduce
from core.reasons import Reason
from core.sessions import ALWAYS, ONWARD, index, shut, steps
from core.terms import Check, Purpose, most


def reduction(account: Account, at: int) -> list[Message]:
    """A part that did not go in time is followed by the whole, which is asked for once."""
    size, settings = abs(account.book.position.size), settings_of(account)
    if not size or not settings.risk.drb_reduce:
        account.reducing, account.parted = False, 0
        return []
    if not account.reducing and (over := carried(account, at)):
        account.reducing = True
        return [Reduce(at, size, (over,), Reason.RISK_OVERSTAYED)]
    stake, space = at_stake(account), room(account)
    known = all(order.price for order in account.book.live(Purpose.STOP))
    bare = account.book.resting_stop() < size
    if stake <= space or bare or not known or account.reducing:
        return []
    part = excess(size, stake, space) if settings.edition else size
    if account.parted == size:
        if at - account.parted_at < int(settings.execution.exit_timeout_s * SECOND):
            return []
        part = size
    account.reducing = part == size
    account.parted, account.parted_at = size, at
    return [Reduce(at, part, (most(Reason.RISK_DRB_OVER, stake, space),))]


def carried(account: Account, at: int) -> Check | None:
    """Seconds since the position should have been flat, if that was on an earlier trade date."""
    rules, since = settings_of(account).session, account.book.position.entry_at
    if rules.kind == ALWAYS or settings_of(account).edition < ONWARD:
        return None
    day = index(since, rules.kind)
    if day >= index(at, rules.kind) or shut(at, rules.kind) or not account.agreed:
        return None
    return most(Reason.RISK_OVERSTAYED, Decimal(at - steps(day, rules).flat) / SECOND, ZERO)


def excess(size: int, stake: Decimal, space: Decimal) -> int:
    """Contracts to close until what is left may lose no more than `space`."""
    return size - int(space * size / stake)
