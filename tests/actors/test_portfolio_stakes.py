"""Kelly's part of a crypto account, and where its stop and target lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors import stops
from actors.portfolio import Known, bracket, stake
from actors.sizing import Results, edge, full
from tests.actors.portfolios import BTC, PRICE, RULES, SETTINGS, D

KELLY = replace(SETTINGS, portfolio=replace(RULES, sizing="kelly"))


def results(won, lost, gain="15", loss="10"):
    return Results(won, lost, won * D(gain), lost * D(loss))


def staked(confidence=1.0, value="10000", settings=KELLY, **more):
    known = Known(D(value), (), {}, D(1), D(1), results(**more))
    return stake(confidence, settings, known)


def test_kellys_share_of_the_example_is_a_quarter_and_a_quarter_of_that_625_dollars():
    assert full(D("0.55"), D("1.5")) == D("0.25")
    # Shrunk by 50 even trades: 0.55 of 100 + 50 is that of 57.5 of the first 100.
    known = results(115, 85)
    chance = (115 + D(25)) / 250
    assert edge(known, 50) == full(chance, D("1.5"))
    assert staked(won=115, lost=85) == 10_000 * D("0.25") * full(chance, D("1.5"))
    many = staked(won=55 * 10**6, lost=45 * 10**6)  # pseudo-trades weigh nothing
    assert many == pytest.approx(D(625), abs=D("0.01"))


def test_kelly_takes_a_quarter_of_the_value_at_most():
    sure = staked(won=10**9, lost=1, gain="1000", loss="1")
    assert sure == pytest.approx(D(2500), abs=D("0.01")) and sure <= 2500
    loose = replace(KELLY, sizing=replace(KELLY.sizing, kelly_share=D("0.5")))
    assert staked(won=10**9, lost=1, gain="1000", loss="1", settings=loose) == 2500


@pytest.mark.parametrize(("won", "lost", "dollars"), [
    (30, 19, 50), (0, 49, 50), (50, 0, 50), (0, 50, 0), (10, 60, 0),
])  # fmt: skip
def test_until_fifty_trades_and_a_loss_are_known_the_documented_size_counts(won, lost, dollars):
    """And nothing where there is no edge."""
    assert staked(won=won, lost=lost) == dollars


def test_the_documented_size_asks_nobody_how_trades_went():
    assert staked(won=100, lost=1, settings=SETTINGS) == 50
    assert staked(won=1, lost=100, settings=SETTINGS) == 50


@pytest.mark.parametrize("signal", [0.0, 0.3, 1.0])
def test_kelly_goes_by_the_signal_as_well(signal):
    assert staked(signal, won=60, lost=40) == staked(won=60, lost=40) * D(str(signal))


@pytest.mark.parametrize("side", [1, -1])
def test_stop_and_target_are_shares_of_the_price(side):
    """The stop not a tick farther than 5 %, the target not a tick nearer than 10 %."""
    assert stops.first(SETTINGS, side, PRICE, None) == (300_000, 600_000)
    assert bracket(D("61687.72"), BTC, RULES) == (308_438, 616_878)
    assert bracket(D("0.10"), BTC, RULES) == (1, 1)


@given(st.decimals("0.5", 10**6, places=2))
def test_a_stop_costs_a_twentieth_at_most_and_a_target_brings_a_tenth_at_least(price):
    stop, target = bracket(price, BTC, RULES)
    assert stop * BTC.tick <= price / 20 < (stop + 1) * BTC.tick
    assert (target - 1) * BTC.tick < price / 10 <= target * BTC.tick
