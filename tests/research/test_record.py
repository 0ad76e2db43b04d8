"""A run as tables: what a real backtest made of the recorded hour, and logs of real runs."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.config import load
from core.messages import TradeClosed
from daemon import wiring
from research import record, runs
from research.backtest import backtest
from storage import tape as tapes
from storage.wal import read
from tests.data import stored

ROOT = Path(__file__).parents[2]
MINUTES = 6


@pytest.fixture(scope="module")
def played():
    """A backtest of some minutes with a strategy that trades by the clock: outcome and tables."""
    ways = {"TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_SIGNALS_CYCLE_S": "10"}
    config = load(ROOT / "config.toml", ways)
    whole = tapes.read(ROOT / "data/es_20231225.parquet")
    keep = whole.columns["at"] < whole.start + MINUTES * 60 * 10**9
    tape = tapes.Tape(whole.about, {name: rows[keep] for name, rows in whole.columns.items()})
    recorder, closed = record.Recorder(), []

    def seen(actor, message):
        recorder.on(message)
        closed.extend([message] if isinstance(message, TradeClosed) else [])

    outcome = backtest(config, tape, lambda s: wiring.thinking(s, None), seen)
    return outcome, recorder.run(30, 3.0), closed


def test_equity_ends_at_the_balance_of_the_exchange(played):
    outcome, run, _ = played
    assert run.equity["equity"][-1] == pytest.approx(float(outcome.balance), abs=1e-9)
    assert np.diff(run.equity["at"].to_numpy()).min() > 0


def test_trades_are_those_that_were_closed_and_net_is_gross_less_costs(played):
    outcome, run, closed = played
    assert len(run.trades) == len(closed) >= 5
    assert run.trades["net_pnl"].to_list() == [float(trade.net) for trade in closed]
    assert run.trades["net_pnl"].sum() == pytest.approx(float(outcome.realised))
    told = run.trades.select(pl.col("gross_pnl") - pl.col("commission") - pl.col("slippage"))
    assert told.to_series().to_list() == pytest.approx(run.trades["net_pnl"].to_list())
    assert run.trades[runs.RISK].min() > 0


def test_each_fill_belongs_to_an_order_with_a_price_that_was_decided_on(played):
    _, run, _ = played
    known = dict(zip(run.orders["tag"], run.orders["decision_price"], strict=True))
    assert set(run.fills["tag"]) <= set(known) and set(run.orders["purpose"]) >= {"ENTRY"}
    assert all(known[tag] for tag in run.fills["tag"])


def test_written_and_read_again_it_is_the_same_to_the_byte(played, tmp_path):
    _, run, _ = played
    runs.write(tmp_path / "a", run)
    again = runs.read(tmp_path / "a")
    for name in runs.TABLES:
        assert getattr(again, name).equals(getattr(run, name)), name
    runs.write(tmp_path / "b", again)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", stored.NAMES)
def test_a_log_of_the_daemon_is_a_run_too(name, tmp_path):
    messages = [line.record.message for line in read(stored.unpack(name, tmp_path))]
    run = record.record(messages, 30, 3.0)
    closed = [message for message in messages if isinstance(message, TradeClosed)]
    assert run.trades["net_pnl"].to_list() == [float(trade.net) for trade in closed]
    assert len(run.equity) and run.about["symbol"] == "MES"
    flat = run.balance_start + sum(float(trade.net) for trade in closed)
    assert run.equity["equity"][-1] == pytest.approx(flat)
    assert set(run.predictions["outcome"].unique()) <= {-1, 0, 1, 2}
