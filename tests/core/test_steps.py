"""The day ends in four steps, whatever day it is, and every change of clocks is met."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.sessions import (
    CHICAGO,
    NEW_YORK,
    SECOND,
    Phase,
    days,
    lasts,
    left,
    phase,
    share,
    shut,
    steps,
)
from tests import build


def moment(text):
    """ISO New York -> UTC ns."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * SECOND


TOPSTEP = build.SETTINGS.session
OWN = replace(TOPSTEP, venue_flat="")
ENDS = [
    (TOPSTEP, "2024-01-04", "15:38 15:53 16:03 16:08"),
    (OWN, "2024-01-04", "16:00 16:15 16:25 16:30"),
    (OWN, "2024-07-04", "12:00 12:15 12:25 12:30"),
    (TOPSTEP, "2024-07-04", "12:00 12:15 12:25 12:30"),
    (TOPSTEP, "2024-07-03", "12:15 12:30 12:40 12:45"),
    (TOPSTEP, "2026-04-03", "08:15 08:30 08:40 08:45"),
    (TOPSTEP, "2025-01-09", "08:30 08:45 08:55 09:00"),
    (replace(TOPSTEP, kind="rth"), "2024-01-04", "15:30 15:45 15:55 16:00"),
    (replace(OWN, kind="rth"), "2024-07-03", "12:15 12:30 12:40 12:45"),
]
# The Fridays before and the Mondays after each change of clocks.
CHANGES = [
    day
    for year in range(2024, 2028)
    for month, nth in ((3, 2), (11, 1))
    for sunday in [date(year, month, 1) + timedelta((6 - date(year, month, 1).weekday()) % 7)]
    for day in (
        sunday + timedelta(7 * (nth - 1) - 2),
        sunday + timedelta(7 * (nth - 1) + 1),
    )
]


@pytest.mark.parametrize(
    ("rules", "day", "times"),
    [*ENDS, *((rules, day.isoformat(), times) for rules, _, times in ENDS[:2] for day in CHANGES)],
)
def test_the_day_ends_in_four_steps(rules, day, times):
    known = [Phase.FULL, Phase.REDUCED, Phase.EXITS, Phase.FLATTEN, Phase.FLAT]
    for before, after, clock in zip(known, known[1:], times.split(), strict=False):
        at = moment(f"{day}T{clock}")
        assert phase(at - 1, rules) is before
        assert phase(at, rules) is after
    shares = [share(moment(f"{day}T{clock}"), rules) for clock in times.split()]
    assert shares == [Decimal("0.5"), 0, 0, 0]
    assert share(moment(f"{day}T{times.split()[0]}") - 1, rules) == 1
    flat = moment(f"{day}T{times.split()[-1]}")
    assert left(flat - SECOND, rules) == SECOND
    assert left(flat, rules) <= 0


@pytest.mark.parametrize("at", [
    "2024-01-04T16:59:59", "2024-01-04T17:30:00", "2024-01-06T12:00:00", "2023-12-25T12:00:00",
    "2040-01-05T12:00:00", "1999-01-05T12:00:00",
])  # fmt: skip
def test_outside_the_session_we_are_to_be_flat(at):
    assert phase(moment(at), TOPSTEP) is Phase.FLAT
    assert left(moment(at), TOPSTEP) < 0


def test_without_regular_hours_there_is_no_day_in_them():
    assert phase(moment("2024-01-15T10:00:00"), replace(TOPSTEP, kind="rth")) is Phase.FLAT


@given(
    st.integers(0, len(days()) - 1), st.integers(0, 24 * 3600), st.booleans(),
    st.sampled_from(["", "15:10", "14:00", "08:15"]),
)  # fmt: skip
def test_the_phase_only_rises_until_the_day_is_over(number, second, rth, venue):
    rules = replace(TOPSTEP, venue_flat=venue, kind="rth" if rth else "globex")
    day, end = days()[number], steps(number, rules)
    at = day.open + second * SECOND
    assume(at < day.roll)
    known, later = phase(at, rules), phase(at + SECOND, rules)
    if at + SECOND < day.roll and end.opens <= at:
        assert later >= known
    assert (known is Phase.FLAT) is not (end.opens <= at < end.flat)
    assert end.flat <= day.close - 1800 * SECOND
    if venue:
        there = datetime.fromisoformat(f"{day.date}T{venue}").replace(tzinfo=CHICAGO)
        assert end.flat <= int(there.timestamp() - 120) * SECOND
    assert known is Phase.FLAT or not shut(at)


def test_the_exchange_is_shut_between_its_sessions_and_never_beyond_the_table():
    for day, following in zip(days(), days()[1:], strict=False):
        assert not shut(day.open) and not shut(day.close - 1)
        assert shut(day.close) and shut(following.open - 1)
    assert not shut(moment("2040-01-05T12:00:00"))


def test_every_change_of_clocks_until_2035_is_met():
    """New York and Chicago change together, on a Sunday before the open: 17:00 Chicago it stays."""
    seen = 0
    for day, following in zip(days(), days()[1:], strict=False):
        if not "2020" <= day.date < "2036":
            continue
        seen += day.offset_s != following.offset_s
        for one in (day, following):
            there = datetime.fromtimestamp(one.open // SECOND, UTC).astimezone(CHICAGO)
            assert (there.hour, there.minute) == (17, 0)
            assert date.fromisoformat(one.date) - there.date() == timedelta(1)
    assert seen == 32


@given(
    number=st.integers(0, len(days()) - 2), second=st.integers(-7 * 3600, 18 * 3600),
    rules=st.sampled_from([TOPSTEP, OWN, replace(TOPSTEP, kind="rth")]),
)  # fmt: skip
def test_a_phase_holds_until_it_is_told_to_end(number, second, rules):
    at = days()[number].open + (7 * 3600 + second) * SECOND
    end, now = lasts(at, rules), phase(at, rules)
    assert end > at
    for moment in (at + (end - at) // 3, at + (end - at) // 2, end - 1):
        assert phase(moment, rules) is now


@pytest.mark.parametrize(("rules", "day", "times"), ENDS)
def test_a_phase_is_told_to_end_where_the_next_begins(rules, day, times):
    for clock in times.split():
        at = moment(f"{day}T{clock}")
        assert lasts(at - 1, rules) == lasts(at - SECOND, rules) == at
