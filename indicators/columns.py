"""Features over columns, for research: the live kernel in a loop, over days or years of bars.

A bar column set is a matrix (n, 10): end in seconds UTC, segment, open, high, low, close, volume,
buy, sell, filled (0 or 1); `matrix` makes it from bars.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.clock import SECOND
from core.messages import Bar
from core.sessions import Day, days, index, rolls
from indicators.kernels import run
from indicators.schema import NAMES
from indicators.squash import squash
from indicators.state import State, fresh

Floats = NDArray[np.float64]


def matrix(bars: Sequence[Bar]) -> Floats:
    """(n, 10) of what the kernel needs of each bar."""
    rows = [
        (b.at // SECOND, b.segment, b.open, b.high, b.low, b.close, b.volume, b.buy, b.sell,
         b.filled) for b in bars
    ]  # fmt: skip
    return np.array(rows, np.float64).reshape(-1, 10)


def clock(day: Day) -> tuple[int, int, int, int]:
    """What the kernel needs of a trade date: its number, New York's offset, RTH; seconds."""
    return day.number, day.offset_s, day.rth_open // SECOND, day.rth_close // SECOND


class Sweep(Struct, frozen=True):
    """What the stage makes of each bar."""

    values: Floats  # (n, 46)
    ready: NDArray[np.bool_]  # (n,): after warm-up
    atr: Floats  # (n,), ticks


def days_of(bars: Floats) -> tuple[list[Day], NDArray[np.int64]]:
    """The trade dates of the bars, and which of them each bar belongs to."""
    if not len(bars):
        return [], np.zeros(0, np.int64)
    starts = (bars[:, 0].astype(np.int64) - 1) * SECOND
    first, last = index(int(starts[0])), index(int(starts[-1]))
    cuts = np.searchsorted(starts, rolls()[first:last], side="left")
    counts = np.diff(np.concatenate([[0], cuts, [len(bars)]]))
    return list(days()[first : last + 1]), np.repeat(np.arange(last - first + 1), counts)


def measured(bars: Floats, tick: float, state: State) -> Sweep:
    """With values that are still to be squashed. `state` is carried on."""
    n = len(bars)
    made = Sweep(np.zeros((n, len(NAMES))), np.zeros(n, np.bool_), np.zeros(n))
    dates, which = days_of(bars)
    table = np.array([clock(day) for day in dates], np.int64).reshape(-1, 4)
    run(*state.values(), made.values, made.ready, made.atr, tick, bars, table, which)
    return made


def sweep(bars: Floats, tick: float, state: State) -> Sweep:
    """`state` is carried on. `bars` may have more columns than the kernel needs."""
    made = measured(bars, tick, state)
    squash(made.values)
    return made


def features(
    bars: Floats, tick: float, state: State | None = None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Values (n, 46) and a mask (n,) of the bars after warm-up. `state` is carried on if given."""
    made = sweep(bars, tick, fresh() if state is None else state)
    return made.values, made.ready
