"""Seeded days against the exchange: whatever the wires do, the end is flat and to the cent."""

from decimal import Decimal

import pytest

from core import messages as m
from tests.simulation.world import BALANCE, SECOND, START, World, alive, settings, walk

LENGTH, PATIENCE = 240, 400  # seconds of market, and of pulses to the proof of flatness
KINDS = {
    "native": ({}, True),
    "manual": ({"execution": {"native_brackets": False}}, True),
    "refused": ({}, False),
    "reversal": ({"signals": {"allow_reversal": True}}, True),
    "two": ({"risk": {"contracts": 2, "position_max": 2, "trade_risk_max": 100}}, True),
}


def live(kind, seed, rate):
    changes, brackets = KINDS[kind]
    world = World(settings(**changes), seed, rate, brackets)
    assert world.run([*world.start(), *walk(seed, LENGTH)], exposure)
    end = START + LENGTH * SECOND
    after = walk(seed, PATIENCE, end + SECOND)
    unproven = world.run([m.Command(end, "stop", "test", "end"), *after], exposure)
    return world, unproven


def exposure(world, message):
    """Never more than position_max, whatever is still to fill."""
    if isinstance(message, m.Fill | m.PlaceOrder):
        assert abs(world.exchange.position.size) <= world.settings.risk.position_max


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", KINDS)
def test_every_run_ends_flat_with_the_venues_money(kind, seed, rate):
    world, unproven = live(kind, seed, rate)
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
