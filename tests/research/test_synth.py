"""A seed makes one market, which keeps the exchange's hours and the tick grid, and looks real."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from core.clock import SECOND
from research import history, hours, likeness, synth

START = date(2024, 3, 4)  # the clocks change in this week


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("synth") / "mes.parquet"
    assert synth.write(path, 300_000, 7, START) == 300_000
    return path


def test_the_same_seed_gives_the_same_bytes_and_another_another_market(made, tmp_path):
    for seed in (7, 8):
        synth.write(tmp_path / f"{seed}", 300_000, seed, START)
    assert (tmp_path / "7").read_bytes() == made.read_bytes()
    assert (tmp_path / "8").read_bytes() != made.read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_more_rows_of_a_seed_begin_with_the_fewer(made, tmp_path):
    synth.write(tmp_path / "less.parquet", 100_000, 7, START)
    assert pl.read_parquet(tmp_path / "less.parquet").equals(pl.read_parquet(made).head(100_000))


def test_every_bar_is_sound_and_lies_in_a_session(made):
    found = history.load([made])
    assert (found.step_s, found.notes, found.frame.height) == (1, [], 300_000)
    start = found.frame["start"].to_numpy()
    assert (np.diff(start) >= SECOND).all() and not (start % SECOND).any()
    assert hours.inside(start, "globex").all()
    for name in ("open", "high", "low", "close"):
        assert not (found.frame[name].to_numpy() % synth.TICK).any()
    assert (found.frame["volume"] >= found.frame["trades"]).all()


def test_the_day_follows_new_york_over_the_clock_change(made):
    """Volume jumps at 09:30 there: at 14:30 UTC before 10 March 2024, at 13:30 after it."""
    frame = history.load([made], "rth").frame
    dates = pl.Series("date", hours.date_index(frame["start"].to_numpy()))
    first = frame.group_by(dates, maintain_order=True).agg(pl.col("start").first())
    opens = (first["start"] // SECOND % 86_400 // 60).to_list()
    assert opens[:5] == [14 * 60 + 30] * 5
    assert opens[5:] and set(opens[5:]) == {13 * 60 + 30}


def test_the_seconds_of_a_calm_market_are_those_of_2018():
    calm = synth.Laws(level=likeness.CALM, price=6500.0, slow_sigma=0.1)
    found = dict(likeness.of_seconds(likeness.whole(synth.generate(300_000, 3, laws=calm))))
    wanted = [row for row in likeness.REAL if row.name in found]
    assert len(wanted) == len(found) == 15
    assert [row.name for row in wanted if not row.least <= found[row.name] <= row.most] == []


def test_the_minutes_are_those_of_2025():
    months = likeness.whole(synth.generate(3_000_000, 1, laws=synth.Laws(price=6500.0)))
    found = dict(likeness.of_minutes(months))
    wanted = [row for row in likeness.REAL if row.name in found]
    apart = [row.name for row in wanted if not row.least <= found[row.name] <= row.most]
    assert len(wanted) == len(found) == 19
    assert len(apart) <= 2, apart  # 90 days of a market with long memory differ by themselves


def test_a_market_that_is_not_like_it_is_told():
    flat = likeness.whole(synth.generate(300_000, 3, laws=synth.Laws(level=3.0, burst=1.0)))
    found = dict(likeness.of_seconds(flat)) | dict(likeness.of_minutes(flat))
    apart = {row["name"] for row in likeness.told(found) if not row["alike"]}
    assert {"second change, std, ticks", "second: trades, variance/mean"} <= apart


def test_a_failed_write_leaves_nothing(tmp_path):
    def stop(rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synth.write(tmp_path / "a.parquet", 50_000, 1, START, seen=stop)
    assert not list(tmp_path.iterdir())
