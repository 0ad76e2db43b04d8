"""Seeded ticks of an invented market, and the settings of config.toml."""

from pathlib import Path

import numpy as np

from core.clock import SECOND
from core.config import load
from core.messages import Pulse, Quote, Trade

SETTINGS = load(Path(__file__).parents[2] / "config.toml", {}).settings()
OPEN = 1_703_545_200 * SECOND  # 2023-12-25 18:00 New York: Globex opens, trade date 12-26


def at(seconds):
    return OPEN + round(seconds * 1e9)


def trade(seconds, price=5000.0, size=1, side=1, lag=0.0):
    return Trade(at(seconds), price, size, side, at(seconds + lag))


def quote(seconds, bid=5000.0, ask=5000.25, lag=0.0):
    return Quote(at(seconds), bid, ask, 0, 0, at(seconds + lag))


def pulse(seconds):
    return Pulse(at(seconds))


def ticks(seed, n, pause_s=0.4):
    """n events in order: a walk on the grid, quotes and trades of both or unknown sides."""
    rng = np.random.default_rng(seed)
    when, price = rng.random(), 20_000
    for gap, is_trade, move, size, side in zip(
        rng.exponential(pause_s, n), rng.random(n) < 0.4, rng.integers(-1, 2, n),
        rng.integers(1, 9, n), rng.integers(-1, 2, n), strict=True,
    ):  # fmt: skip
        when, price = when + gap, price + int(move)
        if is_trade:
            yield trade(when, price / 4, int(size), int(side))
        else:
            yield quote(when, (price - 1) / 4, price / 4)


def with_pulses(events):
    """The same, and a pulse each second, as the live clock would send them."""
    beat = None
    for event in events:
        beat = beat or event.at // SECOND * SECOND
        while beat + SECOND <= event.at:
            beat += SECOND
            yield Pulse(beat)
        yield event
