"""A losing strategy on tapes of chance through the backtest: each verdict as the text has it.

TAPES says how many; each is two days of ten minutes, walked by a seed, with the shipped numbers.
"""

import os
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.config import load
from core.messages import Approved, StateChanged
from daemon import wiring
from research.backtest import backtest
from storage.tape import COLUMNS, QUOTE, TRADE, Tape
from tests.oracle.audit import Audit
from tests.oracle.ledger import NEW_YORK, SECOND

TAPES = int(os.environ.get("TAPES", "2"))
WEDNESDAY, MINUTES = 18, 10
CONFIG = Path(__file__).parents[2] / "config.toml"
LOSING = {
    "TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_SIGNALS_CYCLE_S": "4",
    "TRADEBOT_SIGNALS_COOLDOWN_S": "0.0", "TRADEBOT_CONTROLS_HOLD_MIN_S": "1.0",
    "TRADEBOT_RUN_SPEED": "1.0",
}  # fmt: skip


def walked(seed):
    """A quote and a print a second; in half of the tapes now and then a gap of 30 ticks."""
    rng = np.random.default_rng(seed)
    seconds = MINUTES * 60
    starts = [
        int(datetime(2026, 11, WEDNESDAY + day, 9, 30, tzinfo=NEW_YORK).timestamp())
        for day in range(2)
    ]
    at = np.concatenate([start + np.arange(seconds) for start in starts]) * SECOND
    steps = rng.integers(-3, 4, len(at))
    if seed % 2:
        steps += rng.choice((-30, 0, 30), len(at), p=(0.004, 0.992, 0.004))
    bid = 20_000 + np.cumsum(steps)
    wide = rng.choice((1, 1, 1, 1, 3), len(at))
    side = rng.choice((-1, 1), len(at))
    rows = {name: np.zeros(2 * len(at), dtype=np.int64) for name in COLUMNS}
    quotes, trades = slice(0, None, 2), slice(1, None, 2)
    rows["at"][quotes], rows["at"][trades] = at + SECOND // 4, at + SECOND // 2
    rows["kind"][quotes], rows["kind"][trades] = QUOTE, TRADE
    rows["bid"][quotes], rows["ask"][quotes] = bid, bid + wide
    rows["bid_size"][quotes] = rows["ask_size"][quotes] = 9
    rows["price"][trades], rows["side"][trades] = np.where(side > 0, bid + wide, bid), side
    rows["size"][trades] = 1
    return Tape({"tick": "0.25", "symbol": "MES"}, rows)


@pytest.mark.parametrize("seed", range(TAPES))
def test_a_backtest_of_a_tape_of_chance_decides_as_the_text_has_it(seed):
    config, told, heard = load(CONFIG, LOSING), Audit(most=1), []

    def seen(_, message):
        told.hear(message)
        if isinstance(message, Approved | StateChanged):
            heard.append(message)

    end = backtest(config, walked(seed), lambda s: wiring.thinking(s, None), seen, seed % 3 / 10)
    assert not told.wrong and not told.expected
    assert end.flat and end.realised < 0 and told.told["RISK_PASS"] > 2
    assert end.balance == config.gateway.balance + end.realised
    assert told.ledger.balance == end.balance
