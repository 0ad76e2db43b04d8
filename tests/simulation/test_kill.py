"""The kill switch at random moments of seeded days (K4): not one entry after it, flat, and sticky.

TRIGGERS asks for more of them.
"""

import os
import random

import pytest

from core import messages as m
from core.reasons import Reason
from core.terms import Purpose, Request, State
from daemon.gate import HEARS, Gate
from tests.simulation.world import SECOND, START, World, alive, settings, walk

TRIGGERS = int(os.environ.get("TRIGGERS", "12"))
LENGTH, PATIENCE = 60, 400  # seconds of market, and of pulses to the proof of flatness


class Gated:
    """The venue behind the gateway's own gate; keeps what went through it."""

    def __init__(self, venue):
        self.venue, self.gate, self.sent = venue, Gate(), []
        self.takes = (*HEARS, *(kind for kind in venue.takes if kind not in HEARS))

    @property
    def held(self):
        return self.venue.held

    def on(self, message):
        if isinstance(message, HEARS):
            actor = "risk" if isinstance(message, m.Approved) else "any"
            self.gate.hear(m.Record(0, actor, None, message))
            return []
        if isinstance(message, m.PlaceOrder) and message.purpose is Purpose.ENTRY:
            if (no := self.gate.refuses(message)) is not None:
                return [m.OrderRejected(message.at, message.tag, Request.PLACE, 0, no[1], no[0])]
            self.sent.append(message)
            answers = self.venue.on(message)
            self.gate.answered(message, answers)
            return answers
        return self.venue.on(message)


def day(seed):
    """A world with its gate, the events of its day, and after how many of them it is killed."""
    rng = random.Random(seed)
    rate = rng.choice((0.0, 0.05, 0.2))
    brackets = rng.random() < 0.7
    world = World(settings(signals={"cycle_s": rng.choice((3, 5, 7))}), seed, rate, brackets)
    gated = Gated(world.stages["venue"])
    world.stages = {"venue": gated, **{k: v for k, v in world.stages.items() if k != "venue"}}
    events = list(walk(seed, LENGTH))
    return rng, world, gated, events, rng.randrange(20, len(events))


@pytest.mark.parametrize("seed", range(TRIGGERS))
def test_no_entry_follows_a_kill_and_the_account_is_proven_flat(seed):
    rng, world, gated, events, cut = day(seed)
    world.run([*world.start(), *events[:cut]])
    dead = rng.choice(((), ("signals",)))  # every strategy actor
    for name in dead:
        del world.stages[name]
    at, before = events[cut - 1].at, len(gated.sent)
    way = rng.choice((m.Command(at, "kill", "ada", "test"),
                      m.Halted(at, "test", "supervisor", Reason.SYS_ESCALATE)))  # fmt: skip
    flat = not world.run([way, *events[cut:], *walk(seed + 1, PATIENCE, START + LENGTH * SECOND)])
    assert flat, "not proven flat"
    assert len(gated.sent) == before, gated.sent[before:]
    assert world.exchange.position.size == 0 and not alive(world.exchange)
    assert world.stages["risk"].memory.state is State.HALTED
    if not dead:
        outlives(world, gated, seed, before)


def outlives(world, gated, seed, before):
    """A restart trades no more; a named person's rearm does."""
    world.crash()
    gated.gate = Gate(world.stages["risk"].memory.state)
    at = START + (LENGTH + PATIENCE) * SECOND
    world.run([*world.start(at, "r2"), *walk(seed, 30, at)])
    assert len(gated.sent) == before
    later = at + 31 * SECOND
    world.run([m.Command(later, "rearm", "ada", "looked at it"), *walk(seed, 60, later)])
    state = world.stages["risk"].memory.state  # another limit may have been hit since
    assert (not gated.gate.closed) is (state is State.ACTIVE)
    assert m.StateChanged in {type(r.message) for r in world.records if r.message.at >= later}


def test_told_to_nobody_but_the_gate_a_kill_keeps_entries_off():
    """All stages are at work and know nothing of it: what they ask for is refused."""
    refused = 0
    for seed in range(TRIGGERS):
        _, world, gated, events, cut = day(seed)
        world.run([*world.start(), *events[:cut]])
        before = len(gated.sent)
        gated.on(m.Command(events[cut - 1].at, "kill", "ada", "test"))
        world.run(events[cut:])
        assert len(gated.sent) == before
        answers = [r.message for r in world.records if isinstance(r.message, m.OrderRejected)]
        refused += sum(answer.reason is Reason.SIG_BLOCKED for answer in answers)
    assert refused > TRIGGERS
