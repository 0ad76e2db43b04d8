import asyncio

import pytest

from core.errors import EXIT_LOCKED, LockedError, LogError
from core.messages import Record
from storage import lock
from storage.chain import Corrupt
from storage.segments import read
from tests import build
from tests.storage.logs import append, fill_log, open_wal


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
    for seq in (3, 1, 0):
        with pytest.raises(LogError, match=f"record {seq} follows 1"):
            wal.append(Record(seq, "risk", None, build.hold()))
    with pytest.raises(LogError, match="finite"):
        append(wal, build.bar(open=float("nan")))
    assert append(wal, build.hold()) == 2
    wal.close()


def test_the_directory_is_ours_alone(tmp_path):
    open_wal(tmp_path / "deep" / "wal").close()
    assert (tmp_path / "deep" / "wal").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="Not a directory"):
        open_wal(tmp_path / "file" / "wal")
