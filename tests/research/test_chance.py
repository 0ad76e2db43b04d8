"""Over many seeds: who knows nothing earns nothing before costs, and loses the costs after them."""

import math
from pathlib import Path

import numpy as np
import pytest

from actors.features import Catalogue
from actors.inference import Inference
from core.config import load
from daemon import wiring
from indicators.schema import NAMES
from research import walk
from research.train import Plan
from research.walk import Walk
from tests.research import random_bars
from venues.slippage import MODES

ROOT = Path(__file__).parents[2]
LOOSE = {  # no limit of money or count ends a day early: each seed has its say
    "SIGNALS_COOLDOWN_S": "0.0", "RISK_DAY_LOSS_MAX": "100000.00", "RISK_CONTRACTS": "1",
    "RISK_DAY_DRAWDOWN_MAX": "100000.00", "RISK_ACCOUNT_DRAWDOWN_MAX": "100000.00",
    "RISK_KILL_LOSS_MAX": "100000.00", "RISK_LOSSES_IN_ROW_MAX": "1000000",
    "BREAKERS_LOSSES_FIRST": "1000000", "CONTROLS_TRADES_DAY_MAX": "200",
    "CONTROLS_REPEAT_MAX": "200", "CONTROLS_DRIFT_ORDERS": "50", "SIZING_MODE": "fixed",
    "ACCOUNT_BALANCE_START": "1000000.00", "GATEWAY_BALANCE": "1000000.00",
    "RISK_TRADE_RISK_MAX": "100000.00",
}  # fmt: skip
CONFIG = load(ROOT / "config.toml", {f"TRADEBOT_{key}": value for key, value in LOOSE.items()})
SEEDS = range(6)
MEANS = (-4.0, 0.0, 4.0)  # ticks that the classes are said to move


def played(predict, bars):
    """A run of a strategy that asks `predict` for its logits."""

    def think(settings, model):
        rest = wiring.thinking(settings, None)
        mind = {"features": Catalogue(settings), "inference": Inference(predict, MEANS, len(NAMES))}
        return mind | rest

    way = Walk(CONFIG, Plan(), MODES["realistic"], think, Path(), "chance", "")
    market = walk.seen(bars, way)
    return walk.played(market, bars, None, way)


def guessing(seed):
    chance = np.random.default_rng(seed)

    def predict(values):
        down, up = chance.choice([[3.0, 0.0], [0.0, 3.0]])
        return down, 0.0, up

    return predict


def per_trade(runs, name):
    return np.concatenate([run.trades[name].to_numpy() for run in runs])


@pytest.fixture(scope="module")
def guessed():
    return [
        played(guessing(seed), random_bars.bars(seed, "2024-02-05", "2024-02-06")) for seed in SEEDS
    ]


def test_who_guesses_earns_nothing_before_costs_and_loses_them_after(guessed):
    gross, net = per_trade(guessed, "gross_pnl"), per_trade(guessed, "net_pnl")
    error = gross.std(ddof=1) / math.sqrt(len(gross))
    costs = per_trade(guessed, "commission") + per_trade(guessed, "slippage")
    assert len(gross) >= 150 and error < 1.0
    assert abs(gross.mean()) < 3 * error
    assert costs.mean() > 2.0
    assert abs(net.mean() + costs.mean()) < 3 * error
    assert net.mean() < -3 * error  # and that is told from nothing


def test_who_knows_the_lean_of_the_market_earns_on_every_seed():
    """The momentum of a minute, where the market leans for a minute at a time."""
    momentum = NAMES.index("ret_10s")

    def predict(values):
        return (3.0, 0.0, 0.0) if values[momentum] < 0 else (0.0, 0.0, 3.0)

    for seed in SEEDS[:3]:
        bars = random_bars.bars(seed, "2024-02-05", "2024-02-06", drift=0.5)
        run = played(predict, bars)
        assert run.trades["gross_pnl"].sum() > 0 and run.trades["net_pnl"].sum() > 0, seed


def test_the_same_seed_plays_the_same_run(guessed):
    again = played(guessing(3), random_bars.bars(3, "2024-02-05", "2024-02-06"))
    assert again.trades.equals(guessed[3].trades) and again.equity.equals(guessed[3].equity)
    other = played(guessing(4), random_bars.bars(3, "2024-02-05", "2024-02-06"))
    assert not other.trades.equals(guessed[3].trades)
