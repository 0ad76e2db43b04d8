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
        np.vstack(list(bar_source.tables(tmp_path / name, SETTINGS)))
        for name in ("bad.parquet", "whole.parquet")
    )
    assert np.array_equal(one, other) and np.isfinite(one).all()


def test_a_file_without_volumes_has_none(bars, tmp_path):
    pl.read_parquet(bars).drop("volume").write_parquet(tmp_path / "dry.parquet")
    table = np.vstack(list(bar_source.tables(tmp_path / "dry.parquet", SETTINGS)))
    assert not table[:, 6].any() and len(table) == 5400


def test_the_files_own_quotes_are_used(bars, tmp_path):
    close = pl.col("close")
    quoted = pl.read_parquet(bars).with_columns(bid=close - 1.0, ask=close + 1.0)
    quoted.write_parquet(tmp_path / "quoted.parquet")
    table = np.vstack(list(bar_source.tables(tmp_path / "quoted.parquet", SETTINGS)))
    assert (table[:, 11] - table[:, 10] == 2.0).all()


@pytest.mark.parametrize("order", ["oldest first", "newest first", "each twice"])
def test_bars_of_a_minute_are_one_line(tradebot, bars, tmp_path, order):
    minutes = pl.read_parquet(bars).filter(pl.col("start") // 10**9 % 60 == 0)
    frame = minutes.reverse() if order == "newest first" else minutes
    both = pl.concat([frame, frame]).sort("start") if order == "each twice" else frame
    both.write_parquet(tmp_path / "minutes.parquet")
    code, out, err = tradebot("backtest", "--bars", tmp_path / "minutes.parquet")
    assert (code, out, err.count("\n")) == (2, "", 1) and "the daemon's are of 1 s" in err


@pytest.mark.parametrize("verb", ["backtest --bars", "walk-forward", "cross-validate", "optimise"])
def test_bars_of_another_tick_are_one_line(tradebot, bars, tmp_path, verb):
    """Gold as MES would earn and lose by ticks that do not exist."""
    prices = [(pl.col(n) / 0.25).round() * 0.1 for n in ("open", "high", "low", "close")]
    pl.read_parquet(bars).with_columns(prices).write_parquet(tmp_path / "gold.parquet")
    words = (*verb.split(), tmp_path / "gold.parquet", "--out", tmp_path / "out")
    code, out, err = tradebot(*words)
    assert (code, out, err.count("\n")) == (2, "", 1) and "its tick is 0.1" in err


def test_several_contracts_are_traded_as_one_that_is_rolled(tradebot, bars, tmp_path, caplog):
    """As a vendor sells a future: all its contracts, a spread of two, and another future."""
    first, ns = pl.read_parquet(bars), 86_400 * 10**9
    prices = [pl.col(name) for name in ("open", "high", "low", "close")]

    def days(name, points, *sizes):
        return [
            first.with_columns([price + points for price in prices]).with_columns(
                pl.col("start") + day * ns, volume=pl.lit(float(size)), symbol=pl.lit(name)
            )
            for day, size in enumerate(sizes)
        ]

    old, new = days("MESH4", 0.0, 9, 9, 9), days("MESM4", 40.25, 1, 10, 10)
    noise = [*days("MESH4-MESM4", -4700.0, 5), *days("MNQH4", 12_000.0, 99)]
    pl.concat([*old, *new, *noise]).write_parquet(tmp_path / "all.parquet")
    whole = [*days("", 40.25, 9, 9), new[2]]
    pl.concat(whole).drop("symbol").write_parquet(tmp_path / "one.parquet")
    for name in ("all", "one"):
        path = tmp_path / f"{name}.parquet"
        code, *_ = tradebot("backtest", "--bars", path, "--out", tmp_path / name)
        assert code == 0
    assert [words.split(": ", 1)[1] for words in caplog.messages] == [
        "MESH4, MESM4 of 4 series: others left out", "rolled from MESH4 to MESM4",
    ]  # fmt: skip
    files = [(tmp_path / name / "equity.parquet") for name in ("all", "one")]
    assert pl.read_parquet(files[0]).equals(pl.read_parquet(files[1]))
    trades = [(tmp_path / name / "trades.csv").read_text() for name in ("all", "one")]
    assert trades[0] == trades[1] and trades[0].count("\n") > 3


def test_stamps_of_another_zone_are_named_by_an_option(tradebot, bars, tmp_path, caplog):
    """In Chicago an hour of New York's morning; taken for UTC some rows lie where it is closed."""
    local = pl.col("start").cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone("America/Chicago")
    shifted = pl.read_parquet(bars).with_columns(pl.col("start") + 8 * 3600 * 10**9)
    moved = shifted.with_columns(local.dt.replace_time_zone(None))
    moved.write_parquet(tmp_path / "local.parquet")
    shifted.write_parquet(tmp_path / "utc.parquet")
    told = {}
    for name, zone in (("local", "America/Chicago"), ("utc", "UTC")):
        words = ("backtest", "--bars", tmp_path / f"{name}.parquet", "--zone", zone, "--json")
        told[name] = json.loads(tradebot(*words)[1])
    same = ("bars", "net_pnl", "round_trips", "orders")
    assert [told["local"][key] for key in same] == [told["utc"][key] for key in same]
    assert caplog.messages == []
    code, *_ = tradebot("backtest", "--bars", tmp_path / "local.parquet")
    assert [words.split(": ", 1)[1] for words in caplog.messages][:1] == [
        "times say no zone: taken for UTC, see --zone"
    ]
    code, _, err = tradebot("backtest", "--bars", tmp_path / "utc.parquet", "--zone", "Mars")
    assert code == 2 and "Mars: no such zone" in err
    code, _, err = tradebot("backtest", "--zone", "America/Chicago")
    assert code == 2 and "--zone: is of bars, not of a tape" in err


def test_a_file_without_a_bar_in_the_session_is_one_line(tradebot, bars, tmp_path):
    saturday = pl.read_parquet(bars).with_columns(pl.col("start") % 3600_000_000_000)
    later = saturday.with_columns(pl.col("start") + 1_704_542_400_000_000_000)
    later.write_parquet(tmp_path / "closed.parquet")
    code, out, err = tradebot("backtest", "--bars", tmp_path / "closed.parquet")
    assert (code, out, err.count("\n")) == (2, "", 1) and "no bar in the hours" in err


def test_rows_of_hours_when_the_exchange_is_closed_are_counted(bars, tmp_path, caplog):
    frame = pl.read_parquet(bars)
    saturday = frame.with_columns(pl.col("start") + 3 * 86_400 * 10**9)
    pl.concat([frame, saturday]).write_parquet(tmp_path / "week.parquet")
    assert len(np.vstack(list(bar_source.tables(tmp_path / "week.parquet", SETTINGS)))) == 5400
    (said,) = caplog.messages
    assert said.endswith(f"{frame.height:,} rows outside the hours of the exchange left out")


def test_a_long_file_out_of_order_is_read_in_order(bars, tmp_path, monkeypatch):
    """Two downloads put together the wrong way round, of more rows than are read at once."""
    frame = pl.read_parquet(bars)
    later = frame.with_columns(pl.col("start") + 7 * 86_400 * 10**9)
    pl.concat([frame, later]).write_parquet(tmp_path / "good.parquet")
    pl.concat([later, frame]).write_parquet(tmp_path / "odd.parquet")
    monkeypatch.setattr(bar_source, "CHUNK", frame.height // 2)
    good, odd = (
        np.vstack(list(bar_source.tables(tmp_path / name, SETTINGS)))
        for name in ("good.parquet", "odd.parquet")
    )
    assert (np.diff(good[:, 0]) > 0).all() and np.array_equal(good, odd)


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


def test_a_message_without_a_reason_is_no_reason(tradebot, bars):
    *_, reasons = tradebot("backtest", "--bars", bars)[1].splitlines()
    assert all(len(part.split()) == 2 for part in reasons.removeprefix("reasons").split(", "))


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
