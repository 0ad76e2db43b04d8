"""Bars of any file as the tables of a run over bars: a stretch of seconds at a time, in order.

Only what lies in the exchange's hours is kept; the grid is completed as the daemon would complete
it. Where no quote is known the bid and ask are a tick apart, with the close on the side to which
the second went; where no aggressor is known the kernel goes by where the close lies.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from core.settings import Settings
from research import bars, dataset, grid, seconds
from research.seconds import Floats
from storage import tape as tapes

ROWS = 1 << 15  # of a stretch: its features fit the cache of a core
CHUNK = 1 << 20  # rows read at once


def tables(path: Path, settings: Settings, hours: str) -> Iterator[Floats]:
    """(n, 12) each, see research/seconds.py. `hours`: "globex" or "rth"."""
    for part in whole(path, settings, hours):
        for first in range(0, len(part), ROWS):
            yield part[first : first + ROWS]


def whole(path: Path, settings: Settings, hours: str) -> Iterator[Floats]:
    if is_tape(path):
        yield seconds.table(dataset.bars(tapes.read(path), settings))
        return
    segment, tick = 1, float(settings.instrument.tick)
    for frame in bars.chunks(bars.scan(path), CHUNK):
        kept = bars.within(bars.in_order(frame), hours)
        if kept.height:
            table = quoted(kept, settings.bars.gap_max_s, segment, tick)
            segment = int(table[-1, 1]) + 1
            yield table


def is_tape(path: Path) -> bool:
    if path.suffix != ".parquet" or not path.is_file():
        return False
    return {"kind", "bid_size", "at"} <= set(pl.read_parquet_schema(path))


def quoted(frame: pl.DataFrame, gap_max_s: int, segment: int, tick: float) -> Floats:
    """The grid, with a quote of one tick."""
    made = grid.grid(frame, gap_max_s, segment)
    table = np.empty((len(made), seconds.WIDTH))
    table[:, :10] = made
    if not {"buy", "sell"} <= set(frame.columns):
        table[:, 7:9] = 0.0
    close = table[:, 5]
    table[:, 10] = np.where(close >= table[:, 2], close - tick, close)
    table[:, 11] = table[:, 10] + tick
    return table
