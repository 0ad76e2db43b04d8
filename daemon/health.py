"""Is real progress made? Tells systemd, which restarts us when we fall silent."""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from daemon.bus import Inbox
from daemon.wiring import CRITICAL
from storage.wal import Wal

PATIENCE_S, READY_S = 60.0, 1.0
STUCK_S = 5.0  # a critical actor that is not back by then


def notify(text: str) -> None:
    """One sd_notify datagram; nothing where no systemd waits or listens. A systemd that takes none
    does not stop us: a ping is let go, and being ready is worth a second."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(READY_S if text.startswith("READY") else 0.0)
        channel.sendto(text.encode(), address)


def more_time(why: str, after_s: float = 0.0) -> None:
    """A start is at work, or waits for the venue: systemd is to wait with it until the next word,
    which comes soon after those seconds. What hangs says nothing, and is ended."""
    notify(f"EXTEND_TIMEOUT_USEC={int((PATIENCE_S + after_s) * 1e6)}\nSTATUS={why}")


def progressing(inboxes: Mapping[str, Inbox], wal: Wal) -> bool:
    """Log, risk and order path are each at work, or back in a moment."""
    now = time.monotonic()
    failed = [inboxes[name].stuck_at or now for name in CRITICAL]
    return min(failed) > now - STUCK_S and not wal.failed


async def watch(
    inboxes: Mapping[str, Inbox], wal: Wal, lag_max_s: float, starting: Callable[[], bool]
) -> None:
    """Ping the watchdog while there is progress; a late loop or a stuck actor gets no ping. A start
    whose log and venue do not agree yet is none that hangs."""
    limit_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    period = min(5.0, limit_us / 4e6) if limit_us else 1.0
    while True:
        before = time.monotonic()
        await asyncio.sleep(period)
        late = time.monotonic() - before - period
        if late < lag_max_s and progressing(inboxes, wal):
            notify("WATCHDOG=1")
            if starting():
                more_time("log and venue do not agree yet")
