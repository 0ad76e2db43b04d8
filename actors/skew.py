"""How far our clock is off: what is told of it, and when entries are off.

The venue's skew is weighed by the nearest event of a window: an event can come late, by its way to
us, but all of them come so late only if a clock is wrong, or the way is too long to trade by.
"""

from core.clock import SECOND
from core.messages import FeedState, Message
from core.reasons import Reason
from core.settings import FeedSettings

FAR = 2**62


class Skew:
    """One clock against ours: fine, an alarm, or entries off; each change is told once."""

    def __init__(self, link: str, rules: FeedSettings) -> None:
        self.link = link
        self.alarm, self.off = int(rules.skew_alarm_s * SECOND), int(rules.skew_off_s * SECOND)
        self.level = 0

    def judge(self, at: int, apart: int) -> list[Message]:
        """`apart`: nanoseconds, either way."""
        level = (abs(apart) > self.alarm) + (abs(apart) > self.off)
        if level == self.level:
            return []
        self.level = level
        why = f"our clock is {apart / SECOND:+.3f} s off"
        reason = Reason.RISK_CLOCK_SKEW if level else Reason.DATA_LINK_UP
        return [FeedState(at, self.link, level < 2, why, reason)]


class Stamps:
    """The venue's stamps against the times of their receipt."""

    def __init__(self, rules: FeedSettings) -> None:
        self.skew, self.window = Skew("venue", rules), int(rules.skew_window_s * SECOND)
        self.least, self.most, self.since = FAR, -FAR, 0

    def weigh(self, at: int) -> list[Message]:
        """At a pulse: once a window, if anything came in it."""
        self.since = self.since or at
        if at - self.since < self.window or self.least == FAR:
            return []
        apart = max(self.least, 0) or min(self.most, 0)
        self.least, self.most, self.since = FAR, -FAR, at
        return self.skew.judge(at, apart)
