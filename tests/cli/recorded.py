"""A short session in a log, as a daemon leaves it: entries, fills, exits, and many a hold."""

import numpy as np
import polars as pl

from core.messages import Record
from tests.indicators.bars import columns
from tests.simulation.world import World, settings, walk
from tests.storage.logs import open_wal

SECONDS = 60


def record(directory):
    """Write it; the records as they stand in the log, behind the one that opens the segment."""
    world = World(settings(), seed=3)
    world.run([*world.start(), *walk(3, SECONDS)])
    wal = open_wal(directory, run="r1", segment_mb=64)
    shift = wal.seq
    records = [
        Record(r.seq + shift, r.actor, r.cause and r.cause + shift, r.message)
        for r in world.records
    ]
    for one in records:
        wal.append(one)
    wal.close()
    return records


def sold(path, seconds):
    """Seconds of the market as a data vendor sells them: without the empty ones."""
    found = columns("2024-01-03T10:00:00", seconds, seed=5)
    traded = found[found[:, 9] == 0]
    names = ("open", "high", "low", "close", "volume")
    frame = pl.DataFrame({name: traded[:, 2 + i] for i, name in enumerate(names)})
    start = ((traded[:, 0] - 1) * 1e9).astype(np.int64)
    frame.insert_column(0, pl.Series("start", start)).write_parquet(path)
    return path
