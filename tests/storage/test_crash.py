"""Crashes: real processes killed at any point, and every end that a cut of the file can leave."""

import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EXIT_LOCKED
from storage.segments import read
from tests.storage.logs import PLAIN, append, open_wal

ROOT = Path(__file__).parents[2]


def start(directory, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.writing", str(directory), *words],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_writer_killed_at_any_point_lost_nothing_it_called_durable(tmp_path):
    chance, promised = random.Random(3), 0
    for _ in range(8):
        with start(tmp_path) as writer:
            for _ in range(chance.randint(1, 60)):
                promised = int(writer.stdout.readline())
            writer.kill()
            promised = max([promised, *map(int, writer.stdout.read().split())])
        wal = open_wal(tmp_path)
        assert wal.seq >= promised
        promised = wal.seq
        wal.close()
        assert [line.seq for line in read(tmp_path)] == list(range(1, wal.seq + 1))


@pytest.mark.slow
def test_of_many_daemons_that_start_at_once_one_wins(tmp_path):
    starters = [start(tmp_path, "hold") for _ in range(8)]
    said = [starter.stdout.readline().strip() for starter in starters]
    for starter in starters:
        starter.communicate("")
    assert sorted(said) == ["lost"] * 7 + ["won"]
    codes = sorted(starter.returncode for starter in starters)
    assert codes == [0] + [EXIT_LOCKED] * 7
    assert [line.seq for line in read(tmp_path)] == [1]


run = st.tuples(
    st.integers(0, 12), st.integers(0, 12), st.integers(0, 5000), st.binary(max_size=40)
)


@settings(deadline=None, max_examples=20)
@given(st.lists(run, min_size=1, max_size=4))
def test_after_any_crashes_the_log_is_a_prefix_with_all_that_was_durable(runs):
    """Each run writes durable records and others, of which the crash keeps any part."""
    with tempfile.TemporaryDirectory() as name:
        directory, kept = Path(name), []
        for durable, loose, part, rubbish in runs:
            wal = open_wal(directory)
            written = [line.record for line in read(directory)]
            assert written[: len(kept)] == kept
            write(wal, durable)
            safe = last(directory).stat().st_size
            kept = [line.record for line in read(directory)]
            write(wal, loose)
            wal.close()
            crash(last(directory), safe, part, rubbish)
        open_wal(directory).close()
        written = [line.record for line in read(directory)]
        assert written[: len(kept)] == kept
        assert [record.seq for record in written] == list(range(1, len(written) + 1))


def write(wal, count):
    for _ in range(count):
        append(wal, PLAIN[wal.seq % len(PLAIN)])
    wal.writer.hurry()
    while wal.writer.durable < wal.seq:
        pass


def last(directory):
    return max(directory.glob("*.jsonl"))


def crash(path, safe, part, rubbish):
    """Keep what was synced, a part of what was not, and what else the disk left there."""
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: min(len(content), safe + part)])
    if rubbish and safe + part < len(content):
        with path.open("ab") as stream:
            stream.write(rubbish)
