"""A signal has its time: what grew too old on the way is dropped with a code, wherever it waited.

CASES says how many wishes: each waits before risk, for its exit if it is a turn, and on the disk,
by chance, and at times to the very nanosecond.
"""

import asyncio
import os
import random
from collections import Counter

import pytest

from actors.executor import Executor
from core.messages import Approved, OrderRejected, PlaceOrder, Refused
from core.reasons import Reason
from core.terms import Action, Purpose
from daemon.gateway import TAKES, Gateway
from daemon.report import Latency
from tests import build
from tests.actors.test_risk import AT, PLAIN, intent, risk
from tests.daemon.parts import LOG, RUN, Memory, Venue, bus, until
from tests.daemon.test_gate import OURS
from tests.daemon.test_gateway import serving
from venues.base import Unauthorised

CASES = int(os.environ.get("CASES", "300"))
SECOND = build.SECOND
TURNS = {1: Action.REVERSE_TO_LONG, -1: Action.REVERSE_TO_SHORT}


class SlowLog(Memory):
    """Takes its time by the clock until a record is on the disk."""

    run, settings = RUN, LOG

    def __init__(self):
        super().__init__()
        self.now, self.wait = 0, 0

    async def durable(self, seq):
        self.now += self.wait


def waits(rng, ttl):
    """Three waits whose sum is anything from nothing to twice the time that a wish has."""
    total = rng.choice((ttl - 1, ttl, ttl + 1, rng.randrange(2 * ttl)))
    first, second = sorted(rng.choices(range(total + 1), k=2))
    return first, second - first, total - second


def decide(stage, wish, wait):
    stage.on(build.pulse(at=wish.at + wait))
    (answer,) = stage.on(wish)
    stage.memory.reserved.clear()
    return answer


def orders(approved, side, wait):
    """What the executor makes of it: at once, or of a turn when its exit has filled."""
    executor = Executor(PLAIN)
    at = approved.at
    executor.on(build.run_started(at=AT, settings=PLAIN, run=RUN))
    if approved.intent.action not in TURNS.values():
        return executor.on(approved)
    executor.on(build.fill(at=AT, side=-side, tag="", venue_id=1, trade_id=1))
    executor.on(approved)
    out = build.fill(at=at + wait, side=side, tag="", venue_id=2, trade_id=2)
    return [*executor.on(out), *executor.on(build.agreed(at=at + wait, position=0))]


async def test_no_order_comes_from_a_signal_that_is_over():
    rng, log, venue, done = random.Random(4), SlowLog(), Venue(), Counter()
    hub = bus({}, log, depth=10 * CASES, gateway=TAKES)
    gateway = Gateway(venue, hub.inboxes["gateway"], hub, log, lambda: log.now, Latency())
    told = []
    hub.watches.append(lambda actor, message, seq: told.append(message))
    task = asyncio.create_task(gateway.run())
    stages = {1: risk(), -1: risk()}
    for number in range(CASES):
        side, turns = rng.choice((1, -1)), rng.random() < 0.5
        ttl = rng.randrange(SECOND // 2, 5 * SECOND)
        first, second, third = waits(rng, ttl)
        if not turns:
            first, second = first + second, 0
        action = TURNS[side] if turns else (
            Action.LONG_ENTRY if side > 0 else Action.SHORT_ENTRY
        )  # fmt: skip
        at = AT + number * SECOND // 10
        wish = intent(at=at, id=f"{RUN}-i{number}", action=action, expires_at=at + ttl)
        answer = decide(stages[side], wish, first)
        done[await fate(answer, at + first, side, second, third, (log, hub, venue, told))] += 1
        total = first + second + third
        assert bool(venue.sent) == (total <= ttl), (number, ttl, first, second, third)
        assert not venue.sent or log.now <= wish.expires_at
        venue.sent.clear()
    task.cancel()
    assert sum(done.values()) == CASES and len(done) == 4, done


async def fate(answer, now, side, second, third, parts):
    """Where it ended, which must have a code."""
    log, hub, venue, told = parts
    if isinstance(answer, Refused):
        assert answer.reason is Reason.SIG_EXPIRED
        return "refused by risk"
    assert isinstance(answer, Approved)
    made = orders(build.approved(at=now, intent=answer.intent), side, second)
    entries = [m for m in made if isinstance(m, PlaceOrder) and m.purpose is Purpose.ENTRY]
    if not entries:
        assert [m.reason for m in made if isinstance(m, OrderRejected)] == [Reason.SIG_EXPIRED]
        return "given up with its exit"
    told.clear()
    log.now, log.wait = now + second, third
    hub.post("risk", answer)
    hub.post("executor", entries[0])
    await until(lambda: venue.sent or any(isinstance(m, OrderRejected) for m in told))
    if venue.sent:
        return "sent"
    assert next(m for m in told if isinstance(m, OrderRejected)).reason is Reason.SIG_EXPIRED
    return "too old when journalled"


@pytest.mark.parametrize("killed", [True, False])
async def test_a_kill_stops_an_entry_that_waits_for_a_login(tmp_path, killed):
    async with serving(tmp_path) as (hub, venue, told):
        asked, may = asyncio.Event(), asyncio.Event()

        async def ready():
            asked.set()
            await may.wait()

        venue.ready = ready
        hub.post("executor", OURS)
        await asyncio.wait_for(asked.wait(), 5)
        if killed:
            hub.post("operator", build.command(name="kill"))
        may.set()
        await until(lambda: venue.sent or isinstance(told[-1], OrderRejected))
        assert bool(venue.sent) is not killed


async def test_an_entry_for_which_the_venue_has_no_login_is_told_so(tmp_path):
    async with serving(tmp_path) as (hub, venue, told):

        async def ready():
            raise Unauthorised("code 3")

        venue.ready = ready
        hub.post("executor", OURS)
        await until(lambda: isinstance(told[-1], OrderRejected))
        assert (told[-1].reason, venue.sent) == (Reason.SYS_AUTH, [])
