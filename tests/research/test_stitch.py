"""Contracts become one series: when it rolls, what it adjusts, and that raw prices come back."""

import numpy as np
import polars as pl
import pytest

from core.clock import SECOND
from core.errors import UsageError
from core.sessions import days
from research import stitch
from research.bars import PRICES

DATES = [day for day in days() if "2026-03-09" <= day.date <= "2026-03-20"]
OLD, NEW, LATER = "MESH6", "MESM6", "MESU6"


def market(volumes, base=None):
    """One bar in each of three minutes a date and contract; prices walk on the tick grid."""
    rows, base = [], base or {OLD: 5000.0, NEW: 5040.0, LATER: 5085.0}
    for number, day in enumerate(DATES):
        for name, sizes in volumes.items():
            for minute in range(3):
                close = base[name] + (number * 7 + minute * 3) % 11 * 0.25
                start = day.open + minute * 60 * SECOND
                rows.append((start, close, close + 0.5, close - 0.5, close, sizes[number], name))
    names = ["start", *PRICES, "volume", "contract"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("volume").cast(pl.Float64)
    )


EARLY = {OLD: [9] * 3 + [1] * 7, NEW: [1] * 3 + [9] * 7, LATER: [0] * 10}


def when(rolls):
    return [next(day.date for day in DATES if day.open == roll.at) for roll in rolls]


def test_it_rolls_after_the_first_date_with_more_volume_in_the_next():
    _, rolls = stitch.continuous(market(EARLY))
    assert when(rolls) == [DATES[4].date]  # the fourth date had more: from the fifth on
    assert (rolls[0].old, rolls[0].new, rolls[0].apart_s) == (OLD, NEW, 0.0)


@pytest.mark.parametrize("rule", stitch.RULES)
def test_it_rolls_on_the_monday_before_the_third_friday_at_the_latest(rule):
    """At 18:00 New York on 2026-03-16, which is where the trade date of the 17th begins."""
    never = {OLD: [9] * 10, NEW: [1] * 10}
    _, rolls = stitch.continuous(market(never), rule=rule)
    assert when(rolls) == ["2026-03-17"]


def test_it_never_rolls_back():
    back = {OLD: [9, 1, 9, 9, 9, 9, 9, 9, 9, 9], NEW: [1, 9] + [1] * 8}
    series, rolls = stitch.continuous(market(back))
    assert len(rolls) == 1
    assert series["contract"].to_list() == [OLD] * 6 + [NEW] * 24


def test_differences_keep_every_step_within_a_contract_and_make_none_at_the_roll():
    raw = market(EARLY)
    series, rolls = stitch.continuous(raw)
    steps = np.diff(series["close"].to_numpy())
    roll_row = int(series["start"].search_sorted(rolls[0].at))
    new = raw.filter(pl.col("contract") == NEW)["close"].to_numpy()
    assert steps[roll_row - 1] == new[roll_row] - new[roll_row - 1]  # the new one's own change
    old = raw.filter(pl.col("contract") == OLD)["close"].to_numpy()
    assert (steps[: roll_row - 1] == np.diff(old[:roll_row])).all()
    assert not (series["close"].to_numpy() % 0.25).any()


def test_ratios_keep_percentages_and_none_keeps_prices():
    raw = market(EARLY)
    series, rolls = stitch.continuous(raw, how="ratio")
    before = series.filter(pl.col("start") < rolls[0].at)["close"].to_numpy()
    old = raw.filter((pl.col("contract") == OLD) & (pl.col("start") < rolls[0].at))
    assert np.allclose(before[1:] / before[:-1], old["close"][1:] / old["close"][:-1], atol=1e-15)
    row, close = len(before), series["close"].to_numpy()
    new = raw.filter(pl.col("contract") == NEW)["close"].to_numpy()
    assert close[row] / close[row - 1] == pytest.approx(new[row] / new[row - 1], rel=1e-12)
    assert (close[row:] == new[row:]).all() and close[row - 1] != old["close"][-1]
    plain, _ = stitch.continuous(raw, how="none")
    assert plain["close"].to_list() == [*old["close"], *new[row:]]


@pytest.mark.parametrize("how", stitch.HOWS)
def test_raw_prices_come_back_from_shift_and_factor(how):
    raw = market(EARLY)
    series, _ = stitch.continuous(raw, how=how)
    back = series.with_columns(raw=pl.col("close") / pl.col("factor") - pl.col("shift"))
    both = back.join(raw, on=["start", "contract"], suffix="_raw")
    assert both.height == series.height
    assert np.abs((both["raw"] - both["close_raw"]).to_numpy()).max() < 1e-9


def test_two_rolls_add_up_and_the_last_contract_is_not_adjusted():
    twice = {OLD: [9, 1, 0] + [0] * 7, NEW: [1, 9, 9, 9, 1] + [0] * 5, LATER: [0] * 4 + [9] * 6}
    series, rolls = stitch.continuous(market(twice))
    assert [roll.new for roll in rolls] == [NEW, LATER]
    shifts = [roll.new_close - roll.old_close for roll in rolls]
    assert series["shift"].unique().sort().to_list() == sorted([0.0, shifts[1], sum(shifts)])
    assert series["shift"][-1] == 0.0


def test_closes_of_other_days_adjust_nothing():
    raw = market({OLD: [9] * 10, NEW: [9] * 10})
    apart = raw.filter(
        ((pl.col("contract") == OLD) & (pl.col("start") < DATES[2].open))
        | ((pl.col("contract") == NEW) & (pl.col("start") >= DATES[8].open))
    )
    series, rolls = stitch.continuous(apart)
    assert not rolls[0].sure
    assert not series["shift"].to_numpy().any()


@pytest.mark.parametrize(
    ("name", "year", "wanted"),
    [
        ("MESH6", 2026, "CON.F.US.MES.H26"), ("ESZ3", 2013, "CON.F.US.EP.Z13"),
        ("ESH0", 2019, "CON.F.US.EP.H20"), ("201403", 2013, "CON.F.US.MES.H14"),
        ("2014-03", 2013, "CON.F.US.MES.H14"), ("MESU26", 2020, "CON.F.US.MES.U26"),
        ("20131227", 2013, "CON.F.US.MES.Z13"),
    ],
)  # fmt: skip
def test_a_contract_is_known_by_any_of_its_names(name, year, wanted):
    assert stitch.contract_id(name, year, "F.US.MES") == wanted


def test_what_names_no_contract_is_refused():
    with pytest.raises(UsageError, match="not a contract"):
        stitch.contract_id("BTCUSDT", 2024, "F.US.MES")
