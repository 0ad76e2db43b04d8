"""Equity over columns is the recorder's, bar by bar."""

import numpy as np
import pytest

from core.clock import SECOND
from core.messages import Fill
from research import bar_run
from research.equity import Equity
from research.record import Recorder
from tests.research.invented import CONFIG, Network, market, pieces, thinking
from tests.research.test_skip import RICH
from venues.fills import MODES


def ran(table, folder):
    """The run, its equity as a file, and what it ended with."""
    recorder = Recorder()
    equity = Equity(folder / "equity.parquet", CONFIG.account.balance_start, RICH.instrument)

    def seen(actor, message):
        recorder.on(message)
        if isinstance(message, Fill):
            equity.fill(message)

    stages = bar_run.with_venue(CONFIG, RICH, MODES["optimistic"], thinking(RICH, Network(3, 1.0)))
    outcome = bar_run.every(CONFIG, RICH, stages, pieces(table, 700), seen, equity.rows)
    return recorder.run(30, 3.0), equity.close(), outcome


def test_each_bar_has_the_equity_that_the_recorder_gives_it(tmp_path):
    table = market(3, days=2, seconds=2600)
    run, made, _ = ran(table, tmp_path)
    assert len(run.trades) > 3 and not list(tmp_path.glob("*.part"))
    assert made.rows() == run.equity.rows()
    assert len(np.unique(made["equity"])) > 20
    assert len(made) == len(table)


def test_a_run_that_ends_in_a_trade_ends_with_what_the_ledger_holds(tmp_path):
    table = market(3, days=2, seconds=2600)
    trades = ran(table, tmp_path)[0].trades
    middle = (trades["entry_time"].dt.epoch("ns")[2] + trades["exit_time"].dt.epoch("ns")[2]) // 2
    cut = int(np.searchsorted(table[:, 0] * SECOND, middle))
    run, made, outcome = ran(table[:cut], tmp_path)
    assert made.rows() == run.equity.rows() and len(made) == cut + 1
    assert made["equity"][-1] == pytest.approx(float(outcome.balance), abs=1e-9)
    assert made["equity"][-2] != pytest.approx(float(outcome.balance), abs=1e-9)
