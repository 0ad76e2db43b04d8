import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace

import pytest

from daemon import health
from daemon.bus import Inbox


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """The socket that systemd would listen on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "40000")
        yield channel


def heard(channel):
    said = []
    with suppress(BlockingIOError):
        while True:
            said.append(channel.recv(100).decode())
    return said


def inboxes():
    return {name: Inbox(name, 10) for name in health.CRITICAL}


@asynccontextmanager
async def watching(boxes, failed=None, lag_s=0.5, starting=False):
    log = SimpleNamespace(failed=failed)
    task = asyncio.create_task(health.watch(boxes, log, lag_s, lambda: starting))
    try:
        await asyncio.sleep(0.1)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_a_word_to_systemd_is_one_datagram(systemd):
    health.notify("READY=1")
    assert heard(systemd) == ["READY=1"]


def test_without_a_systemd_nothing_is_said(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    health.notify("READY=1")


def test_an_abstract_address_works_too(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind("\0tradebot-test-notify")
        channel.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@tradebot-test-notify")
        health.notify("READY=1")
        assert heard(channel) == ["READY=1"]


def test_a_systemd_that_is_gone_does_not_end_us(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    health.notify("WATCHDOG=1")


def test_a_systemd_that_takes_nothing_stops_nobody(systemd):
    began = time.monotonic()
    for _ in range(1000):  # more than its queue holds
        health.notify("WATCHDOG=1")
    assert 1 <= len(heard(systemd)) < 1000 and time.monotonic() - began < 30


async def test_the_watchdog_is_pinged_while_there_is_progress(systemd):
    async with watching(inboxes()):
        assert set(heard(systemd)) == {"WATCHDOG=1"}


@pytest.mark.parametrize("stuck", [False, True])
async def test_a_start_is_given_more_time_while_there_is_progress(systemd, stuck):
    boxes = inboxes()
    boxes["risk"].stuck_at = time.monotonic() - health.STUCK_S - 1 if stuck else None
    async with watching(boxes, starting=True):
        more = "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=log and venue do not agree yet"
        assert set(heard(systemd)) == (set() if stuck else {"WATCHDOG=1", more})


@pytest.mark.parametrize("name", health.CRITICAL)
async def test_no_ping_while_a_critical_actor_does_not_come_back(systemd, name):
    boxes = inboxes()
    boxes[name].stuck_at = time.monotonic() - health.STUCK_S - 1
    async with watching(boxes):
        assert heard(systemd) == []


async def test_no_ping_when_the_log_has_failed(systemd):
    async with watching(inboxes(), failed=OSError("disk")):
        assert heard(systemd) == []


async def test_no_ping_when_the_loop_is_late(systemd):
    async with watching(inboxes(), lag_s=-1.0):
        assert heard(systemd) == []


async def test_an_actor_that_failed_a_moment_ago_is_not_stuck(systemd):
    boxes = inboxes()
    for box in boxes.values():
        box.stuck_at = time.monotonic()
    async with watching(boxes):
        assert heard(systemd)


def test_no_file_left_for_a_word_to_systemd_ends_nothing(monkeypatch, tmp_path):
    def none_left(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr("daemon.health.socket.socket", none_left)
    health.notify("WATCHDOG=1")
