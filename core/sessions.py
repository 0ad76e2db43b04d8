"""When the exchange trades: trade dates, Globex and RTH sessions, from a table, without a clock.

A trade date begins at 18:00 New York on the day before; on Globex it trades from then until 17:00
or an early close, in regular hours (RTH) from 09:30 until 16:00 or an early close on NYSE days.
All stamps UTC ns. Outside the table's years nothing is open and the nearest day is named.
"""

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from core import calendar
from core.clock import SECOND

NEW_YORK = ZoneInfo("America/New_York")
NEVER = 2**63 - 1
ROLL, OPEN, CLOSE = time(18), time(9, 30), {"globex": "17:00", "rth": "16:00"}
VENUE_FLAT = time(16, 10)  # 15:10 Chicago: the venue closes positions that are still open


class Day(Struct, frozen=True):
    """One trade date. A day without regular hours has rth_open = rth_close = 0."""

    date: str  # ISO
    number: int  # of the date, as date.toordinal()
    open: int
    close: int
    rth_open: int
    rth_close: int
    roll: int  # the next trade date begins
    flat: int  # the venue wants no position after this; at most `close`
    offset_s: int  # New York less UTC, all day long: clocks change on closed Sundays


class Session(Struct, frozen=True):
    trade_date: str
    open_ns: int
    close_ns: int
    flat_ns: int


def closing(table: dict[str, str], usual: str) -> dict[str, str]:
    """Day -> its closing time, or "closed", of the days that are not usual."""
    return {day: when for when, days in table.items() for day in days.split() if when != usual}


def instant(day: date, at: time) -> int:
    return int(datetime.combine(day, at, NEW_YORK).timestamp()) * SECOND


@cache
def days() -> tuple[Day, ...]:
    """Every trade date of the table, in order."""
    globex = closing(calendar.GLOBEX, CLOSE["globex"])
    nyse = closing(calendar.NYSE, CLOSE["rth"])
    found: list[Day] = []
    day, last = date.fromisoformat(calendar.FIRST), date.fromisoformat(calendar.LAST)
    while day <= last:
        key = f"{day:%Y%m%d}"
        end, rth_end = globex.get(key, CLOSE["globex"]), nyse.get(key, CLOSE["rth"])
        if day.weekday() < 5 and end != "closed":
            close = instant(day, time.fromisoformat(end))
            rth = rth_end != "closed"
            offset = datetime.combine(day, OPEN, NEW_YORK).utcoffset() or timedelta()
            found.append(
                Day(
                    day.isoformat(),
                    day.toordinal(),
                    instant(day - timedelta(1), ROLL),
                    close,
                    instant(day, OPEN) if rth else 0,
                    instant(day, time.fromisoformat(rth_end)) if rth else 0,
                    instant(day, ROLL),
                    min(close, instant(day, VENUE_FLAT)),
                    int(offset.total_seconds()),
                )
            )
        day += timedelta(1)
    return tuple(found)


@cache
def rolls() -> list[int]:
    return [day.roll for day in days()]


def index(at: int) -> int:
    """Of the trade date, in `days()`, that a stamp belongs to; closed hours to the next one."""
    return min(bisect_right(rolls(), at), len(rolls()) - 1)


def day(at: int) -> Day:
    return days()[index(at)]


def hours(day: Day, kind: str) -> tuple[int, int]:
    return (day.open, day.close) if kind == "globex" else (day.rth_open, day.rth_close)


def state(at: int, kind: str) -> tuple[Session | None, int]:
    """The session ("globex" or "rth") open at that moment or None, and when this answer ends.

    Hold on to the answer until then: an event in between costs one comparison."""
    for i in range(index(at), len(days())):
        opens, closes = hours(days()[i], kind)
        if at < opens:
            return None, opens
        if at < closes:
            return Session(days()[i].date, opens, closes, min(closes, days()[i].flat)), closes
    return None, NEVER


def session(at: int, kind: str) -> Session | None:
    return state(at, kind)[0]


def trade_date(at: int) -> str:
    return day(at).date
