"""No power cut loses what was synced, or leaves a log that cannot go on; and the proof can fail.

STATES in the environment says how many states to judge: `make test` looks at 1,500.
"""

import os
import random
import shutil
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from core.messages import SegmentOpened
from storage import snapshot
from storage.chain import Corrupt, Torn
from storage.disk import Disk
from storage.segments import read
from tests import build
from tests.storage import crash_states
from tests.storage.crash_states import State, Traced, states
from tests.storage.logs import PLAIN, append, open_wal

STATES = int(os.environ.get("STATES", "1500"))
WIDE = build.features(values=tuple(n / 7 for n in range(46)))
KEPT = 2


class Quick(Disk):
    """Syncs nothing: here the model says what is on disk."""

    def fdatasync(self, fd):
        pass

    def fsync_dir(self, path):
        pass


def durable(wal, disk, *messages, snapshot=0):
    """A group of records, promised once the log says that it is on disk."""
    for message in messages:
        append(wal, message)
    wal.writer.hurry()
    while wal.writer.durable < wal.seq:
        pass
    disk.promise(wal.writer.durable, snapshot)


def story(folder, disk, chance):
    """Create, append, rotate, snapshot, retire, tear, repair, close, go on; the records of it."""

    def some():
        return chance.choices(PLAIN, k=chance.randint(1, 5)) + [WIDE] * chance.randint(0, 2)

    wal = open_wal(folder, disk=disk)
    disk.promise(wal.seq)
    durable(wal, disk, build.run_started())
    for _ in range(3):
        durable(wal, disk, *some())
        durable(wal, disk, *some())
        snapshot.save(folder, wal.seq, {"held": [1.5] * 40}, KEPT, disk)
        disk.promise(wal.seq, wal.seq)
        wal._turn()
        durable(wal, disk, *some())
    path = max(folder.glob("*.jsonl"))
    wal.close()
    with path.open("ab") as stream:
        stream.write(b'{"v":1,"se')
    disk.note("write", path, b'{"v":1,"se')
    wal = open_wal(folder, run="01JE", disk=disk)
    durable(wal, disk, build.run_started(run="01JE"), *some(), build.run_ended())
    wal.close()
    wal = open_wal(folder, run="01JF", disk=disk)
    durable(wal, disk, build.run_started(run="01JF"), *some())
    wal.close()
    return [line.record for line in read(folder)]


def harm(state: State, folder: Path, written: list) -> str:
    """What is wrong after a start on this state; empty if all is well."""
    found, bad = snapshot.latest(folder)
    if bad:
        return "a snapshot stands there half-written"
    if state.promised.snapshot > (found.seq if found else 0):
        return "a synced snapshot is lost"
    refused = ""
    try:
        open_wal(folder, run="01JG", disk=Quick()).close()
    except Corrupt:
        refused = "refused: a hole before a true record" if state.hole else "not recoverable"
    kept, damaged = readable(folder)
    if kept and isinstance(kept[-1].message, SegmentOpened) and kept != written[: len(kept)]:
        kept = kept[:-1]  # of this start's own
    if kept != written[: len(kept)]:
        return "records that were never written"
    if len(kept) < state.promised.seq:
        return "not recoverable" if damaged else "a synced record is lost"
    return refused


def readable(folder: Path) -> tuple[list, bool]:
    """The records up to the first damage, and whether there is any."""
    kept = []
    try:
        for line in read(folder):
            kept.append(line.record)
    except (Corrupt, Torn):
        return kept, True
    return kept, False


def laid_out(state: State, story_folder: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in state.files:
        (folder / path.relative_to(story_folder)).write_bytes(content)
    return folder


def judged(kind: type[Traced], limit: int) -> Counter:
    """How often each harm was found in so many states, of as many stories as that takes."""
    harms: Counter = Counter()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        for seed in count(1):
            told, disk, chance = Path(name, f"{seed}"), kind(), random.Random(seed)
            written = story(told, disk, chance)
            for state in states(disk.notes, seed):
                harms[harm(state, laid_out(state, told, Path(name, "after")), written)] += 1
                if harms.total() == limit:
                    return harms
    raise AssertionError


def test_every_state_after_a_power_cut_is_recovered_with_all_that_was_synced():
    """A hole in the last group, with a true record behind it, looks like rot: it is refused."""
    harms = judged(Traced, STATES)
    print(dict(harms))
    assert harms[""] > STATES / 2
    assert set(harms) <= {"", "refused: a hole before a true record"}


@pytest.mark.parametrize(
    ("mutant", "harm"),
    [
        ("NoDirectorySync", "a synced record is lost"),
        ("NoDataSync", "a synced record is lost"),
        ("RenameBeforeSync", "a snapshot stands there half-written"),
        ("NoSyncAtTheTurn", "not recoverable"),
    ],
)
def test_a_log_that_forgets_a_sync_is_caught(mutant, harm):
    harms = judged(getattr(crash_states, mutant), 600)
    assert harms[harm] > 0, harms
