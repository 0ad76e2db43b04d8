"""A kill file is a kill within a moment, once; a filling disk pauses, a full one flattens."""

import asyncio
from collections import namedtuple

import pytest
from msgspec.structs import replace

from core.messages import Command
from core.reasons import Reason
from daemon import watches
from storage import sentinel
from tests.build import AT, CONFIG


class Said:
    """A bus that keeps what is posted."""

    def __init__(self):
        self.messages = []

    def post(self, actor, message, cause=None):
        self.messages.append(message)


async def until(done):
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0)


@pytest.fixture
async def killing(tmp_path):
    said = Said()
    task = asyncio.create_task(watches.kill(said, lambda: AT, tmp_path))
    yield said, tmp_path
    task.cancel()


async def test_the_kill_file_kills_a_running_daemon_once(killing):
    said, state = killing
    sentinel.create(state, "ann", "too hot", AT)
    await until(lambda: said.messages)
    await asyncio.sleep(3 * watches.KILL_S)
    (kill,) = said.messages
    assert (kill.name, kill.by) == ("kill", "kill file") and "too hot" in kill.why


async def test_a_kill_file_is_told_on_one_line(killing):
    said, state = killing
    sentinel.create(state, "ann", "hot\x1b[2J\vresume by bob", AT)
    await until(lambda: said.messages)
    assert "hot?[2J?resume by bob" in said.messages[0].why


async def test_a_kill_file_that_comes_back_kills_again(killing):
    said, state = killing
    for times in (1, 2):
        sentinel.create(state, "ann", "again", AT)
        await until(lambda wanted=times: len(said.messages) == wanted)
        sentinel.remove(state)
        await asyncio.sleep(3 * watches.KILL_S)


@pytest.mark.parametrize(("free_mib", "word"), [(1024, None), (1023, "pause"), (255, "flatten")])
async def test_little_disk_pauses_and_hardly_any_flattens(monkeypatch, tmp_path, free_mib, word):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(watches.shutil, "disk_usage", lambda _: usage(0, 0, free_mib << 20))
    said, limits = Said(), replace(CONFIG.log, free_min_mb=1024)
    task = asyncio.create_task(watches.disk(said, lambda: AT, tmp_path, limits))
    await asyncio.sleep(0.01)
    task.cancel()
    expected = [] if word is None else [(word, Reason.SYS_DISK_LOW)]
    assert [(m.name, m.reason) for m in said.messages if isinstance(m, Command)] == expected


async def test_disk_that_runs_short_again_pauses_again(monkeypatch, tmp_path):
    usage, mib = namedtuple("usage", "total used free"), [1023, 1023, 1024, 1023]
    monkeypatch.setattr(watches.shutil, "disk_usage", lambda _: usage(0, 0, mib.pop(0) << 20))
    monkeypatch.setattr(watches, "DISK_S", 0.0)
    said, limits = Said(), replace(CONFIG.log, free_min_mb=1024)
    with pytest.raises(IndexError):  # the end of the list
        await watches.disk(said, lambda: AT, tmp_path, limits)
    assert [m.name for m in said.messages] == ["pause", "pause"]
