"""A backtest of bars: its report, its files, and what is left when it is stopped."""

import json
import signal

import numpy as np
import polars as pl
import pytest

from research import bar_source, runs
from tests.cli.recorded import sold
from tests.research.invented import SETTINGS


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    """An hour and a half of seconds as a data vendor sells them: without the empty ones."""
    return sold(tmp_path_factory.mktemp("bars") / "seconds.parquet", 5400)


def test_rows_that_no_stage_could_use_are_left_out(bars, tmp_path):
    """Each second twice, one without a close, one without a volume, none in order."""
    frame = pl.read_parquet(bars)
    bad = frame.with_columns(
        close=pl.when(pl.int_range(pl.len()) == 7).then(None).otherwise(pl.col("close")),
        volume=pl.when(pl.int_range(pl.len()) == 9).then(None).otherwise(pl.col("volume")),
    )
    pl.concat([bad, bad]).write_parquet(tmp_path / "bad.parquet")
    whole = frame.with_row_index().filter(pl.col("index") != 7).drop("index").with_columns(
        volume=pl.when(pl.int_range(pl.len()) == 8).then(0.0).otherwise(pl.col("volume"))
    )  # fmt: skip
    whole.write_parquet(tmp_path / "whole.parquet")
    one, other = (
        np.vstack(list(bar_source.tables(tmp_path / name, SETTINGS, "globex")))
        for name in ("bad.parquet", "whole.parquet")
    )
    assert np.array_equal(one, other) and np.isfinite(one).all()


def test_a_file_without_volumes_has_none(bars, tmp_path):
    pl.read_parquet(bars).drop("volume").write_parquet(tmp_path / "dry.parquet")
    table = np.vstack(list(bar_source.tables(tmp_path / "dry.parquet", SETTINGS, "globex")))
    assert not table[:, 6].any() and len(table) == 5400


def test_the_files_own_quotes_are_used(bars, tmp_path):
    close = pl.col("close")
    quoted = pl.read_parquet(bars).with_columns(bid=close - 1.0, ask=close + 1.0)
    quoted.write_parquet(tmp_path / "quoted.parquet")
    table = np.vstack(list(bar_source.tables(tmp_path / "quoted.parquet", SETTINGS, "globex")))
    assert (table[:, 11] - table[:, 10] == 2.0).all()


def test_bars_of_a_minute_are_one_line(tradebot, bars, tmp_path):
    frame = pl.read_parquet(bars)
    frame.filter(pl.col("start") // 10**9 % 60 == 0).write_parquet(tmp_path / "minutes.parquet")
    code, out, err = tradebot("backtest", "--bars", tmp_path / "minutes.parquet")
    assert (code, out, err.count("\n")) == (2, "", 1) and "the daemon's are of 1 s" in err


@pytest.mark.parametrize("contract", [1, 0.7])
def test_leaving_out_what_changes_nothing_leaves_the_same_files(tradebot, bars, tmp_path, contract):
    """Also where volumes are no whole contracts, as those of coins and of indices by brokers."""
    told, frame = [], pl.read_parquet(bars)
    bars = tmp_path / "bars.parquet"
    frame.with_columns(pl.col("volume") * contract).write_parquet(bars)
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


@pytest.mark.parametrize(("fills", "ticks"), [("optimistic", 0), ("conservative", 1)])
def test_what_a_trade_slipped_is_what_those_fills_charge(tradebot, bars, tmp_path, fills, ticks):
    tradebot("backtest", "--bars", bars, "--fills", fills, "--out", tmp_path / "run")
    trades = runs.read(tmp_path / "run").trades
    takers = 2 - (trades["exit_reason"] == "target").cast(int)
    assert trades["slippage"].to_list() == (takers * trades["contracts"] * ticks * 1.25).to_list()
    assert len(trades)


def test_what_is_stopped_early_is_whole(tradebot, bars, tmp_path, monkeypatch, request):
    whole = bar_source.tables

    def stopped(*given):
        for number, table in enumerate(whole(*given)):
            if number == 3:
                signal.raise_signal(signal.SIGINT)
            yield table

    monkeypatch.setattr(bar_source, "ROWS", 500)
    monkeypatch.setattr(bar_source, "tables", stopped)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
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
