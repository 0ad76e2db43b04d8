"""Bars of any file as the tables of a run over bars: a stretch of seconds at a time, in order.

Only what lies in the exchange's hours is kept; the grid is completed as the daemon would complete
it. Where no quote is known the bid and ask are a tick apart, with the close on the side to which
the second went; where no aggressor is known the kernel goes by where the close lies.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from core.errors import UsageError
from core.instruments import Instrument
from core.sessions import ALWAYS
from core.settings import Settings
from research import bars, dataset, grid, history, seconds, series, sources
from research.seconds import Floats
from storage import tape as tapes

ROWS = 1 << 15  # of a stretch: its features fit the cache of a core
CHUNK = 1 << 20  # rows read at once


def tables(path: Path, settings: Settings, zone: str = "UTC") -> Iterator[Floats]:
    """(n, 12) each, see research/seconds.py. `zone`: of stamps that name none."""
    for part in whole(path, settings, zone):
        for first in range(0, len(part), ROWS):
            yield part[first : first + ROWS]


def whole(path: Path, settings: Settings, zone: str) -> Iterator[Floats]:
    if tapes.is_tape(path):
        yield seconds.table(dataset.bars(tapes.read_of(path, settings.instrument), settings))
        return
    # Also where it trades by day only: the daemon hears the night, and its features remember it.
    hours = ALWAYS if settings.session.kind == ALWAYS else "globex"
    tick = float(settings.instrument.tick)
    segment, left, last = 1, Counter[str](), list[pl.DataFrame]()

    def complete(kept: pl.DataFrame) -> Floats:
        made = grid.grid(kept, settings.bars.gap_max_s, segment, hours)
        table = grid.quoted(made, kept, tick)
        table[:, 6:9] = np.trunc(table[:, 6:9])  # a bar of the stages has whole contracts
        return table

    for frame in frames(path, settings.instrument, zone):
        sound = history.sound(frame, left)
        kept = bars.within(sound, hours)
        if kept.height < sound.height:
            left["rows outside the hours of the exchange left out"] += sound.height - kept.height
        if kept.height:
            table = complete(pl.concat([*last, kept]))
            # How many quiet seconds follow the last bar is known when the next one is.
            segment, last = int(table[-1, 1]), [kept.tail(1)]
            yield table[:-1]
    series.say(path, history.counted(left))
    if not last:
        raise UsageError(f"{path}: no bar in the hours {hours}")
    yield complete(*last)


def frames(path: Path, instrument: Instrument, zone: str) -> Iterator[pl.DataFrame]:
    with sources.reading(path):
        rows = series.scan(path, zone, symbol_id=instrument.symbol_id)
        history.seconds_only(path, rows, float(instrument.tick))
        if rows.select((pl.col("start").diff() < 0).any()).collect().item():
            rows = rows.collect().sort("start", maintain_order=True).lazy()
        yield from bars.chunks(rows, CHUNK)
