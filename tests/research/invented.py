"""Invented days of seconds, a network that knows nothing, and two runs over them to compare."""

from pathlib import Path

import msgspec
import numpy as np

from actors.inference import Inference
from core.config import load
from core.messages import (
    Approved,
    CancelOrder,
    ClosePosition,
    Fill,
    ModifyOrder,
    PlaceOrder,
    StateChanged,
    TradeClosed,
)
from daemon import wiring
from indicators.schema import NAMES
from research import bar_run
from tests.indicators.bars import columns
from venues.fills import MODES

CONFIG = load(Path(__file__).parents[2] / "config.toml", {})
SETTINGS = CONFIG.settings()
KEPT = (
    Approved, PlaceOrder, ModifyOrder, CancelOrder, ClosePosition, Fill, TradeClosed, StateChanged,
)  # fmt: skip
MEMORIES = ("signals", "risk", "executor", "recovery")
DAYS = (
    "2024-01-03T14:40:00", "2024-01-04T09:05:07", "2024-01-05T15:00:00", "2024-01-08T02:00:00",
    "2024-01-09T15:20:30", "2024-01-10T17:59:00",
)  # fmt: skip
TICK = 0.25


def quoted(bars):
    """The columns of the kernel with a quote of one tick, of three here and there."""
    up = bars[:, 5] >= bars[:, 2]
    bid = np.where(up, bars[:, 5] - TICK, bars[:, 5])
    wide = (np.arange(len(bars)) // 97 % 11 == 0) * 2 * TICK
    return np.column_stack([bars, bid, bid + TICK + wide])


def market(seed, days=3, seconds=4200):
    """(n, 12): pieces of some days, or of those days, one of which jumps."""
    if isinstance(days, int):
        random = np.random.default_rng(seed)
        days = [DAYS[number] for number in sorted(random.choice(len(DAYS), days, replace=False))]
    parts = []
    for number, day in enumerate(days, 1):
        part = columns(day, seconds, seed * 100 + number, number, quiet=0.2)
        if number == 2:
            part[seconds // 2 :, 2:6] += 60 * TICK
            part[seconds // 2 :: 7, 3] += 9 * TICK
        parts.append(part[part[:, 0] % 86400 > 0])
    return quoted(np.vstack(parts))


class Network:
    """Logits by chance from the features; in batches with other last digits."""

    def __init__(self, seed, boldness):
        random = np.random.default_rng(seed)
        self.weights = random.normal(size=(len(NAMES), 3)) * boldness
        self.bias = np.array([0.0, -0.5, 0.0])

    def predict(self, values):
        return tuple((np.asarray(values) @ self.weights + self.bias).tolist())

    def predict_many(self, matrix):
        noise = 1e-6 * np.sin(np.arange(len(matrix) * 3)).reshape(-1, 3)
        return (matrix @ self.weights + self.bias + noise).astype(np.float32)


def thinking(settings, network):
    stages = wiring.thinking(settings, None)
    if network is None:
        return stages
    first = wiring.Catalogue(settings)
    second = Inference(network.predict, (-4.0, 0.0, 4.0), len(NAMES))
    return {"features": first, "inference": second, **stages}


def state(stages):
    """All that is remembered at the end, here and at the venue."""
    venue = stages["venue"]
    exchange = venue.exchange
    memories = {name: msgspec.to_builtins(stages[name].memory) for name in MEMORIES}
    return memories | {"venue": (exchange.balance, exchange.trades, exchange.orders, venue.mark)}


def run(settings, fills, network, tables, every):
    """What was ordered and filled, the state at the end, and the outcome."""
    stages = bar_run.with_venue(CONFIG, settings, MODES[fills], thinking(settings, network))
    told = []

    def seen(actor, message):
        if isinstance(message, KEPT):
            told.append((actor, message))

    if every:
        outcome = bar_run.every(CONFIG, settings, stages, tables, seen)
    else:
        many = network and network.predict_many
        outcome = bar_run.skipping(CONFIG, settings, stages, tables, seen, many)
    return told, state(stages), outcome


def pieces(table, size):
    return [table[first : first + size] for first in range(0, len(table), size)]
