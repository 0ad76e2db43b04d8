"""What the daemon keeps an eye on beside the market: free disk, the wall's clock, the kill file."""

import asyncio
import shutil
from pathlib import Path

from actors.skew import Skew
from core.clock import SECOND, Clock, SteadyClock
from core.config import Log
from core.messages import Command
from core.reasons import Reason
from core.settings import FeedSettings
from daemon.bus import Bus
from storage import sentinel

DISK_S = 10.0
WALL_S = 1.0
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
