"""Bars of a file as the tables of a run: the same whatever is read of it at once."""

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from core.clock import SECOND
from research import bar_source
from tests.research import random_bars
from tests.research.invented import SETTINGS

GAP_S = SETTINGS.bars.gap_max_s
ALWAYS = replace(SETTINGS, session=replace(SETTINGS.session, kind="all"))


def table(path, settings, monkeypatch, chunk):
    monkeypatch.setattr(bar_source, "CHUNK", chunk)
    return np.vstack(list(bar_source.tables(path, settings)))


@pytest.mark.parametrize("chunk", [500, 3000, 6001])
def test_the_quiet_seconds_of_a_day_are_there_whatever_is_read_at_once(
    tmp_path, monkeypatch, chunk
):
    path = tmp_path / "bars.parquet"
    random_bars.bars(1, "2024-01-02", "2024-01-08", seconds=2000).write_parquet(path)
    whole = table(path, SETTINGS, monkeypatch, 10**9)
    assert len(whole) == 4 * 2000 + 3 * GAP_S
    np.testing.assert_array_equal(table(path, SETTINGS, monkeypatch, chunk), whole)


def test_who_trades_by_day_only_hears_the_night_as_the_daemon_does(tmp_path, monkeypatch):
    """Its features are warm at 09:30; from rows of the day alone they were cold until 10:00."""
    path = tmp_path / "bars.parquet"
    day = random_bars.bars(1, "2024-01-02", "2024-01-04", seconds=900)
    night = day.with_columns(pl.col("start") - 12 * 3600 * SECOND)
    pl.concat([day, night]).sort("start").write_parquet(path)
    by_day = replace(SETTINGS, session=replace(SETTINGS.session, kind="rth"))
    told = [table(path, settings, monkeypatch, 10**9) for settings in (SETTINGS, by_day)]
    np.testing.assert_array_equal(*told)


def test_a_market_that_never_closes_is_one_segment_whatever_is_read_at_once(tmp_path, monkeypatch):
    path = tmp_path / "bars.parquet"
    start = (1_704_200_000 + np.flatnonzero(np.arange(200_000) % 7)) * SECOND
    price = 4800 + np.arange(len(start)) % 5 * 0.25
    frame = dict.fromkeys(("open", "high", "low", "close"), price)
    pl.DataFrame({"start": start, **frame, "volume": 3.0}).write_parquet(path)
    whole = table(path, ALWAYS, monkeypatch, 10**9)
    assert len(whole) == start[-1] // SECOND - start[0] // SECOND + 1 and whole[-1, 1] == 1
    np.testing.assert_array_equal(table(path, ALWAYS, monkeypatch, 5000), whole)
