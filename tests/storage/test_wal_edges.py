"""The log at its edges: a full group, a second close, patience that ends in time."""

import asyncio

import pytest

from tests import build
from tests.storage.logs import append, open_wal


@pytest.mark.parametrize("messages", [[build.hold()] * 4, [build.command()]], ids=["group", "D"])
async def test_a_full_group_and_a_durable_record_are_written_at_once(tmp_path, messages):
    wal = open_wal(tmp_path, group_s=600.0, group_records=4)
    async with asyncio.timeout(20):
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # opening wakes it, two turns later: let it fall asleep again
        while not wal.writer.wake.locked():
            await asyncio.sleep(0)
    for message in messages:
        seq = append(wal, message)
    async with asyncio.timeout(20):
        while wal.writer.durable < seq:
            await asyncio.sleep(0)
    wal.close()


def test_a_log_may_be_closed_twice(tmp_path):
    wal = open_wal(tmp_path)
    wal.close()
    wal.close()
    open_wal(tmp_path).close()


async def test_patience_is_not_lost_over_a_record_that_is_on_disk(tmp_path):
    wal = open_wal(tmp_path)
    seq = append(wal, build.command())
    await wal.durable(seq)
    wal._give_up(seq)
    assert wal.failed is None
    wal._give_up(seq + 1)
    assert wal.failed is not None
    wal.close()
