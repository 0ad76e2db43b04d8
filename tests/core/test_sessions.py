"""The calendar agrees with pandas_market_calendars to the minute, and knows New York's clocks."""

from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas_market_calendars as mcal
import pytest

from core.sessions import NEVER, SECOND, days, session, state, trade_date
from tests.core import make_calendar

# The library's own use of pandas, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:Series.dt.weekday:DeprecationWarning")

CALENDARS = {"globex": "CME Globex Equity", "rth": "NYSE"}
MINUTE = 60 * SECOND


def ns(text):
    """ISO New York or UTC (with Z) -> UTC ns."""
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        when = when.replace(tzinfo=make_calendar.NEW_YORK)
    return int(when.timestamp()) * SECOND


@cache
def spans(kind, first=make_calendar.FIRST, last=make_calendar.LAST):
    schedule = mcal.get_calendar(CALENDARS[kind]).schedule(first, last)
    times = [schedule[c].astype("datetime64[ns, UTC]") for c in ("market_open", "market_close")]
    return [f"{d:%Y-%m-%d}" for d in schedule.index], *(t.astype("int64").to_numpy() for t in times)


def test_the_table_is_what_the_generator_writes():
    assert make_calendar.TARGET.read_text(encoding="utf-8") == make_calendar.text()


@pytest.mark.parametrize("kind", CALENDARS)
def test_every_open_and_close_of_the_table_is_the_librarys(kind):
    for name, opens, closes in zip(*spans(kind), strict=True):
        found = session(opens, kind)
        assert (found.trade_date, found.open_ns, found.close_ns) == (name, opens, closes)
        assert session(opens - 1, kind) is None
        assert session(closes - 1, kind) == found
        assert session(closes, kind) is None
        assert state(opens, kind) == (found, closes)


@pytest.mark.parametrize("kind", CALENDARS)
@pytest.mark.parametrize(
    ("first", "last"),
    [("2013-10-01", "2013-10-14"), ("2023-12-21", "2024-01-04"), ("2024-03-07", "2024-03-14"),
     ("2024-10-31", "2024-11-07"), ("2026-11-23", "2026-12-02")],
)  # fmt: skip
def test_no_minute_is_wrong(kind, first, last):
    _, opens, closes = spans(kind, "2013-09-01", "2026-12-31")
    for minute in range(ns(first), ns(last), MINUTE):
        i = np.searchsorted(opens, minute, side="right") - 1
        assert (session(minute, kind) is not None) == (minute < closes[i])


@pytest.mark.parametrize(
    ("at", "kind", "name"),
    [
        ("2023-12-25T17:59:59", "globex", None),
        ("2023-12-25T18:00:00", "globex", "2023-12-26"),
        ("2023-12-26T09:29:59", "rth", None),
        ("2023-12-26T09:30:00", "rth", "2023-12-26"),
        ("2013-10-07T00:00:00Z", "globex", "2013-10-07"),
        ("2024-03-08T14:30:00Z", "rth", "2024-03-08"),
        ("2024-03-11T13:30:00Z", "rth", "2024-03-11"),
        ("2024-03-08T14:29:59Z", "rth", None),
        ("2024-03-11T13:29:59Z", "rth", None),
        ("2024-01-15T10:00:00", "rth", None),
        ("2024-01-15T10:00:00", "globex", "2024-01-15"),
        ("2026-11-27T13:14:59", "globex", "2026-11-27"),
        ("2026-11-27T13:15:00", "globex", None),
        ("1999-01-04T10:00:00", "globex", None),
        ("2040-01-04T10:00:00", "globex", None),
    ],
)
def test_a_moment_is_in_its_session(at, kind, name):
    found = session(ns(at), kind)
    assert (found.trade_date if found else None) == name


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("2024-01-04T17:30:00", "2024-01-04"),
        ("2024-01-04T17:59:59", "2024-01-04"),
        ("2024-01-04T18:00:00", "2024-01-05"),
        ("2024-01-05T17:59:59", "2024-01-05"),
        ("2024-01-05T18:00:00", "2024-01-08"),
        ("2024-01-06T12:00:00", "2024-01-08"),
        ("2023-12-25T10:00:00", "2023-12-26"),
        ("2024-11-02T12:00:00", "2024-11-04"),
    ],
)
def test_the_trade_date_rolls_at_six_in_the_evening(at, name):
    assert trade_date(ns(at)) == name


@pytest.mark.parametrize(
    ("at", "kind", "flat"),
    [
        ("2024-01-04T12:00:00", "globex", "2024-01-04T16:10:00"),  # 15:10 Chicago
        ("2024-01-04T12:00:00", "rth", "2024-01-04T16:00:00"),
        ("2024-07-03T12:00:00", "globex", "2024-07-03T13:15:00"),
        ("2024-07-03T12:00:00", "rth", "2024-07-03T13:00:00"),
    ],
)
def test_the_venue_wants_no_position_after(at, kind, flat):
    assert session(ns(at), kind).flat_ns == ns(flat)


def test_closed_hours_last_until_the_next_open():
    assert state(ns("2024-01-05T17:00:00"), "globex") == (None, ns("2024-01-07T18:00:00"))
    assert state(ns("2024-01-05T16:00:00"), "rth") == (None, ns("2024-01-08T09:30:00"))
    assert state(ns("2040-01-05T17:00:00"), "globex") == (None, NEVER)


def test_new_yorks_offset_holds_for_the_whole_trade_date():
    for day in days():
        for at in (day.open, day.close):
            local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(make_calendar.NEW_YORK)
            assert local.utcoffset().total_seconds() == day.offset_s
