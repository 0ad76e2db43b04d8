"""Months of seconds by chance, an hour a day: enough to warm up and to trade."""

import numpy as np
import polars as pl

from core.clock import SECOND
from core.sessions import days

TICK = 0.25


OPENS_S = 19_800  # after 09:30: 15:00, so that each day ends as a day does, flat by 16:08


def hours(first, last, seconds, every_day=1):
    """Starts of so many seconds from 15:00 of each so-manieth session between two days."""
    opens = [day.rth_open for day in days() if first <= day.date < last and day.rth_open]
    starts = [o + (OPENS_S + np.arange(seconds)) * SECOND for o in opens[::every_day]]
    return np.concatenate(starts)


def bars(seed, first, last, seconds=4200, drift=0.0, every_s=60, every_day=1):
    """A walk on the tick grid; with `drift`, for `every_s` seconds each it leans up or down by so
    many ticks a second, which whoever looks back can see."""
    chance = np.random.default_rng(seed)
    start = hours(first, last, seconds, every_day)
    blocks = -(-len(start) // every_s)
    lean = np.repeat(chance.choice([-1, 1], blocks), every_s)[: len(start)] * drift
    step = np.rint(chance.normal(lean, 0.8)).astype(int)
    close = 19_200 + np.cumsum(step)
    opened = np.concatenate([[19_200], close[:-1]])
    wick = chance.integers(0, 2, (2, len(start)))
    volume = chance.integers(1, 40, len(start)).astype(float)
    return pl.DataFrame({
        "start": start, "open": opened * TICK, "high": (np.maximum(opened, close) + wick[0]) * TICK,
        "low": (np.minimum(opened, close) - wick[1]) * TICK, "close": close * TICK,
        "volume": volume,
    })  # fmt: skip
