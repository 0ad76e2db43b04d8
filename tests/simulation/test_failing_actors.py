"""A stage that raises on one message, whichever: rebuilt without it, it learns the rest anew.

The world does here what `daemon/supervisor.py` does: a record of the failure, a stage folded from
the log without that message, and a halt where the message was one that nobody may miss.
"""

import os
import random
from collections import Counter
from decimal import Decimal
from functools import cache
from itertools import islice

import pytest

from actors.replay import replay
from core import messages as m
from core.reasons import Reason
from daemon.supervisor import GRAVE
from daemon.wiring import CRITICAL
from tests.simulation.world import BALANCE, SECOND, START, World, alive, deciding, settings, walk

SEEDS = int(os.environ.get("SEEDS", "2"))
DAYS = 100  # among which are those that bring a stage a kind of message
LENGTH, PATIENCE = 120, 300
CASES = [
    (name, kind)
    for name, stage in deciding(settings()).items()
    for kind in stage.takes
    if kind is not m.RunStarted  # that ends the process
]
# What these days do not bring: a stage cannot fail on it here.
NEVER = (
    m.ActorFailed, m.NotPlaced, m.Refused, m.Halted, m.Reduce, m.QueryFailed, m.SessionClosed,
    m.Prediction,
)  # fmt: skip
CASES = [(name, kind) for name, kind in CASES if kind not in NEVER]


class Raises:
    """Lets the `nth` message of a kind through to nobody, by an exception."""

    def __init__(self, world, name, kind, nth):
        self.world, self.name, self.kind, self.left = world, name, kind, nth
        self.stage = world.stages[name]
        self.takes, self.failed = self.stage.takes, False

    @property
    def memory(self):
        return self.stage.memory

    def on(self, message):
        if type(message) is self.kind:
            self.left -= 1
            if not self.left:
                return self.rebuilt(message)
        return self.stage.on(message)

    def rebuilt(self, message):
        self.failed = True
        records = self.world.records
        fresh = deciding(self.world.settings)[self.name]
        list(replay({self.name: fresh}, records[:-1]))
        self.stage = fresh
        at, seq = message.at, len(records)
        answers = [m.ActorFailed(at, self.name, seq, "raised on purpose", 1)]
        if self.name in CRITICAL and type(message) in GRAVE:
            answers.append(m.Halted(at, "missed", "supervisor", Reason.SYS_ESCALATE))
        return answers


def exposure(world, message):
    assert abs(world.exchange.position.size) <= world.settings.risk.position_max


class Counts:
    """How many messages of each kind a stage is given."""

    def __init__(self, stage, found, name):
        self.stage, self.takes, self.found, self.name = stage, stage.takes, found, name

    @property
    def memory(self):
        return self.stage.memory

    def on(self, message):
        self.found[self.name, type(message)] += 1
        return self.stage.on(message)


@cache
def given(seed):
    """By stage and kind, in the same days with nothing failing."""
    world, found = World(settings(), seed, rate=0.1), Counter()
    for name in deciding(settings()):
        world.stages[name] = Counts(world.stages[name], found, name)
    world.run([*world.start(), *walk(seed, LENGTH)])
    world.run([m.Command(START + LENGTH * SECOND, "stop", "test", "end")])
    return found


def day(name, kind, number):
    """The first, second ... of the days that bring that stage a message of that kind."""
    bringing = (seed for seed in range(DAYS) if given(seed)[name, kind])
    return next(islice(bringing, number, None))


@pytest.mark.parametrize("number", range(SEEDS))
@pytest.mark.parametrize(
    ("name", "kind"), CASES, ids=[f"{name}-{kind.__name__}" for name, kind in CASES]
)
def test_whatever_message_a_stage_fails_on_the_end_is_flat_and_to_the_cent(name, kind, number):
    seed = day(name, kind, number)
    world = World(settings(), seed, rate=0.1)
    nth = random.Random(f"{name} {kind.__name__} {seed}").randint(1, given(seed)[name, kind])
    world.stages[name] = Raises(world, name, kind, nth)
    world.run([*world.start(), *walk(seed, LENGTH)], exposure)
    end = START + LENGTH * SECOND
    after = walk(seed, PATIENCE, end + SECOND)
    unproven = world.run([m.Command(end, "stop", "test", "end"), *after], exposure)
    assert world.stages[name].failed
    assert not unproven, f"not proven flat; position {world.exchange.position.size}"
    assert (world.exchange.position.size, alive(world.exchange)) == (0, [])
    for book in world.books():
        assert book.position.size == 0
        assert not book.alive
        assert abs(BALANCE + book.realised - world.exchange.balance) == Decimal(0)
    tags = [order.tag for order in world.of(m.PlaceOrder)]
    assert len(set(tags)) == len(tags)
