"""Contract months: when they expire, when they are left, and what a name is not."""

from datetime import UTC, datetime

import pytest

from core.contracts import CODES, NEW_YORK, QUARTERS, expiry, month_of, rolls_at
from core.sessions import SECOND, session

# quant.md 13.2: code, last trading day, customary roll (where it is named there).
KNOWN = [
    ("H25", "2025-03-21", None), ("M25", "2025-06-20", None), ("U25", "2025-09-19", None),
    ("Z25", "2025-12-19", None), ("H26", "2026-03-20", "2026-03-16"),
    ("M26", "2026-06-18", "2026-06-15"), ("U26", "2026-09-18", "2026-09-14"),
    ("Z26", "2026-12-18", "2026-12-14"), ("H27", "2027-03-19", None), ("M27", "2027-06-17", None),
    ("U27", "2027-09-17", None),
]  # fmt: skip


def local(at):
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone(NEW_YORK)


@pytest.mark.parametrize(("code", "last", "roll"), KNOWN)
def test_expiry_and_customary_roll_are_the_known_ones(code, last, roll):
    _, year, month = month_of(f"CON.F.US.MES.{code}")
    assert expiry(year, month).isoformat() == last
    at = local(rolls_at(f"CON.F.US.MES.{code}", 4))
    assert (at.weekday(), at.hour, at.minute) == (0, 18, 0)
    assert roll in (None, at.date().isoformat())


@pytest.mark.parametrize("symbol", ["MES", "MNQ", "M2K", "MYM", "EP"])
def test_forty_rolls_leave_each_contract_while_it_trades_and_is_no_holiday(symbol):
    """2026 to 2035: the roll is a Monday after the close, the start of a trade date, in time."""
    months = [(year, month) for year in range(2026, 2036) for month in QUARTERS]
    assert len(months) == 40
    for year, month in months:
        at = rolls_at(f"CON.F.US.{symbol}.{CODES[month - 1]}{year % 100:02d}", 4)
        moment = local(at)
        assert (moment.weekday(), moment.hour) == (0, 18)
        assert session(at, "globex").open_ns == at, "it is the start of a trade date"
        assert 3 <= (expiry(year, month) - moment.date()).days <= 4
        assert session(int(datetime.combine(
            expiry(year, month), datetime.min.time().replace(hour=10), NEW_YORK,
        ).timestamp()) * SECOND, "rth")  # fmt: skip


def test_metals_are_left_before_their_month_begins():
    assert local(rolls_at("CON.F.US.MGC.Z26", 4)).isoformat() == "2026-11-28T18:00:00-05:00"
    assert rolls_at("CON.F.US.MGC.H26", 4) == 0, "not a month that is traded"


@pytest.mark.parametrize("name", [
    "", "MESZ6", "CON.F.US.MES.A26", "CON.F.US.MES.Z6", "CON.F.US.MES.Z2026", "CON.F.US.CLE.Z26",
    "CON.F.US.MES.F26", " CON.F.US.MES.Z26", "CON.F.US.MES.Z26\n",
])  # fmt: skip
def test_what_has_no_known_roll_is_never_opened(name):
    assert rolls_at(name, 4) == 0
