"""The oracle is not wrong itself: every table and example that section 9 prints, to the cent."""

from fractions import Fraction as F

import pytest

from tests.oracle import rules

SURE = {"0.5": F(65, 100), "1.0": F(75, 100), "1.5": F(85, 100), "2.0": F(95, 100)}
SLIP, BOTH, TOUCH = F("2.09"), F("3.34"), F("0.84")


@pytest.mark.parametrize(("balance", "with_25", "without"), [
    (850, (0, 1, 1, 1), (0, 1, 1, 1)), (1000, (1, 1, 1, 1), (1, 2, 2, 2)),
    (1500, (1, 1, 1, 1), (1, 3, 3, 3)), (2000, (1, 1, 1, 1), (2, 4, 4, 4)),
    (3000, (1, 1, 1, 1), (2, 4, 5, 5)),
])  # fmt: skip
def test_sizes(balance, with_25, without):
    fits = [rules.contracts(F(balance), sure, 8) for sure in SURE.values()]
    free = [rules.contracts(F(balance), sure, 8, trade=0) for sure in SURE.values()]
    assert (tuple(fits), tuple(free)) == (with_25, without)


@pytest.mark.parametrize(("stop", "fits"), [(7, 2), (8, 1), (17, 1), (18, 0)])
def test_25_dollars(stop, fits):
    assert min(2, rules.TRADE // rules.unit_risk(stop)) == fits
    assert rules.unit_risk(8) == F("13.34")


@pytest.mark.parametrize(("target", "gross", "slip", "limit", "both"), [
    (8, "50.00", "60.45", "62.78", "66.70"), (12, "40.00", "48.36", "50.82", "53.36"),
    (16, "33.33", "40.30", "42.69", "44.47"), (24, "25.00", "30.23", "32.34", "33.35"),
])  # fmt: skip
def test_break_even_rates_of_a_stop_of_8_ticks(target, gross, slip, limit, both):
    """p* by what a loser and a winner cost, in percent."""
    costs = ((0, 0, gross), (SLIP, SLIP, slip), (BOTH, SLIP, limit), (BOTH, BOTH, both))
    for lost, won, percent in costs:
        rate = rules.breakeven(8 * rules.TICK, target * rules.TICK, F(lost), F(won))
        assert f"{float(rate) * 100:.2f}" == percent


def test_the_examples_of_the_budget():
    room = rules.room(F(1000), F(0), F(1000), F(1000))
    order = rules.pending_risk(1, 8)
    left = rules.budget(room, [], [], [order])
    assert (room, left) == (50, F("36.66"))
    assert rules.accepted(order, left)
    room = rules.room(F("977.50"), F("-22.50"), F(1000), F(1000))
    risk = rules.open_risk(1, 6)
    left = rules.budget(room, [rules.drawdown_share(F("977.50"), F(1000))], [risk])
    assert (room, risk, left) == (F("27.50"), F("9.17"), F("18.33"))
    assert rules.accepted(order, left)
    assert not rules.accepted(order, left - order)
    room = rules.room(F(1000), F(-10), F(1010), F(1100))
    fall = rules.drawdown_share(F(1000), F(1100))
    assert rules.budget(room, [fall, rules.volatility_share(F(9, 4))]) == F("22.50")
    assert rules.budget(room, [fall, rules.volatility_share(F(7, 2))], [risk]) == F("5.83")
    assert rules.open_risk(1, -4) == 0


@pytest.mark.parametrize(("q", "share"), [
    ("1.5", "1"), ("2.25", "0.75"), ("3", "0.5"), ("4.99", "0.5"), ("5", "0"),
])  # fmt: skip
def test_shares_by_range(q, share):
    assert rules.volatility_share(F(q)) == F(share)
