"""The calendar agrees with pandas_market_calendars to the minute but for the corrections that
docs/calendar.md names, and knows New York's clocks."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

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
    """Name, open and close of each session: the library's, with the corrections put in."""
    schedule = mcal.get_calendar(CALENDARS[kind]).schedule(first, last)
    times = [schedule[c].astype("datetime64[ns, UTC]") for c in ("market_open", "market_close")]
    names = [f"{d:%Y-%m-%d}" for d in schedule.index]
    rows = zip(names, *(t.astype("int64").tolist() for t in times), strict=True)
    changed = {k: ours for k, (_, ours) in make_calendar.differences().items()}
    changed = changed if kind == "globex" else {}
    kept = [
        (name, opens, ns(f"{name}T{change}") if change else closes)
        for name, opens, closes in rows
        if (change := changed.get(name.replace("-", ""))) != "closed"
    ]
    return tuple(zip(*kept, strict=True))


def test_the_table_is_what_the_generator_writes():
    assert make_calendar.TARGET.read_text(encoding="utf-8") == make_calendar.text()


DOCUMENT = Path(__file__).parents[2] / "docs" / "calendar.md"


def test_every_difference_from_the_library_is_documented_and_no_other():
    found = make_calendar.differences()
    said = {
        cells[1].replace("-", ""): (cells[2], cells[3])
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        if (cells := [cell.strip() for cell in line.split("|")]) and line.startswith("| 20")
    }
    assert said == found


@pytest.mark.parametrize("year", [2012, 2015, 2021, 2023, 2026])
def test_on_good_fridays_with_a_jobs_report_the_library_and_the_rule_agree(year):
    (day,) = [d for d in make_calendar.good_fridays() if d.startswith(str(year))]
    assert make_calendar.good_fridays()[day] == "09:15"
    assert make_calendar.exceptions("CME Globex Equity", "17:00")[day] == "09:15"


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
@pytest.mark.parametrize("year", range(2024, 2028))
def test_no_minute_of_four_years_is_wrong(kind, year):
    """Each minute is asked for, from the first of January to the next, New York."""
    _, opens, closes = spans(kind)
    minutes = range(ns(f"{year}-01-01"), ns(f"{year + 1}-01-01"), MINUTE)
    at = np.arange(minutes.start, minutes.stop, MINUTE)
    number = np.searchsorted(np.array(opens), at, side="right") - 1
    expected = (at < np.array(closes)[number]).tolist()
    found = [state(minute, kind)[0] is not None for minute in minutes]
    assert len(found) >= 365 * 1440
    assert [minutes[i] for i in range(len(found)) if found[i] is not expected[i]] == []


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
        ("2025-01-09T09:29:59", "globex", "2025-01-09"),
        ("2025-01-09T09:30:00", "globex", None),
        ("2025-01-09T18:00:00", "globex", "2025-01-10"),
        ("2025-01-09T12:00:00", "rth", None),
        ("2026-04-03T09:14:59", "globex", "2026-04-03"),
        ("2026-04-03T09:15:00", "globex", None),
        ("2026-04-03T12:00:00", "rth", None),
        ("2024-03-28T18:00:00", "globex", None),
        ("2025-04-18T08:00:00", "globex", None),
        ("2024-06-19T12:59:59", "globex", "2024-06-19"),
        ("2024-06-19T13:00:00", "globex", None),
        ("2027-06-18T12:59:59", "globex", "2027-06-18"),
        ("2027-06-18T13:00:00", "globex", None),
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


def test_closed_hours_last_until_the_next_open():
    assert state(ns("2024-01-05T17:00:00"), "globex") == (None, ns("2024-01-07T18:00:00"))
    assert state(ns("2024-01-05T16:00:00"), "rth") == (None, ns("2024-01-08T09:30:00"))
    assert state(ns("2040-01-05T17:00:00"), "globex") == (None, NEVER)


def test_new_yorks_offset_holds_for_the_whole_trade_date():
    for day in days():
        for at in (day.open, day.close):
            local = datetime.fromtimestamp(at // SECOND, UTC).astimezone(make_calendar.NEW_YORK)
            assert local.utcoffset().total_seconds() == day.offset_s
