import asyncio
import errno
import os

import pytest

from core.errors import EXIT_LOCKED, LockedError, LogError
from core.messages import Record
from storage import lock
from storage.chain import Corrupt
from storage.disk import Disk
from storage.segments import read
from storage.wal import QUEUE_MAX
from tests import build
from tests.storage.logs import append, fill_log, open_wal


class Sick(Disk):
    """A real disk that fails at the k-th call of one operation, and counts what follows."""

    def __init__(self, operation, at, error, takes=0):
        self.operation, self.at, self.error, self.takes = operation, at, error, takes
        self.calls = dict.fromkeys(("write", "fdatasync", "truncate", "fsync_dir"), 0)

    def fails(self, operation):
        self.calls[operation] += 1
        return operation == self.operation and self.calls[operation] == self.at

    def write(self, fd, content):
        if self.fails("write"):
            os.write(fd, content[: self.takes])
            raise OSError(self.error, os.strerror(self.error))
        return os.write(fd, content)

    def fdatasync(self, fd):
        if self.fails("fdatasync"):
            raise OSError(self.error, os.strerror(self.error))
        os.fdatasync(fd)

    def truncate(self, fd, size):
        if self.fails("truncate"):
            raise OSError(errno.EIO, "no")
        os.ftruncate(fd, size)


class Short(Disk):
    """Takes 7 bytes at a time, and is interrupted in between."""

    turn = 0

    def write(self, fd, content):
        self.turn += 1
        if self.turn % 3 == 0:
            raise InterruptedError
        return os.write(fd, content[:7])


class Stuck(Disk):
    """Answers no sync until it is told to."""

    def __init__(self):
        self.free = asyncio.Event()
        self.stuck = False

    def fdatasync(self, fd):
        while self.stuck:
            os.sched_yield()
        os.fdatasync(fd)


async def test_what_is_durable_is_in_the_file(tmp_path):
    wal = open_wal(tmp_path)
    for _ in range(5):
        seq = append(wal, build.place_order())
        await wal.durable(seq)
        assert [line.seq for line in read(tmp_path)][-1] == seq
    wal.close()


async def test_a_group_is_on_disk_without_anyone_asking(tmp_path):
    wal = open_wal(tmp_path, group_s=0.001)
    seq = append(wal, build.hold())
    while wal.writer.durable < seq:
        await asyncio.sleep(0)
    wal.close()


async def test_all_who_wait_are_woken(tmp_path):
    wal = open_wal(tmp_path)
    seqs = [append(wal, build.place_order()) for _ in range(100)]
    await asyncio.gather(*map(wal.durable, reversed(seqs)))
    cancelled = asyncio.create_task(wal.durable(append(wal, build.command())))
    await asyncio.sleep(0)
    cancelled.cancel()
    await wal.durable(wal.seq)
    wal.close()


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path):
    for run in ("01JD", "01JE", "01JF"):
        wal = open_wal(tmp_path, run=run)
        append(wal, build.command())
        wal.close()
    assert [(line.seq, line.run) for line in read(tmp_path)] == [
        (1, "01JD"), (2, "01JD"), (3, "01JE"), (4, "01JF"),
    ]  # fmt: skip
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_after_a_clean_close_a_new_segment_opens(tmp_path):
    for _ in range(2):
        wal = open_wal(tmp_path)
        append(wal, build.run_ended())
        wal.close()
    assert [line.kind for line in read(tmp_path)] == ["SegmentOpened", "RunEnded"] * 2
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


async def test_a_full_segment_is_closed_and_the_next_opened(tmp_path):
    wal = open_wal(tmp_path)
    for _ in range(40):
        append(wal, build.command(why="x" * 60_000))
    await wal.durable(wal.seq)
    wal.close()
    paths = sorted(tmp_path.glob("*.jsonl"))
    assert len(paths) == 3
    assert all(1 << 20 <= path.stat().st_size < (1 << 20) + 70_000 for path in paths[:-1])
    assert [line.seq for line in read(tmp_path)] == list(range(1, wal.seq + 1))
    kinds = [line.kind for line in read(tmp_path)]
    assert kinds.count("SegmentOpened") == 3 and kinds.count("SegmentClosed") == 2
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_torn_end_is_kept_aside_and_cut(tmp_path):
    lines = fill_log(tmp_path, 10)
    (path,) = tmp_path.glob("*.jsonl")
    damaged = b"".join(lines)[:-5]
    path.write_bytes(damaged)
    wal = open_wal(tmp_path)
    assert wal.torn.size == len(lines[-1]) - 5
    assert wal.broken.read_bytes() == damaged
    assert append(wal, build.command()) == 10
    wal.close()
    assert [line.seq for line in read(tmp_path)] == list(range(1, 11))


@pytest.mark.parametrize("content", [b"", b'{"v":1,"se'])
def test_a_segment_torn_before_its_first_record_is_used_again(tmp_path, content):
    wal = open_wal(tmp_path)
    append(wal, build.run_ended())
    wal.close()
    (tmp_path / "000002-000000000003.jsonl").write_bytes(content)
    wal = open_wal(tmp_path)
    assert (wal.torn is None) == (not content)
    append(wal, build.command())
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4]


def test_a_corrupt_log_is_refused_and_left_as_it_is(tmp_path):
    lines = fill_log(tmp_path, 10)
    (path,) = tmp_path.glob("*.jsonl")
    damaged = b"".join([*lines[:4], *lines[5:]])
    path.write_bytes(damaged)
    with pytest.raises(Corrupt, match=r"seq 6 follows 4"):
        open_wal(tmp_path)
    assert path.read_bytes() == damaged
    assert not lock.held(tmp_path)


def test_a_log_of_another_account_is_moved_aside(tmp_path):
    lines = fill_log(tmp_path, 10)
    (tmp_path / "snap-000000000009.json").write_text("{}")
    wal = open_wal(tmp_path, account="b" * 64)
    assert (wal.moved / "000001-000000000001.jsonl").read_bytes() == b"".join(lines)
    assert (wal.moved / "snap-000000000009.json").exists()
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1]
    again = open_wal(tmp_path, account="b" * 64)
    assert again.moved is None
    again.close()


def test_a_second_daemon_is_refused_at_once(tmp_path):
    wal = open_wal(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LockedError, match="stop it first") as refused:
        open_wal(tmp_path)
    assert refused.value.code == EXIT_LOCKED
    assert sorted(tmp_path.iterdir()) == before and lock.held(tmp_path)
    wal.close()
    open_wal(tmp_path).close()


def test_a_record_out_of_turn_is_refused(tmp_path):
    wal = open_wal(tmp_path)
    with pytest.raises(LogError, match="record 3 follows 1"):
        wal.append(Record(3, "risk", None, build.hold()))
    with pytest.raises(LogError, match="finite"):
        append(wal, build.bar(open=float("nan")))
    assert append(wal, build.hold()) == 2
    wal.close()


@pytest.mark.parametrize("at", range(2, 6))
@pytest.mark.parametrize(
    ("operation", "error", "takes"),
    [
        ("fdatasync", errno.EIO, 0),
        ("fdatasync", errno.ENOSPC, 0),
        ("write", errno.EIO, 0),
        ("write", errno.EIO, 30),
        ("write", errno.EROFS, 0),
    ],
)
async def test_the_first_error_is_final(tmp_path, capsys, operation, error, takes, at):
    disk = Sick(operation, at, error, takes)
    wal = open_wal(tmp_path, disk=disk)
    told = []
    wal.watch(told.append)
    durable = []
    for _ in range(8):
        seq = append(wal, build.place_order())
        try:
            await wal.durable(seq)
        except LogError as failure:
            assert os.strerror(error) in str(failure)
        else:
            durable.append(seq)
    assert durable == list(range(2, at))
    assert disk.calls[operation] == at, "nothing is tried again"
    assert len(told) == 1 and told[0] is wal.failed
    wal.close()
    assert '"seq":9' in capsys.readouterr().err, "what the log cannot hold goes to stderr"
    again = open_wal(tmp_path)
    kept = [line.seq for line in read(tmp_path)]
    again.close()
    assert kept == list(range(1, len(kept) + 1)) and set(durable) <= set(kept)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("takes", [0, 1, 100, 10_000])
async def test_a_full_disk_costs_the_ballast_and_no_record(tmp_path, error, takes):
    disk = Sick("write", 3, error, takes)
    wal = open_wal(tmp_path, disk=disk, ballast_mb=1)
    assert (tmp_path / "ballast").stat().st_size == 1 << 20
    for _ in range(5):
        await wal.durable(append(wal, build.place_order()))
    assert wal.low_disk and not wal.failed
    assert not (tmp_path / "ballast").exists()
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4, 5, 6]


async def test_a_disk_that_is_full_twice_ends_the_log(tmp_path, capsys):
    wal = open_wal(tmp_path, disk=FullFor(2))
    with pytest.raises(LogError, match="No space"):
        await wal.durable(append(wal, build.place_order()))
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1]


class FullFor(Disk):
    """Full for so many writes after the first."""

    def __init__(self, times):
        self.times, self.writes = times, 0

    def write(self, fd, content):
        self.writes += 1
        if 1 < self.writes <= 1 + self.times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, content)


async def test_short_and_interrupted_writes_are_completed(tmp_path):
    wal = open_wal(tmp_path, disk=Short())
    for _ in range(5):
        await wal.durable(append(wal, build.place_order()))
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4, 5, 6]


async def test_a_sync_that_takes_too_long_fails_the_log(tmp_path, capsys):
    disk = Stuck()
    wal = open_wal(tmp_path, disk=disk, sync_timeout_s=0.05)
    disk.stuck = True
    told = []
    wal.watch(told.append)
    with pytest.raises(LogError, match=r"no sync within 0.05 s"):
        await wal.durable(append(wal, build.place_order()))
    assert told == [wal.failed]
    append(wal, build.command(why="to stderr"))
    assert "to stderr" in capsys.readouterr().err
    disk.stuck = False
    wal.close()


async def test_a_disk_that_cannot_keep_up_fails_the_log_at_the_bound(tmp_path, capsys):
    disk = Stuck()
    wal = open_wal(tmp_path, disk=disk)
    disk.stuck = True
    for _ in range(QUEUE_MAX):
        append(wal, build.pulse())
    assert not wal.failed
    while not wal.failed:
        append(wal, build.pulse())
    assert "wait for the disk" in str(wal.failed)
    assert wal.seq <= 2 * QUEUE_MAX
    disk.stuck = False
    wal.close()


async def test_whoever_can_wait_waits_for_room(tmp_path):
    wal = open_wal(tmp_path)
    for _ in range(3 * QUEUE_MAX):
        append(wal, build.pulse())
        await wal.room()
    assert not wal.failed
    wal.close()


def test_the_directory_is_ours_alone(tmp_path):
    open_wal(tmp_path / "deep" / "wal").close()
    assert (tmp_path / "deep" / "wal").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="Not a directory"):
        open_wal(tmp_path / "file" / "wal")
