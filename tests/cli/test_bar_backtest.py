"""A backtest of bars: its report, its files, and what is left when it is stopped."""

import json
import signal

import numpy as np
import polars as pl
import pytest

from research import bar_source, runs
from tests.indicators.bars import columns


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """An hour and a half of seconds as a data vendor sells them: without the empty ones."""
    found = columns("2024-01-03T10:00:00", 5400, seed=5)
    traded = found[found[:, 9] == 0]
    names = ("open", "high", "low", "close", "volume")
    frame = pl.DataFrame({name: traded[:, 2 + i] for i, name in enumerate(names)})
    start = ((traded[:, 0] - 1) * 1e9).astype(np.int64)
    path = tmp_path_factory.mktemp("bars") / "seconds.parquet"
    frame.insert_column(0, pl.Series("start", start)).write_parquet(path)
    return path


def test_leaving_out_what_changes_nothing_leaves_the_same_files(tradebot, bars, tmp_path):
    told = []
    for words in ([], ["--every"]):
        out = tmp_path / f"run{len(words)}"
        code, printed, err = tradebot("backtest", "--bars", bars, "--out", out, "--json", *words)
        told.append(json.loads(printed))
        assert (code, err, printed.count("\n")) == (0, "", 1)
    fast, slow = told
    assert fast["bars"] == slow["bars"] == 5400 and fast["bars_told"] < slow["bars_told"] == 5400
    for key in ("orders", "round_trips", "net_pnl", "balance", "position", "fees"):
        assert fast[key] == slow[key], key
    for name in ("trades.csv", "equity.parquet"):
        files = [(tmp_path / f"run{number}" / name).read_bytes() for number in (0, 1)]
        assert files[0] == files[1], name
    assert len(runs.read(tmp_path / "run0").equity) == 5400


def test_what_is_stopped_early_is_whole(tradebot, bars, tmp_path, monkeypatch):
    whole = bar_source.tables

    def stopped(*given):
        for number, table in enumerate(whole(*given)):
            if number == 3:
                signal.raise_signal(signal.SIGINT)
            yield table

    monkeypatch.setattr(bar_source, "ROWS", 500)
    monkeypatch.setattr(bar_source, "tables", stopped)
    code, printed, err = tradebot("backtest", "--bars", bars, "--out", tmp_path / "run", "--json")
    told = json.loads(printed)
    assert (code, err, told["ended"]) == (0, "", "interrupted")
    assert len(runs.read(tmp_path / "run").equity) == told["bars"] < 5400
    assert not list((tmp_path / "run").glob("*.part"))


def test_the_kind_of_fills_is_one_of_three(tradebot, bars):
    code, out, err = tradebot("backtest", "--bars", bars, "--fills", "kind")
    assert (code, out, err.count("\n")) == (2, "", 1) and "optimistic" in err


def test_a_file_that_is_not_there_is_one_line(tradebot):
    code, out, err = tradebot("backtest", "--bars", "none.parquet")
    assert (code, out, err.count("\n")) == (2, "", 1) and "none.parquet" in err
