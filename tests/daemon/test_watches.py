"""A kill file is a kill within a moment, once; a filling disk pauses, a full one flattens."""

import asyncio
import time
from collections import namedtuple

import pytest
from msgspec import UNSET
from msgspec.structs import replace
from structlog.testing import capture_logs

from core.messages import Command, QueryFailed
from core.reasons import Reason
from daemon import watches
from storage import sentinel
from tests import build
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


LIMITS = replace(CONFIG.supervisor, lag_alarm_s=0.25, lag_max_s=1.0)


@pytest.mark.parametrize(("late_s", "told"), [
    (0.25, []), (0.26, [(True, Reason.SYS_LOOP_LAG)]), (1.0, [(True, Reason.SYS_LOOP_LAG)]),
    (1.01, [(False, Reason.SYS_LOOP_LAG)]),
])  # fmt: skip
def test_a_late_loop_is_told_and_a_very_late_one_ends_entries(late_s, told):
    answers = watches.Lag(LIMITS).judge(AT, 100.0, late_s)
    assert [(a.up, a.reason) for a in answers] == told
    assert all(a.link == "loop" for a in answers)


def test_entries_come_back_when_the_loop_was_on_time_for_a_while():
    lag = watches.Lag(LIMITS)
    assert [a.up for a in lag.judge(AT, 100.0, 1.5)] == [False]
    assert lag.judge(AT, 100.1 + watches.CALM_S - 0.2, 0.0) == []
    assert lag.judge(AT, 104.0, 0.5) == []  # better, and not well
    assert lag.judge(AT, 104.1 + watches.CALM_S - 0.2, 0.0) == []
    (well,) = lag.judge(AT, 104.0 + watches.CALM_S, 0.0)
    assert (well.up, well.reason) == (True, Reason.DATA_LINK_UP)


async def test_a_loop_that_stood_still_says_so_itself():
    said = Said()
    task = asyncio.create_task(watches.loop(said, lambda: AT, replace(LIMITS, lag_max_s=0.3)))
    await asyncio.sleep(0)
    time.sleep(watches.LAG_S + 0.5)  # as a program that computes, or waits for a disk
    await until(lambda: said.messages)
    task.cancel()
    assert (said.messages[0].up, said.messages[0].reason) == (False, Reason.SYS_LOOP_LAG)


def test_what_is_open_in_other_contracts_is_told_when_it_changes():
    with capture_logs() as said:
        sight = watches.Sight()
        for others in (UNSET, 2, 2, 1, UNSET, 1):
            sight.watch("gateway", build.account_snapshot(others=others), 1)
    assert [line["count"] for line in said] == [2, 1, 1]


def test_why_the_venue_cannot_be_looked_at_is_told_once_until_it_can():
    whys = ["no answer", "no answer", "too much for one record", None, "no answer"]
    told = [build.account_snapshot() if why is None else QueryFailed(AT, why) for why in whys]
    with capture_logs() as said:
        sight = watches.Sight()
        for message in told:
            sight.watch("gateway", message, 1)
    assert [line["why"] for line in said] == [whys[0], whys[2], whys[4]]
