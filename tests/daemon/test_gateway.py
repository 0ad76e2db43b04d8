import asyncio
import os
from contextlib import asynccontextmanager, suppress
from threading import Event

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from core.clock import TapeClock
from core.messages import (
    Alert,
    CancelOrder,
    ClosePosition,
    OrderRejected,
    OrderUncertain,
    PlaceOrder,
    QueryFailed,
)
from core.reasons import Reason
from core.terms import Purpose, Request
from daemon.gateway import TAKES, Gateway
from daemon.report import Latency
from storage.disk import Disk
from tests import build
from tests.daemon.parts import LOG, RUN, Venue, bus, until, wal
from venues.base import Limited, Unauthorised, Unknown, Unreachable

ENTRY = build.place_order(tag=f"{RUN}-1", intent=f"{RUN}-i1")
REDUCERS = (
    build.cancel_order(),
    build.close_position(),
    build.modify_order(),
    build.place_order(tag=f"{RUN}-2", purpose=Purpose.STOP, expires_at=0),
)


class SlowDisk(Disk):
    """Syncs only while it is let."""

    def __init__(self):
        self.may = Event()
        self.may.set()

    def fdatasync(self, fd):
        self.may.wait(10)
        os.fdatasync(fd)


@asynccontextmanager
async def serving(folder, *script, now=build.AT, disk=None, settings=LOG):
    with wal(folder, settings, disk) as log:
        venue = Venue(*script)
        hub = bus({}, log, gateway=TAKES)
        told = []
        hub.post("risk", build.approved(intent=build.intent(id=f"{RUN}-i1")))
        hub.watches.append(lambda actor, message, seq: told.append(message))
        gateway = Gateway(venue, hub.inboxes["gateway"], hub, log, lambda: now, Latency())
        task = asyncio.create_task(gateway.run())
        try:
            yield hub, venue, told
        finally:
            if disk is not None:
                disk.may.set()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_nothing_is_sent_before_it_is_on_disk(tmp_path):
    disk = SlowDisk()
    async with serving(tmp_path, disk=disk) as (hub, venue, _):
        disk.may.clear()
        hub.post("executor", ENTRY)
        await asyncio.sleep(0.1)
        assert venue.sent == []
        disk.may.set()
        await until(lambda: venue.sent)
        assert venue.sent == [ENTRY]


async def test_an_entry_that_a_dead_log_cannot_hold_is_refused(tmp_path):
    disk = SlowDisk()
    async with serving(tmp_path, disk=disk) as (hub, venue, told):
        disk.may.clear()
        hub.post("executor", ENTRY)
        await until(lambda: len(told) > 1)
        assert (told[1].tag, told[1].reason) == (ENTRY.tag, Reason.SYS_WAL_IO)
        assert venue.sent == []


@pytest.mark.parametrize("order", REDUCERS, ids=lambda order: type(order).__name__)
async def test_what_reduces_is_sent_even_with_a_dead_log(tmp_path, order):
    disk = SlowDisk()
    async with serving(tmp_path, disk=disk) as (hub, venue, _):
        disk.may.clear()
        hub.post("executor", order)
        await until(lambda: venue.sent)
        assert venue.sent == [order]


@pytest.mark.parametrize("order", REDUCERS, ids=lambda order: type(order).__name__)
async def test_on_a_slow_disk_an_exit_goes_after_its_time_and_an_entry_waits(tmp_path, order):
    disk, patient = SlowDisk(), replace(LOG, sync_timeout_s=20.0, exit_wait_s=0.05)
    async with serving(tmp_path, disk=disk, settings=patient) as (hub, venue, told):
        disk.may.clear()
        hub.post("executor", ENTRY)
        hub.post("executor", order)
        await until(lambda: venue.sent)
        assert venue.sent == [order]
        (alert,) = (one for one in told if isinstance(one, Alert))
        assert alert.of is Reason.SYS_WAL_IO and order.tag in alert.text
        disk.may.set()
        await until(lambda: len(venue.sent) > 1)
        assert venue.sent == [order, ENTRY]


async def test_on_a_fast_disk_an_exit_is_on_it_before_it_goes(tmp_path):
    disk, patient = SlowDisk(), replace(LOG, sync_timeout_s=20.0, exit_wait_s=5.0)
    async with serving(tmp_path, disk=disk, settings=patient) as (hub, venue, told):
        disk.may.clear()
        hub.post("executor", REDUCERS[0])
        await asyncio.sleep(0.1)
        assert venue.sent == []
        disk.may.set()
        await until(lambda: venue.sent)
        assert not [one for one in told if isinstance(one, Alert)]


async def test_an_entry_too_old_when_journalled_is_not_sent(tmp_path):
    async with serving(tmp_path, now=ENTRY.expires_at + 1) as (hub, venue, told):
        hub.post("executor", ENTRY)
        await until(lambda: len(told) > 1)
        assert told[1].reason is Reason.SIG_EXPIRED
        assert venue.sent == []


@pytest.mark.parametrize(("tag", "intent"), [
    ("beef-1", "beef-i1"),  # the crash came between the order and its sending
    (f"{RUN}-1", "beef-i1"),  # between the wish and its order, which this run has made
])  # fmt: skip
async def test_an_entry_of_an_earlier_run_is_not_sent(tmp_path, tag, intent):
    async with serving(tmp_path) as (hub, venue, told):
        hub.post("executor", build.place_order(tag=tag, intent=intent))
        await until(lambda: len(told) > 1)
        assert (told[1].reason, told[1].text) == (
            Reason.SIG_EXPIRED, "an entry of an earlier run",
        )  # fmt: skip
        assert venue.sent == []


@pytest.mark.parametrize(
    ("order", "request_"),
    [
        (ENTRY, Request.PLACE),
        (build.cancel_order(), Request.CANCEL),
        (build.modify_order(), Request.MODIFY),
        (build.close_position(), Request.CLOSE),
    ],
)
async def test_an_unknown_outcome_is_uncertain_and_never_rejected(tmp_path, order, request_):
    async with serving(tmp_path, Unknown("no answer in 5 s")) as (hub, venue, told):
        hub.post("executor", order)
        await until(lambda: len(told) > 1)
        assert isinstance(told[1], OrderUncertain)
        assert (told[1].tag, told[1].request, told[1].why) == (
            order.tag, request_, "no answer in 5 s",
        )  # fmt: skip
        assert len(venue.sent) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unreachable("no"), Reason.ORD_NOT_PLACED),
        (Limited("no"), Reason.SYS_RATE_LIMITED),
        (Unauthorised("no"), Reason.SYS_AUTH),
    ],
)
async def test_what_was_not_sent_is_rejected_with_its_reason_and_not_sent_again(
    tmp_path, error, reason
):
    async with serving(tmp_path, error) as (hub, venue, told):
        hub.post("executor", ENTRY)
        await until(lambda: len(told) > 1)
        assert isinstance(told[1], OrderRejected)
        assert (told[1].reason, told[1].text, len(venue.sent)) == (reason, "no", 1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unknown("no"), Reason.REC_QUERY_FAILED),
        (Limited("no"), Reason.SYS_RATE_LIMITED),
        (Unauthorised("no"), Reason.SYS_AUTH),
    ],
)
async def test_a_query_that_fails_says_why_and_a_refused_login_is_an_alert(tmp_path, error, reason):
    with capture_logs() as lines:
        async with serving(tmp_path, error) as (hub, _, told):
            hub.post("recovery", build.reconcile())
            await until(lambda: len(told) > 1)
            assert (type(told[1]), told[1].reason) == (QueryFailed, reason)
    alerts = [line for line in lines if line["log_level"] == "error"]
    assert len(alerts) == (reason is Reason.SYS_AUTH)


async def test_a_query_without_an_answer_says_so_and_nothing_else(tmp_path):
    async with serving(tmp_path, Unreachable("HTTP 502")) as (hub, _, told):
        hub.post("recovery", build.reconcile())
        await until(lambda: len(told) > 1)
        assert isinstance(told[1], QueryFailed)


async def test_a_slow_order_does_not_hold_up_a_cancel(tmp_path):
    class Slow(Venue):
        async def place(self, order, at):
            await asyncio.Event().wait()

    with wal(tmp_path) as log:
        venue = Slow()
        hub = bus({}, log, gateway=TAKES)
        gateway = Gateway(venue, hub.inboxes["gateway"], hub, log, lambda: build.AT, Latency())
        task = asyncio.create_task(gateway.run())
        hub.post("executor", ENTRY)
        hub.post("executor", build.cancel_order())
        await until(lambda: venue.sent)
        assert [type(order) for order in venue.sent] == [CancelOrder]
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_the_gateway_takes_every_order_kind():
    assert {PlaceOrder, CancelOrder, ClosePosition} < set(TAKES)


def test_at_speed_0_an_event_is_received_at_its_time(tmp_path):
    """The clock stands at the one before it: a minute later it would look like the future."""
    later, heard = build.quote(at=build.AT + 60 * build.SECOND, received=build.AT), []
    with wal(tmp_path, LOG) as log:
        hub = bus({}, log, gateway=TAKES)
        hub.post = lambda actor, message: heard.append(message)
        clock = TapeClock(build.AT, 0.0)
        Gateway(Venue(), hub.inboxes["gateway"], hub, log, clock, Latency()).hear(later)
    assert heard == [replace(later, received=later.at)]
