"""What the daemon keeps an eye on beside the market: free disk, the wall's clock, the loop
itself, the kill file, and whether it can see the venue."""

import asyncio
import shutil
from pathlib import Path
from time import monotonic

import structlog

from actors.skew import Skew
from core.clock import SECOND, Clock, SteadyClock
from core.config import Log, Supervisor
from core.messages import AccountSnapshot, Command, FeedState, Message, QueryFailed
from core.reasons import Reason
from core.settings import FeedSettings
from daemon.bus import Bus
from storage import sentinel

log = structlog.get_logger("watch")
DISK_S = 10.0
WALL_S = 1.0
LAG_S = 0.1
CALM_S = 5.0
FOLLOWED = SECOND // 1000  # of our own clock's time each WALL_S: one in a thousand
KILL_S = 0.02  # a kill by file or signal is in the log so soon


async def disk(bus: Bus, clock: Clock, directory: Path, limits: Log) -> None:
    """Little free disk: no entries; hardly any: flat, while the log can still be written."""
    limit, told = limits.free_min_mb, ""
    while True:
        free = shutil.disk_usage(directory).free >> 20
        word = "" if free >= limit else "pause" if free >= limit // 4 else "flatten"
        if word not in ("", told):
            why = f"{free} MiB of disk free, {limit} wanted"
            bus.post("health", Command(clock(), word, "health", why, Reason.SYS_DISK_LOW))
        told = word  # once there is enough again, the next time is told too
        await asyncio.sleep(DISK_S)


async def wall(bus: Bus, clock: Clock, rules: FeedSettings) -> None:
    """The wall's clock was set: told, and entries off if it is far; a little is followed.

    A tape's clock has none to compare with."""
    skew = Skew("clock", rules)
    while isinstance(clock, SteadyClock):
        for told in skew.judge(clock(), clock.apart()):
            bus.post("health", told)
        if skew.level < 2:
            clock.follow(FOLLOWED)
        await asyncio.sleep(WALL_S)


class Lag:
    """How late the event loop comes to what is due: fine, an alarm, or entries off.

    It is worse at once, and better when it has been on time for `CALM_S`."""

    def __init__(self, limits: Supervisor) -> None:
        self.alarm, self.off = limits.lag_alarm_s, limits.lag_max_s
        self.level, self.calm_at = 0, 0.0

    def judge(self, at: int, now: float, late_s: float) -> list[Message]:
        """now: monotonic seconds."""
        level = (late_s > self.alarm) + (late_s > self.off)
        self.calm_at = now + CALM_S if level else self.calm_at
        if level == self.level or (level < self.level and now < self.calm_at):
            return []
        self.level = level
        why = f"the event loop was {late_s:.3f} s late" if level else "the event loop is on time"
        reason = Reason.SYS_LOOP_LAG if level else Reason.DATA_LINK_UP
        return [FeedState(at, "loop", level < 2, why, reason)]


async def loop(bus: Bus, clock: Clock, limits: Supervisor) -> None:
    """The loop itself: what it hears late it would decide late."""
    lag = Lag(limits)
    while True:
        due = monotonic() + LAG_S
        await asyncio.sleep(LAG_S)
        now = monotonic()
        for told in lag.judge(clock(), now, now - due):
            bus.post("health", told)


async def kill(bus: Bus, clock: Clock, state: Path) -> None:
    """The kill file appeared: by hand, by signal, or before this start. Once for each time."""
    known = False
    while True:
        found = (state / sentinel.NAME).exists()
        if found and not known:
            why = sentinel.read(state) or "it is there"
            bus.post("operator", Command(clock(), "kill", "kill file", why))
        known = found
        await asyncio.sleep(KILL_S)


class Sight:
    """A look at the venue that fails is told on stderr, once for each reason until one does not:
    without looks nothing is opened, and nothing is proven flat. So is what a look shows of other
    contracts: flat means ours."""

    def __init__(self) -> None:
        self.why, self.others = "", 0

    def watch(self, actor: str, message: Message, seq: int) -> None:
        if isinstance(message, AccountSnapshot):
            self.why, before, self.others = "", self.others, message.others or 0
            if self.others and self.others != before:
                log.warning("positions or orders in other contracts are left", count=self.others)
        elif isinstance(message, QueryFailed) and message.why != self.why:
            self.why = message.why
            log.warning("the venue cannot be looked at", why=message.why)
