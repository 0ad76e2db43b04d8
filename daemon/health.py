"""Is real progress made? Tells systemd, which restarts us when we fall silent."""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

import structlog

from daemon.bus import Inbox
from daemon.wiring import CRITICAL
from storage.wal import Wal

log = structlog.get_logger("tradebot")
PATIENCE_US = 60_000_000
STUCK_S = 5.0  # a critical actor that is not back by then


def notify(text: str) -> None:
    """One sd_notify datagram; nothing where no systemd waits or listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(text.encode(), address)


def reading(records: int) -> None:
    """A start that reads a long log is at work: systemd gives it more time."""
    log.info("reading the log", records=records)
    notify(f"EXTEND_TIMEOUT_USEC={PATIENCE_US}\nSTATUS=reading the log: {records:,} records")


def progressing(inboxes: Mapping[str, Inbox], wal: Wal) -> bool:
    """Log, risk and order path are each at work, or back in a moment."""
    now = time.monotonic()
    failed = [inboxes[name].stuck_at or now for name in CRITICAL]
    return min(failed) > now - STUCK_S and not wal.failed


async def watch(inboxes: Mapping[str, Inbox], wal: Wal, lag_max_s: float) -> None:
    """Ping the watchdog while there is progress; a late loop or a stuck actor gets no ping."""
    limit_us = int(os.environ.get("WATCHDOG_USEC", "0"))
    period = min(5.0, limit_us / 4e6) if limit_us else 1.0
    while True:
        before = time.monotonic()
        await asyncio.sleep(period)
        late = time.monotonic() - before - period
        if late < lag_max_s and progressing(inboxes, wal):
            notify("WATCHDOG=1")
