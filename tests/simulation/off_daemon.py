"""Safeguards of the log, the gateway and the venue's client, with what switches each off."""

import asyncio
import fcntl
import json
import secrets
from contextlib import suppress
from math import inf
from typing import Any

from msgspec.structs import replace

import daemon.gateway
import daemon.main
import daemon.watches
import storage.segments
import storage.wal
import storage.writer
from core.reasons import Reason
from daemon.gateway import Gateway
from storage import snapshot
from storage.disk import Disk
from storage.wal import Wal
from tests.simulation.switches import Switch, instead
from venues.base import Unknown
from venues.throttle import Throttle
from venues.topstepx import account, links
from venues.topstepx.client import TopstepX
from venues.topstepx.links import Links
from venues.topstepx.rest import Rest

KNOBS: dict[str, dict[str, str]] = {
    "a request's time limit": {"VENUE_REQUEST_TIMEOUT_S": "100000.0"},
    "an ear for silence": {"VENUE_SILENCE_S": "100000.0", "FEED_STALE_S": "100000.0"},
    "calls kept for exits": {"VENUE_RESERVE": "0.0"},
}


async def at_once(self: Any, *given: Any) -> None:
    pass


async def never(*given: Any) -> None:
    await asyncio.Event().wait()


def connected_once(real: Any) -> Any:
    async def follow(self: Any, link: Any, post: Any) -> None:
        try:
            await real(self, link, post)
        finally:
            await asyncio.Event().wait()

    return follow


def twice(real: Any) -> Any:
    """An order whose answer is lost is sent again."""

    async def command(self: Any, path: str, *given: Any, **more: Any) -> Any:
        try:
            return await real(self, path, *given, **more)
        except Unknown:
            return await real(self, path, *given, **more)

    return command


def once(fd: int, content: bytes, disk: Disk) -> None:
    disk.write(fd, content)


def trusting(path: Any) -> Any:
    whole = json.loads(path.read_bytes())
    return snapshot.Snapshot(whole["seq"], snapshot.arrays(whole["state"]))


def uncut(real: Any) -> Any:
    def resume(*given: Any) -> Any:
        found = real(*given)
        found.cut.clear()
        return found

    return resume


def any_age(self: Any, order: Any) -> tuple[Reason, str] | None:
    """Why an entry must not be sent: its age is no matter."""
    ours = order.intent.startswith(self.wal.run)
    return None if ours else (Reason.SIG_EXPIRED, "of an earlier run")


def ageless(real: Any) -> Any:
    async def place(self: Any, order: Any, at: int) -> Any:
        return await real(self, replace(order, expires_at=0), at)

    return place


def any_run(self: Any, order: Any) -> tuple[Reason, str] | None:
    return (Reason.SIG_EXPIRED, "too old") if 0 < order.expires_at < self.clock() else None


def unheard(real: Any) -> Any:
    """News that cannot be read are passed over."""

    def read(self: Any, record: Any, received: int, post: Any) -> None:
        with suppress(links.hub.Lost):
            real(self, record, received, post)

    return read


async def taken_once(rest: Any, key: Any, since: int, at: int, tags: Any, day: int = 0) -> Any:
    held = await account._positions(rest, key)
    return await account._rest_of_it(rest, key, since, at, tags, held, day)


def kept(self: Any, token: Any) -> None:
    self._token, self._renew_at = token, inf


OFF: dict[str, Switch] = {
    "durable before send": instead(Wal, "durable", at_once),
    "sync of the log": instead(Disk, "fdatasync", lambda self, fd: None),
    "sync of directories": instead(Disk, "fsync_dir", lambda self, path: None),
    "cut of a torn end": instead(storage.wal, "repair", lambda torn, ns, disk: torn.path),
    "checksums": instead(storage.segments, "is_true", lambda raw: True),
    "short writes are finished": instead(storage.writer, "write_all", once),
    "the lock of the log": instead(fcntl, "flock", lambda fd, how: None),
    "checksums of snapshots": instead(snapshot, "load", trusting),
    "answers that a crash cut off": instead(daemon.main, "resume", uncut(daemon.main.resume)),
    "a run's name in its tags": instead(secrets, "token_hex", lambda size: "00" * size),
    "an entry's time limit": instead(Gateway, "too_late", any_age),
    "an entry's time limit after the login": instead(TopstepX, "place", ageless(TopstepX.place)),
    "refusal of an earlier run's entry": instead(Gateway, "too_late", any_run),
    "an order is sent once": instead(Rest, "command", twice(Rest.command)),
    "a budget of calls": instead(Throttle, "take", lambda self, now, urgent=False: 0.0),
    "login again": instead(Rest, "forget", lambda self, token: None),
    "a token renewed in time": instead(Rest, "_keep", kept),
    "another connection": instead(Links, "_follow", connected_once(Links._follow)),
    "news that cannot be read end the link": instead(
        Links, "_read_user", unheard(Links._read_user)
    ),
    "the position is asked for twice": instead(account, "snapshot", taken_once),
    "the kill file": instead(daemon.watches, "kill", never),
}
