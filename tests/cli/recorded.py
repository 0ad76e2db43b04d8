"""A short session in a log, as a daemon leaves it: entries, fills, exits, and many a hold."""

from core.messages import Record
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
