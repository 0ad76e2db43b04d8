"""Seeded days against the exchange: whatever the wires do, the end is flat and to the cent."""

import os
import random
from decimal import Decimal

import pytest

from core import messages as m
from tests.simulation.world import BALANCE, SECOND, START, World, alive, settings, walk

SEEDS = int(os.environ.get("SEEDS", "4"))  # of each kind; a campaign asks for more
LENGTH, PATIENCE = 150, 400  # seconds of market, and of pulses to the proof of flatness
KINDS = {
    "native": ({}, True),
    "manual": ({"execution": {"native_brackets": False}}, True),
    "refused": ({}, False),
    "reversal": ({"signals": {"allow_reversal": True}}, True),
    "two": ({"risk": {"contracts": 2, "position_max": 2, "trade_risk_max": 100}}, True),
}


def live(kind, seed, rate, crashes=()):
    changes, brackets = KINDS[kind]
    world = World(settings(**changes), seed, rate, brackets)
    assert world.run(world.start())
    for event in walk(seed, LENGTH):
        assert world.run([event], exposure)
        second = (event.at - START) // SECOND
        if isinstance(event, m.Pulse) and second in crashes:
            world.crash()
            assert world.run(world.start(event.at, f"r{second}"), exposure)
    end = START + LENGTH * SECOND
    after = walk(seed, PATIENCE, end + SECOND)
    unproven = world.run([m.Command(end, "stop", "test", "end"), *after], exposure)
    return world, unproven


def exposure(world, message):
    """Never more than position_max, whatever is still to fill."""
    assert abs(world.exchange.position.size) <= world.settings.risk.position_max


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", KINDS)
def test_every_run_ends_flat_with_the_venues_money(kind, seed, rate):
    ends_well(kind, *live(kind, seed, rate))


@pytest.mark.parametrize("rate", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_any_second_changes_nothing_of_that(kind, seed, rate):
    crashes = random.Random(seed).sample(range(1, LENGTH), 3)
    world, unproven = live(kind, seed, rate, crashes)
    ends_well(kind, world, unproven)
    tags = [order.tag for order in world.of(m.PlaceOrder)]
    assert len(set(tags)) == len(tags)


def ends_well(kind, world, unproven):
    exchange = world.exchange
    assert not unproven, f"not proven flat; position {exchange.position.size}"
    assert exchange.position.size == 0
    assert alive(exchange) == []
    # The exchange rounds every partial exit from a fractional average to a cent, the book none.
    rounded = Decimal("0.01") * len(exchange.trades) if kind == "two" else 0
    for book in world.books():
        assert book.position.size == 0
        assert not [order for order in book.orders.values() if order.live]
        assert abs(BALANCE + book.realised - exchange.balance) <= rounded
    assert world.of(m.TradeClosed)
    assert not world.of(m.Halted)
