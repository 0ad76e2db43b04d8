"""Seeded seconds of an invented market, as the kernel's columns."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

NEW_YORK = ZoneInfo("America/New_York")


def seconds(text):
    """A New York time of day, as UTC seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp())


def columns(start, n, seed=1, segment=1, price=5000.0, quiet=0.25):
    """(n, 10): a walk on the tick grid from `start` (New York) on; `quiet` of the seconds empty."""
    rng = np.random.default_rng(seed)
    filled = rng.random(n) < quiet
    filled[0] = False
    move = np.where(filled, 0, rng.choice([-2, -1, 0, 0, 0, 1, 2], n))
    close = price + np.cumsum(move) * 0.25
    before = np.concatenate([[price], close[:-1]])
    spare = np.where(filled, 0, rng.integers(0, 2, (3, n))) * 0.25
    opened = np.where(filled, before, before + spare[0])
    high, low = np.maximum(opened, close) + spare[1], np.minimum(opened, close) - spare[2]
    volume = np.where(filled, 0, rng.integers(1, 60, n)).astype(float)
    buy = np.floor(volume * rng.random(n))
    sell = volume - buy
    blind = rng.random(n) < 0.05  # seconds whose aggressors are unknown
    buy[blind] = sell[blind] = 0.0
    end = seconds(start) + 1.0 + np.arange(n)
    return np.column_stack(
        [end, np.full(n, float(segment)), opened, high, low, close, volume, buy, sell, filled]
    )
