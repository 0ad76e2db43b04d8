"""Equity over columns is the recorder's, bar by bar."""

import numpy as np

from core.messages import Fill
from research import bar_run
from research.equity import Equity
from research.record import Recorder
from tests.research.invented import CONFIG, Network, market, pieces, thinking
from tests.research.test_skip import RICH
from venues.fills import MODES


def test_each_bar_has_the_equity_that_the_recorder_gives_it(tmp_path):
    recorder = Recorder()
    balance = CONFIG.account.balance_start
    equity = Equity(tmp_path / "equity.parquet", balance, RICH.instrument)
    table = market(3, days=2, seconds=2600)

    def seen(actor, message):
        recorder.on(message)
        if isinstance(message, Fill):
            equity.fill(message)

    stages = bar_run.with_venue(CONFIG, RICH, MODES["optimistic"], thinking(RICH, Network(3, 1.0)))
    bar_run.every(CONFIG, RICH, stages, pieces(table, 700), seen, equity.rows)
    made = equity.close()
    assert len(recorder.trades) > 3 and not list(tmp_path.glob("*.part"))
    assert made.rows() == recorder.equity
    assert len(np.unique(made["equity"])) > 20
    assert len(made) == len(table)
