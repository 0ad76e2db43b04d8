"""The log at its edges: a full group, a full queue, a second close, patience that ends in time."""

import asyncio
import errno

import pytest

from core.errors import LogError
from core.messages import Record, SegmentClosed
from storage import lock
from storage.segments import read
from storage.wal import QUEUE_MAX
from tests import build
from tests.storage.logs import append, open_wal
from tests.storage.test_writer import Sick, Stuck


async def asleep(directory, **changes):
    """A log whose writer waits until it is woken: what is queued then stays there."""
    still = {"group_s": 600.0, "group_records": 1 << 20, "segment_mb": 64}
    wal = open_wal(directory, **{**still, **changes})
    async with asyncio.timeout(20):
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # opening wakes it, two turns later
        while not wal.writer.wake.locked():
            await asyncio.sleep(0)
    return wal


@pytest.mark.parametrize("messages", [
    [build.hold()] * 4, [build.command()], [build.hold(), build.command()],
], ids=["group", "D", "D in a group"])  # fmt: skip
async def test_a_full_group_and_a_durable_record_are_written_at_once(tmp_path, messages):
    wal = await asleep(tmp_path, group_records=4)
    for message in messages:
        seq = append(wal, message)
    async with asyncio.timeout(20):
        while wal.writer.durable < seq:
            await asyncio.sleep(0)
    wal.close()


async def test_less_than_a_group_and_what_is_on_disk_wake_nobody(tmp_path):
    wal = await asleep(tmp_path, group_records=4)
    await wal.durable(append(wal, build.command()))
    while not wal.writer.wake.locked():
        await asyncio.sleep(0)
    for _ in range(3):
        append(wal, build.hold())
        await wal.durable(1)
        await wal.durable(2)
        for _ in range(3):
            await asyncio.sleep(0)
        assert wal.writer.wake.locked()
    assert len(wal.writer.queue) == 3
    wal.close()


async def test_one_more_than_the_queue_holds_fails_the_log(tmp_path, capsys):
    disk = Stuck()
    wal = await asleep(tmp_path, disk=disk)
    disk.stuck = True
    for _ in range(QUEUE_MAX):
        append(wal, build.pulse())
    assert not wal.failed
    append(wal, build.pulse())
    assert str(wal.failed) == f"log: {QUEUE_MAX + 1} records wait for the disk"
    disk.stuck = False
    wal.close()


@pytest.mark.parametrize("behind", [0, 1])
async def test_a_record_that_comes_to_the_disk_just_before_the_wait_is_not_missed(tmp_path, behind):
    wal = await asleep(tmp_path)
    loop, seq = asyncio.get_running_loop(), append(wal, build.hold())
    append(wal, build.hold()) if behind else None
    make = loop.create_future

    def meanwhile():
        wal.writer.hurry()
        while wal.writer.durable < wal.seq or not wal.writer.wake.locked():
            pass
        return make()

    loop.create_future = meanwhile
    waiting = asyncio.create_task(wal.durable(seq))
    await asyncio.sleep(0)
    loop.create_future = make
    await asyncio.sleep(0)
    assert waiting.done() and waiting.result() is None
    wal.close()


async def test_one_who_no_longer_waits_does_not_keep_others_waiting(tmp_path):
    wal = await asleep(tmp_path)
    seq = append(wal, build.hold())
    wal.writer.hurry = lambda: None
    first, second = (asyncio.create_task(wal.durable(seq)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    del wal.writer.hurry
    wal.writer.hurry()
    async with asyncio.timeout(20):
        await second
    wal.close()


async def test_a_log_of_three_segments_goes_on_in_the_last_and_opens_the_fourth(tmp_path):
    large = build.command(why="x" * 60_000)
    for names in (3, 4):
        wal = open_wal(tmp_path)
        while wal.order < names or wal.size < 900_000:
            append(wal, large)
        wal.close()
        assert len(list(tmp_path.glob("*.jsonl"))) == names
    assert [line.seq for line in read(tmp_path)] == list(range(1, wal.seq + 1))
    assert sorted(path.name for path in tmp_path.glob("*.jsonl"))[-1].startswith("000004-")


def test_a_log_that_ends_with_the_end_of_a_segment_goes_on_in_the_next(tmp_path):
    wal = open_wal(tmp_path)
    wal._put(Record(2, "wal", None, SegmentClosed(build.AT, 0, "")), None)
    wal.close()
    wal = open_wal(tmp_path)
    append(wal, build.command())
    wal.close()
    kinds = [line.kind for line in read(tmp_path)]
    assert kinds == ["SegmentOpened", "SegmentClosed", "SegmentOpened", "Command"]


@pytest.mark.parametrize(("operation", "at"), [("fdatasync", 1), ("write", 1), ("truncate", 1)])
def test_a_disk_that_fails_at_the_opening_leaves_no_lock(tmp_path, capsys, operation, at):
    wal = open_wal(tmp_path)
    append(wal, build.command())
    wal.close()
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(LogError, match=r"^log: "):
        open_wal(tmp_path, disk=Sick(operation, at, errno.EIO))
    assert not lock.held(tmp_path)
    open_wal(tmp_path).close()


def test_a_log_that_fails_where_no_loop_runs_says_so_when_asked(tmp_path, capsys):
    wal = open_wal(tmp_path, disk=Sick("fdatasync", 2, errno.EIO))
    append(wal, build.command())
    wal.close()
    assert "Input/output error" in str(wal.failed)
    append(wal, build.command(why="to stderr"))
    assert "to stderr" in capsys.readouterr().err


def test_a_log_may_be_closed_twice(tmp_path):
    wal = open_wal(tmp_path)
    wal.close()
    wal.close()
    open_wal(tmp_path).close()


async def test_patience_is_not_lost_over_a_record_that_is_on_disk(tmp_path):
    wal = open_wal(tmp_path)
    seq = append(wal, build.command())
    await wal.durable(seq)
    for earlier in (seq, seq - 1):
        wal._give_up(earlier)
        assert wal.failed is None
    wal._give_up(seq + 1)
    assert wal.failed is not None
    wal.close()
