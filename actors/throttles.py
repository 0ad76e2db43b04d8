"""How often, how alike and which way: rules that remember what was sent before.

What counts is counted when it is wished for, before it is sent (RTS 6, 15(2)), and all of it
outlives a restart, for it is folded from the log.
"""

from bisect import bisect_left
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct, field

from core.clock import SECOND
from core.messages import Intent
from core.reasons import Reason
from core.settings import ControlSettings
from core.terms import Check, exact, most, whole

ZERO = Decimal(0)
SENT_KEPT = 1_000  # approved entries, more than any day may have


class Sent(Struct, frozen=True, array_like=True):
    """An entry that was approved."""

    at: int
    strategy: str
    side: int
    size: int
    price: Decimal


class Past(Struct):
    sent: list[Sent] = field(default_factory=list)  # oldest first
    ids: dict[str, None] = field(default_factory=dict)  # of their intents
    messages: list[int] = field(default_factory=list)  # when something was asked of the venue
    off: dict[str, int] = field(default_factory=dict)  # strategy and side, since when
    enabled_at: int = 0  # a person looked: repeats count from here on

    def asked(self, at: int, most: int) -> None:
        self.messages.append(max(at, self.messages[-1]) if self.messages else at)
        del self.messages[:-most]

    def begin(self, at: int) -> None:
        """A run, whose clock may be behind that of the one before: no message is yet to come."""
        self.messages = [min(asked, at) for asked in self.messages]

    def enable(self, at: int) -> None:
        self.off.clear()
        self.enabled_at = at

    def approve(self, wish: Intent, size: int, at: int) -> None:
        at = max(at, self.sent[-1].at) if self.sent else at  # the list is searched by time
        self.sent.append(Sent(at, wish.strategy, wish.side, size, wish.price))
        self.ids[wish.id] = None
        if len(self.sent) > SENT_KEPT:
            del self.sent[0]
        if len(self.ids) > SENT_KEPT:
            del self.ids[next(iter(self.ids))]

    def recent(self, at: int, seconds: float) -> Sequence[Sent]:
        """What was approved within so many seconds, oldest first."""
        since = at - int(seconds * SECOND)
        if not self.sent or self.sent[-1].at < since:
            return ()
        return self.sent[bisect_left(self.sent, since, key=_at) :]


def messages(past: Past, numbers: ControlSettings, at: int, reserved: int) -> tuple[Check, Check]:
    """May one more message go to the venue, and leave cancels and exits their share?"""
    short = long = reserved + 1
    share = numbers.messages_reserve
    if past.messages:
        short += _since(past.messages, at, numbers.messages_short_s)
        long += _since(past.messages, at, numbers.messages_long_s)
    return (
        most(Reason.RISK_THROTTLE_MSG, whole(short), left(numbers.messages_short_max, share)),
        most(Reason.RISK_THROTTLE_MSG, whole(long), left(numbers.messages_long_max, share)),
    )


@lru_cache(maxsize=16)
def left(most: int, reserve: float) -> Decimal:
    """Of so many messages, what entries may use."""
    return most * (1 - exact(reserve))


def repeated(past: Past, numbers: ControlSettings, wish: Intent, at: int) -> Check:
    """Entries of this strategy and side; once over the limit it stays off until re-enabled."""
    count, recent = 1, past.recent(at, numbers.repeat_s)
    if recent or past.off:
        who = f"{wish.strategy} {wish.side:+d}"
        fresh = [one for one in recent if one.at > past.enabled_at]
        alike = (wish.strategy, wish.side)
        count += len([1 for one in fresh if (one.strategy, one.side) == alike])
        if who in past.off:
            count = max(count, numbers.repeat_max + 1)
    return most(Reason.RISK_THROTTLE_REPEAT, whole(count), whole(numbers.repeat_max))


def duplicated(past: Past, numbers: ControlSettings, wish: Intent, size: int, at: int) -> Check:
    """Like entries within the window; and the same intent, however long ago."""
    alike, term = 0, (wish.side, size, wish.price)
    for one in past.recent(at, numbers.duplicate_s):
        alike += (one.side, one.size, one.price) == term
    return most(Reason.RISK_DUPLICATE, whole(alike + (wish.id in past.ids)), ZERO)


def drifting(past: Past, numbers: ControlSettings, wish: Intent, at: int, tick: Decimal) -> Check:
    """Ticks that the last so many prices went, each further the same way; else zero."""
    moved, others = ZERO, numbers.drift_orders - 1
    before = past.recent(at, numbers.drift_s)[-others:]
    if len(before) == others:
        prices = [*(one.price for one in before), wish.price]
        steps = [new - old for old, new in pairwise(prices)]
        if all(step > 0 for step in steps) or all(step < 0 for step in steps):
            moved = abs(prices[0] - prices[-1]) / tick
    return most(Reason.RISK_COLLAR_DRIFT, moved, whole(numbers.drift_ticks))


def _since(times: list[int], at: int, seconds: float) -> int:
    return len(times) - bisect_left(times, at - int(seconds * SECOND))


def _at(one: Sent) -> int:
    return one.at
