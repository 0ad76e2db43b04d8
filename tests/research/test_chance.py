"""Over many seeds: who knows nothing earns nothing before costs, and loses the costs after them."""

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from actors.features import Catalogue
from actors.inference import Inference
from core.config import load
from core.settings import BreakerSettings
from daemon import wiring
from indicators.schema import NAMES
from research import walk
from research.lessons import Walk, seen
from research.train import Plan
from tests.research import random_bars
from venues.fills import MODES

ROOT = Path(__file__).parents[2]


def loose():
    """No limit of money or count ends a day early: each seed has its say."""
    given = load(ROOT / "config.toml", {})
    much = Decimal(10**6)
    free = {
        "signals": {"cooldown_s": 0.0}, "account": {"balance_start": much},
        "gateway": {"balance": much}, "sizing": {"mode": "fixed"},
        "controls": {"trades_day_max": 10**6, "repeat_max": 10**6, "drift_orders": 10**6},
        "risk": dict.fromkeys(
            ("day_loss_max", "day_drawdown_max", "account_drawdown_max", "kill_loss_max"), much
        ) | {"losses_in_row_max": 10**6},
    }  # fmt: skip
    parts = {name: replace(getattr(given, name), **keys) for name, keys in free.items()}
    return replace(given, breakers=BreakerSettings(), **parts)


CONFIG = loose()
SEEDS = range(4)
MEANS = (-4.0, 0.0, 4.0)  # ticks that the classes are said to move


def played(predict, bars):
    """A run of a strategy that asks `predict` for its logits."""

    def think(settings, model):
        rest = wiring.thinking(settings, None)
        mind = {"features": Catalogue(settings), "inference": Inference(predict, MEANS, len(NAMES))}
        return mind | rest

    way = Walk(CONFIG, Plan(), MODES["realistic"], think, Path(), "chance", "")
    market = seen(bars, way)
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

    for seed in SEEDS[:2]:
        bars = random_bars.bars(seed, "2024-02-05", "2024-02-06", seconds=3000, drift=0.5)
        run = played(predict, bars)
        assert run.trades["gross_pnl"].sum() > 0 and run.trades["net_pnl"].sum() > 0, seed


def test_the_same_seed_plays_the_same_run(guessed):
    again = played(guessing(3), random_bars.bars(3, "2024-02-05", "2024-02-06"))
    assert again.trades.equals(guessed[3].trades) and again.equity.equals(guessed[3].equity)
    other = played(guessing(4), random_bars.bars(3, "2024-02-05", "2024-02-06"))
    assert not other.trades.equals(guessed[3].trades)
