"""An exception at any await point of any task (C5): the account ends flat, and no task dies unseen.

A reference session runs on a clock 200 times as fast as the wall's, with a paper venue. Each step
of each of its tasks is counted; at one of them the coroutine gets an exception where it waits. What
that ends is started again on the same log, as systemd would, and told to stop.
"""

import asyncio
import os
import random
import secrets
import time
from collections.abc import Coroutine
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core import messages as m
from core.reasons import Reason
from daemon import wiring
from daemon.report import Latency, Tally
from daemon.session import Session
from daemon.snapshots import resume
from daemon.stopping import Stopping
from research.venue import PaperVenue
from storage.wal import Wal, read
from tests import build
from tests.simulation.world import alive, settings

POINTS = int(os.environ.get("POINTS", "24"))
STEPS = 150  # about as many as the reference session has
SPEED, LENGTH_S = 200.0, 0.3
START = build.AT // build.SECOND * build.SECOND - 5 * 3600 * build.SECOND
QUICK = {"retry_s": 0.02, "reconcile_s": 0.05, "flat_gap_s": 0.02, "unknown_quiet_s": 0.2}


class Injected(Exception):
    """Not one that any code expects."""


class Clock:
    reaction = SPEED

    def __init__(self):
        self.began = time.monotonic_ns()

    def __call__(self):
        return START + int((time.monotonic_ns() - self.began) * SPEED)


class Steps(Coroutine):
    """A coroutine whose every resumption is counted, and one of all is an exception."""

    def __init__(self, inner, counted):
        self.inner, self.counted = inner, counted

    def send(self, value):
        self.counted["steps"] += 1
        if self.counted["steps"] == self.counted["at"]:
            self.counted["where"] = getattr(self.inner, "__qualname__", "")
            return self.inner.throw(Injected("on purpose"))
        return self.inner.send(value)

    def throw(self, *error):
        return self.inner.throw(*error)

    def close(self):
        return self.inner.close()

    def __await__(self):
        return self.inner.__await__()


class Venue:
    """The paper venue behind awaits."""

    def __init__(self, numbers, clock):
        self.paper, self.clock, self.rng = PaperVenue(numbers, Decimal(100_000)), clock, None
        self.bid = 20_000
        self.begun = None  # told once: a busy machine takes its time until then

    async def run(self, post):
        if self.begun is not None:
            self.begun()
            self.begun = None
        self.rng = random.Random(7)
        for link in ("user", "market"):
            post(m.FeedState(self.clock(), link, True, "", Reason.DATA_LINK_UP))
        while True:
            await asyncio.sleep(0.002)
            self.bid += self.rng.choice((-2, -1, 0, 1, 2))
            at, bid = self.clock(), self.bid / 4
            quote = m.Quote(at, bid, bid + 0.25, 5, 5, received=at)
            trade = m.Trade(at, bid, 1, -1, at)
            for event in (quote, trade):
                told = self.paper.on(event)
                for message in (event, *told):
                    post(message)

    async def asked(self, order, at):
        await asyncio.sleep(0.001)
        answers = self.paper.on(order)
        await asyncio.sleep(0.001)
        return answers

    async def ready(self):
        pass

    place = cancel = modify = close_position = asked

    async def snapshot(self, since, at, day=0):
        await asyncio.sleep(0.001)
        return self.paper.on(m.Reconcile(at, since, Reason.REC_QUERY))[0]


def numbers():
    wanted = settings(signals={"cycle_s": 5}, recovery=QUICK)
    quick = replace(wanted.execution, naked_s=0.05, exit_timeout_s=0.05)
    return replace(wanted, execution=quick).at_speed(SPEED)


async def session(folder, venue, clock, stopping):
    chosen, wal_settings = numbers(), replace(build.CONFIG.log, ballast_mb=0, free_min_mb=0)
    paths = replace(build.CONFIG.paths, wal=str(folder / "wal"), state=str(folder))
    limits = replace(build.CONFIG.supervisor, stop_timeout_s=5.0)
    config = replace(build.CONFIG, paths=paths, log=wal_settings, supervisor=limits)
    run = secrets.token_hex(4)
    wal = Wal.open(
        folder / "wal", run=run, account="a" * 64, settings=wal_settings, clock=clock
    )  # fmt: skip
    try:
        tally, stages = Tally(Latency()), wiring.thinking(chosen, None)
        found = resume(wal, stages, tally)
        parts = {"market": wiring.market(chosen, stages, found.last), **stages}

        def built(name, last):
            if name == "market":
                return wiring.market(chosen, parts, None)
            return wiring.thinking(chosen, None)[name]

        one = Session(config, venue, wal, clock, parts, tally, built, stopping, found.last)
        start = m.RunStarted(
            clock(), run, "test", 1, "CON.F.US.MES.Z26", Decimal(100_000), "", "", "", chosen
        )  # fmt: skip
        return await one.run(start, found.cut)
    finally:
        wal.close()


async def lived(folder, at):
    """The reference session with an exception at step `at`, then whatever it takes to end it."""
    loop, unseen, counted = asyncio.get_running_loop(), [], {"steps": 0, "at": at, "where": ""}
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    loop.set_task_factory(
        lambda loop, work, **more: asyncio.Task(Steps(work, counted), loop=loop, **more)
    )
    clock, stopping = Clock(), Stopping()
    venue = Venue(numbers(), clock)
    venue.begun = lambda: loop.call_later(LENGTH_S, stopping.say, "end of test", "test")
    (folder / "wal").mkdir(mode=0o700)
    ended, runs = None, 0
    while ended is None and runs < 4:
        runs += 1
        try:
            ended = await session(folder, venue, clock, stopping)
        except Exception as error:  # noqa: BLE001
            assert "on purpose" in f"{error!r} {error.__cause__!r} {error.__context__!r}", error
            stopping.say("restarted", "test")
    loop.set_task_factory(None)
    return ended, venue.paper.exchange, counted, unseen


def harmless(folder, ended, exchange, counted, unseen):
    where = f"step {counted['at']} in {counted['where']}"
    assert unseen == [], where
    assert ended is not None and ended.code == 0, where
    assert (exchange.position.size, alive(exchange)) == (0, []), where
    records = [line.record for line in read(folder / "wal")]
    tags = [r.message.tag for r in records if isinstance(r.message, m.PlaceOrder)]
    assert len(set(tags)) == len(tags), where
    assert isinstance(records[-1].message, m.RunEnded | m.SegmentClosed), where


async def test_the_reference_session_trades_and_ends_flat(tmp_path):
    ended, exchange, counted, unseen = await lived(tmp_path, 0)
    harmless(tmp_path, ended, exchange, counted, unseen)
    assert exchange.trades and counted["steps"] > STEPS / 3


@pytest.mark.parametrize("part", range(POINTS))
async def test_an_exception_at_an_await_point_does_no_harm(tmp_path, part):
    at = 1 + part * STEPS // POINTS
    harmless(tmp_path, *(await lived(tmp_path, at)))
