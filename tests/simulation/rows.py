"""The rows of the reliability plan that are tried in the simulated world: what each is made of.

A row is a story (stories.py), a weather (weather.py), strikes from time to time, and numbers of
the config. What a seed does with them is its own.
"""

import errno
from collections.abc import Callable
from random import Random
from typing import Any

from msgspec import Struct

from tests.campaign.trial import WEATHERS
from tests.simulation import alone, endings, others, queues, stories, weather

MANUAL = {"SIGNALS_STOP_TICKS": "1", "SIGNALS_TARGET_TICKS": "1", "GATEWAY_BRACKETS": "false"}
TWO = {"RISK_CONTRACTS": "2", "RISK_POSITION_MAX": "2", "RISK_TRADE_RISK_MAX": "100.00"}
READS = (errno.EIO,)
OTHERS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EINTR)


class Row(Struct, frozen=True):
    says: str
    story: Callable[..., Any] = stories.session
    script: Callable[[Random], weather.Script] = weather.calm
    strikes: tuple[str, ...] = ()
    every_s: float = 10.0  # between two strikes
    knobs: dict[str, str] = {}
    errors: tuple[int, ...] = ()  # of the disk
    most: int = 1  # contracts
    cycles_s: tuple[int, ...] = (3, 5, 8)  # an entry so often
    live_s: tuple[float, float] = (12, 25)


WIRES = ("cut", "stall", "refuse", "mute")
ROWS: dict[str, Row] = {
    "C1": Row("killed, or without power, at any moment", stories.crashes,
              lambda rng: rng.choice(WEATHERS), WIRES,
              every_s=40.0, cycles_s=(5, 9, 20)),
    "C2": Row("dead at a named moment", stories.point),
    "C3": Row("dead in recovery, up to five deep", stories.deep, strikes=WIRES),
    "C4": Row("every start dies", stories.every_start),
    "C7": Row("stopped for a minute, then woken", stories.pause),
    "V1": Row("replies to orders lost or garbled", script=weather.replies_lost),
    "V2": Row("orders up to 300 s late, or lost", stories.overdue, weather.orders_late,
              knobs={"RECOVERY_UNKNOWN_QUIET_S": "60.0", "RECOVERY_LATE_S": "300.0"},
              live_s=(60, 400)),
    "V3": Row("429, 5xx, HTML, cut JSON anywhere", script=weather.nonsense),
    "V4": Row("news doubled, lost, out of order", script=weather.user_events),
    "V4Q": Row("queries behind the hub", script=weather.queries_behind),
    "V5": Row("a storm of reconnects", strikes=("cut", "market", "user"), every_s=0.4,
              live_s=(20, 40)),
    "V6": Row("the token dies, also in a flatten", stories.expiry, weather.logins, ("expire",),
              every_s=2.0),
    "V8": Row("somebody else acts at the account", others.others, strikes=WIRES, most=2,
              live_s=(6, 20)),
    "V9": Row("venue down 30 s to 20 min in a flatten", endings.outage),
    "R1": Row("stop and target of our own", script=weather.calm, knobs=MANUAL),
    "R1C": Row("stop and target of our own, and killed", alone.alone, knobs=MANUAL),
    "R2": Row("partial fills", script=weather.cruel, knobs=TWO, most=2),
    "H1": Row("told to stop at any moment, also twice", endings.stopped, strikes=WIRES),
    "H2": Row("told to stop while orders are late", endings.stopped, weather.cruel, knobs=TWO,
              most=2),
    "H3": Row("venue down at the stop", endings.down_at_stop),
    "W4": Row("EIO at any call to the disk", endings.bad_disk, errors=READS),
    "W5": Row("disk full, read-only, interrupted", endings.bad_disk, errors=OTHERS,
              knobs={"LOG_BALLAST_MB": "1"}),
    "X1": Row("a queue fills: an inbox, or that of the log", queues.filled),
    "X2": Row("the loop stands still for up to 3 s", stories.stalls, cycles_s=(1,)),
    "X3": Row("a sync takes up to 5 s", endings.slow_disk),
    "Q1": Row("a year of sessions, each of another row: year.py"),
}  # fmt: skip
