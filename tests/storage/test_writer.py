"""What the log does when the disk fails: each disk here is a real one with one fault."""

import asyncio
import errno
import os

import pytest

from core.errors import LogError
from storage.disk import Disk
from storage.segments import read
from storage.wal import QUEUE_MAX
from tests import build
from tests.storage.logs import append, open_wal


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
        self.stuck = False

    def fdatasync(self, fd):
        while self.stuck:
            os.sched_yield()
        os.fdatasync(fd)


class FullFor(Disk):
    """Full for so many writes after the first."""

    def __init__(self, times):
        self.times, self.writes = times, 0

    def write(self, fd, content):
        self.writes += 1
        if 1 < self.writes <= 1 + self.times:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(fd, content)


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
    assert wal.low_disk is False
    assert (tmp_path / "ballast").stat().st_size == 1 << 20
    for _ in range(5):
        await wal.durable(append(wal, build.place_order()))
    assert wal.low_disk is True and not wal.failed
    assert not (tmp_path / "ballast").exists()
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1, 2, 3, 4, 5, 6]


async def test_a_disk_that_is_full_twice_ends_the_log(tmp_path, capsys):
    wal = open_wal(tmp_path, disk=FullFor(2))
    with pytest.raises(LogError, match="No space"):
        await wal.durable(append(wal, build.place_order()))
    wal.close()
    assert [line.seq for line in read(tmp_path)] == [1]


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
    for _ in range(QUEUE_MAX - 100):
        append(wal, build.pulse())
    assert not wal.failed
    while not wal.failed:
        append(wal, build.pulse())
    assert "wait for the disk" in str(wal.failed)
    assert wal.seq <= 2 * QUEUE_MAX
    disk.stuck = False
    wal.close()


def own_clock(loop):
    """From now on this loop's time goes on only where `late` is called, by so many seconds."""
    now = [loop.time()]
    loop.time = lambda: now[0]

    async def late(seconds):
        now[0] += seconds
        for _ in range(3):
            await asyncio.sleep(0)

    return late


async def test_a_process_that_was_stopped_gives_the_disk_its_time_again(tmp_path):
    """The deadline passes while all sleep; the sync ends soon after they wake."""
    disk = Stuck()
    wal = open_wal(tmp_path, disk=disk, sync_timeout_s=5.0)
    late = own_clock(asyncio.get_running_loop())
    disk.stuck = True
    waiting = asyncio.create_task(wal.durable(append(wal, build.place_order())))
    for seconds in (0, 60, 2.4):
        await late(seconds)
        assert not wal.failed
    disk.stuck = False
    await waiting
    await late(60)
    assert not wal.failed
    wal.close()


async def test_patience_ends_after_its_two_halves(tmp_path, capsys):
    disk = Stuck()
    wal = open_wal(tmp_path, disk=disk, sync_timeout_s=5.0)
    late = own_clock(asyncio.get_running_loop())
    disk.stuck = True
    waiting = asyncio.create_task(wal.durable(append(wal, build.place_order())))
    for seconds in (0, 2.4, 0.2, 2.4):
        await late(seconds)
        assert not wal.failed
    await late(0.2)
    assert "no sync within 5.0 s" in str(wal.failed)
    with pytest.raises(LogError, match="no sync"):
        await waiting
    disk.stuck = False
    wal.close()
