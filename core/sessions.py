"""When the exchange trades: trade dates, Globex and RTH sessions, from a table, without a clock.

A trade date begins at 18:00 New York on the day before; on Globex it trades from then until 17:00
or an early close, in regular hours (RTH) from 09:30 until 16:00 or an early close on NYSE days.
All stamps UTC ns. Outside the table's years nothing is open and the nearest day is named.

A market of kind "all" never closes: its days are those of UTC, from midnight to midnight.

Each day ends in four steps before its flat time (quant.md 9.4): half size, exits only, exits at the
market, flat. The flat time is the earliest of: so long before the exchange's close, so long before
the venue's own flat time, the end of the session that is traded.
"""

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from core import calendar
from core.clock import SECOND
from core.settings import SessionSettings

CHICAGO = ZoneInfo("America/Chicago")
NEW_YORK = ZoneInfo("America/New_York")
NEVER = 2**63 - 1
ALWAYS = "all"  # hours
DAY, EPOCH = 86_400 * SECOND, date(1970, 1, 1).toordinal()
ONWARD = 7  # edition since which no trade date begins again, and no position lives through one
ROLL, OPEN, CLOSE = time(18), time(9, 30), {"globex": "17:00", "rth": "16:00"}


class Phase(IntEnum):
    """How much of a trade date is left; outside the session it is FLAT."""

    FULL = 0
    REDUCED = 1  # entries at a part of their size
    EXITS = 2  # no entries
    FLATTEN = 3  # exits at the market
    FLAT = 4  # no position and no order


class Day(Struct, frozen=True):
    """One trade date. A day without regular hours has rth_open = rth_close = 0."""

    date: str  # ISO
    number: int  # of the date, as date.toordinal()
    open: int
    close: int
    rth_open: int
    rth_close: int
    roll: int  # the next trade date begins
    offset_s: int  # New York less UTC, all day long: clocks change on closed Sundays; UTC days: 0


class Session(Struct, frozen=True):
    trade_date: str
    open_ns: int
    close_ns: int


class Steps(Struct, frozen=True):
    """The end of one day: each phase begins at its moment."""

    opens: int
    closes: int
    reduced: int
    exits: int
    flatten: int
    flat: int


def closing(table: dict[str, str], usual: str) -> dict[str, str]:
    """Day -> its closing time, or "closed", of the days that are not usual."""
    return {day: when for when, days in table.items() for day in days.split() if when != usual}


def instant(day: date, at: time) -> int:
    return int(datetime.combine(day, at, NEW_YORK).timestamp()) * SECOND


def days(kind: str = "globex") -> tuple[Day, ...]:
    """Every trade date of the table, in order."""
    return utc_days() if kind == ALWAYS else exchange_days()


@cache
def utc_days() -> tuple[Day, ...]:
    first, last = date.fromisoformat(calendar.FIRST), date.fromisoformat(calendar.LAST)
    found: list[Day] = []
    for number in range(first.toordinal(), last.toordinal() + 1):
        opens = (number - EPOCH) * DAY
        ends = opens + DAY
        name = date.fromordinal(number).isoformat()
        found.append(Day(name, number, opens, ends, opens, ends, ends, 0))
    return tuple(found)


@cache
def exchange_days() -> tuple[Day, ...]:
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
                    int(offset.total_seconds()),
                )
            )
        day += timedelta(1)
    return tuple(found)


@cache
def rolls(kind: str = "globex") -> list[int]:
    return [day.roll for day in days(kind)]


@lru_cache(maxsize=16)  # an entry asks several times of its moment
def index(at: int, kind: str = "globex") -> int:
    """Of the trade date, in `days(kind)`, that a stamp belongs to; closed hours to the next one."""
    return min(bisect_right(rolls(kind), at), len(rolls(kind)) - 1)


def day(at: int, kind: str = "globex") -> Day:
    return days(kind)[index(at, kind)]


def hours(day: Day, kind: str) -> tuple[int, int]:
    return (day.rth_open, day.rth_close) if kind == "rth" else (day.open, day.close)


def regular(at: int) -> bool:
    """Within regular hours?"""
    now = day(at)
    return now.rth_open <= at < now.rth_close


def state(at: int, kind: str) -> tuple[Session | None, int]:
    """The session ("globex", "rth", "all") open at that moment or None, and when this answer ends.

    Hold on to the answer until then: an event in between costs one comparison."""
    table = days(kind)
    for i in range(index(at, kind), len(table)):
        opens, closes = hours(table[i], kind)
        if at < opens:
            return None, opens
        if at < closes:
            return Session(table[i].date, opens, closes), closes
    return None, NEVER


def session(at: int, kind: str) -> Session | None:
    return state(at, kind)[0]


def trade_date(at: int, kind: str = "globex") -> str:
    return day(at, kind).date


def begins(day: str, known: str, edition: int) -> bool:
    """Is this trade date a new one? A start whose clock is behind tells one that was already: what
    was lost and hit since then still counts."""
    return day > known if edition >= ONWARD else day != known


@lru_cache(maxsize=64)
def steps(number: int, rules: SessionSettings) -> Steps:
    """Of the trade date with that index."""
    day = days(rules.kind)[number]
    opens, closes = hours(day, rules.kind)
    flat = min(closes, day.close - ns(rules.close_margin_s))
    if rules.venue_flat:
        there = datetime.fromisoformat(f"{day.date}T{rules.venue_flat}").replace(tzinfo=CHICAGO)
        flat = min(flat, int(there.timestamp()) * SECOND - ns(rules.venue_margin_s))
    reduced, exits, flatten = (
        flat - ns(before) for before in (rules.reduce_s, rules.no_entry_s, rules.flatten_s)
    )
    return Steps(opens, closes, reduced, exits, flatten, flat)


def ns(seconds: float) -> int:
    return int(seconds * SECOND)


def phase(at: int, rules: SessionSettings) -> Phase:
    """Each step counts from its own moment on."""
    day = steps(index(at, rules.kind), rules)
    if not day.opens <= at < day.flat:
        return Phase.FLAT
    if at >= day.flatten:
        return Phase.FLATTEN
    if at >= day.exits:
        return Phase.EXITS
    return Phase.REDUCED if at >= day.reduced else Phase.FULL


def lasts(at: int, rules: SessionSettings) -> int:
    """Until when the phase of that moment surely holds."""
    number = index(at, rules.kind)
    roll, day = rolls(rules.kind)[number], steps(number, rules)
    edges = (day.opens, day.reduced, day.exits, day.flatten, day.flat, roll)
    return min((edge for edge in edges if edge > at), default=NEVER)


def share(at: int, rules: SessionSettings) -> Decimal:
    """Of its full size that an entry may have now."""
    now = phase(at, rules)
    return rules.reduce_share if now is Phase.REDUCED else Decimal(now is Phase.FULL)


def left(at: int, rules: SessionSettings) -> int:
    """Nanoseconds until the day's position must be flat, negative after; -1 s out of session."""
    day = steps(index(at, rules.kind), rules)
    return day.flat - at if day.opens <= at < day.closes else -SECOND


def shut(at: int, kind: str = "globex") -> bool:
    """Is the exchange closed for sure? Nothing is sent then: it could only be refused."""
    now = day(at, kind)
    return at < now.open or now.close <= at < now.roll
