"""A packed log is the same log; nothing is lost on the way there."""

import gzip

import pytest

from storage import packing
from storage.chain import Corrupt
from storage.disk import Disk
from storage.packing import is_packed, pack_segment
from storage.segments import read, segments
from tests.storage.crash_states import NoDataSync, NoDirectorySync, Traced, states
from tests.storage.logs import PLAIN, append, open_wal


def long_log(directory, disk=None, runs=3):
    """So many segments, each of one run, and a clean close of none: all closed but the newest."""
    for _ in range(runs):
        wal = open_wal(directory, disk=disk)
        for message in PLAIN[:6]:
            append(wal, message)
        wal._turn()
        wal.close()
    return list(read(directory))


def pack_all(directory, disk=None):
    for file in segments(directory)[:-1]:
        if not is_packed(file.path):
            pack_segment(file, disk or Disk())


def test_a_packed_log_reads_as_it_did_and_goes_on(tmp_path):
    lines = long_log(tmp_path)
    names = [file.path.name for file in segments(tmp_path)]
    pack_all(tmp_path)
    assert [f.path.name for f in segments(tmp_path)] == [f"{n}.gz" for n in names[:-1]] + names[-1:]
    assert list(read(tmp_path)) == lines
    for seq in (1, len(lines) // 2, len(lines)):
        assert list(read(tmp_path, seq)) == lines[seq:]
    wal = open_wal(tmp_path)
    assert wal.seq == len(lines)
    append(wal, PLAIN[0])
    wal.close()
    assert list(read(tmp_path))[: len(lines)] == lines


@pytest.mark.parametrize("mutant", [Traced, NoDataSync, NoDirectorySync])
def test_a_power_cut_at_any_point_of_it_leaves_the_whole_log(tmp_path, mutant):
    """And with a sync left out it would not."""
    disk, lost = mutant(), []
    place = tmp_path / "log"
    lines = long_log(place, runs=2)
    before = {path: path.read_bytes() for path in place.glob("*.jsonl")}
    for path, content in before.items():
        disk.notes += [("create", path, None), ("write", path, content), ("sync", path, None)]
    disk.notes.append(("sync names", place, None))
    ready = len(disk.notes)
    pack_all(place, disk)
    for state in [*states(disk.notes, 1)][len([*states(disk.notes[:ready], 1)]) :]:
        for path in place.iterdir():
            path.unlink()
        for path, content in state.files:
            path.write_bytes(content)
        try:
            lost += [] if list(read(place)) == lines else [state]
        except Corrupt:
            lost.append(state)
    assert bool(lost) == (mutant is not Traced)


def test_a_segment_that_is_packed_while_it_is_read_is_read_on(tmp_path):
    lines = long_log(tmp_path)
    reader = read(tmp_path)
    found = [next(reader)]
    pack_all(tmp_path)
    assert found + list(reader) == lines


def test_a_packing_that_was_cut_short_is_done_again(tmp_path):
    lines = long_log(tmp_path)
    first = segments(tmp_path)[0].path
    first.with_name(f"{first.name}.gz").write_bytes(b"half of it")
    assert list(read(tmp_path)) == lines
    pack_all(tmp_path)
    assert list(read(tmp_path)) == lines and not first.exists()


@pytest.mark.parametrize("harm", ["cut", "flipped", "no gzip"])
def test_a_damaged_packed_segment_is_named(tmp_path, harm):
    long_log(tmp_path)
    pack_all(tmp_path)
    path = segments(tmp_path)[0].path
    content = path.read_bytes()
    harmed = {"cut": content[:-9], "flipped": bytearray(content), "no gzip": b"what"}[harm]
    if harm == "flipped":
        harmed[len(content) // 2] ^= 64
    path.write_bytes(harmed)
    with pytest.raises(Corrupt, match=path.name):
        list(read(tmp_path))


def test_true_gzip_of_changed_lines_is_corrupt(tmp_path):
    long_log(tmp_path)
    pack_all(tmp_path)
    path = segments(tmp_path)[0].path
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-30]))
    with pytest.raises(Corrupt):
        list(read(tmp_path))


def test_a_log_whose_newest_segment_is_packed_is_refused_and_left_alone(tmp_path):
    long_log(tmp_path)
    pack_segment(segments(tmp_path)[-1], Disk())
    before = {path: path.read_bytes() for path in tmp_path.glob("*.gz")}
    with pytest.raises(Corrupt, match="gunzip it"):
        open_wal(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.gz")} == before


@pytest.mark.parametrize("found", [b"", b"what", gzip.compress(b"another's\n", mtime=0)], ids=len)
def test_what_does_not_give_the_segment_back_does_not_replace_it(tmp_path, monkeypatch, found):
    """Two packings at once: the one may find the other's file under the name of its own."""
    lines = long_log(tmp_path)
    monkeypatch.setattr(packing, "write_file", lambda path, _, disk: path.write_bytes(found))
    with pytest.raises(packing.LogError, match="not what was packed"):
        pack_all(tmp_path)
    assert list(read(tmp_path)) == lines


def test_a_disk_too_full_for_it_keeps_the_segment_and_no_half_file(tmp_path):
    class Full(Disk):
        def write(self, fd, data):
            raise OSError(28, "No space left on device")

    lines = long_log(tmp_path)
    names = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="No space"):
        pack_all(tmp_path, Full())
    assert sorted(tmp_path.iterdir()) == names and list(read(tmp_path)) == lines
