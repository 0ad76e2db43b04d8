"""Contracts by balance, confidence, stop, conditions and budget: quant.md 9.2, to the edge."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.sizing import Results, kelly, multiplier, size, tier
from core.reasons import Reason
from tests import build

D = Decimal
SETTINGS = replace(build.SETTINGS, risk=replace(build.SETTINGS.risk, contracts=5))
SIZING = SETTINGS.sizing
SURE = {"0.5": 0.65, "1.0": 0.75, "1.5": 0.85, "2.0": 0.95}


def fit(balance="1000", confidence=0.95, stop=8, factor="1", budget="1000", settings=SETTINGS,
        results=None):  # fmt: skip
    wish = build.intent(confidence=confidence, stop_ticks=stop)
    return size(wish, settings, D(balance), D(factor), D(budget), results or Results())


def without_trade_limit():
    return replace(SETTINGS, risk=replace(SETTINGS.risk, trade_risk_max=D(1000)))


@pytest.mark.parametrize(("balance", "times", "contracts", "free"), [
    ("850", "0.5", 0, 0), ("850", "1.0", 1, 1), ("850", "1.5", 1, 1), ("850", "2.0", 1, 1),
    ("1000", "0.5", 1, 1), ("1000", "1.0", 1, 2), ("1000", "1.5", 1, 2), ("1000", "2.0", 1, 2),
    ("1500", "0.5", 1, 1), ("1500", "1.0", 1, 3), ("1500", "1.5", 1, 3), ("1500", "2.0", 1, 3),
    ("2000", "0.5", 1, 2), ("2000", "1.0", 1, 4), ("2000", "1.5", 1, 4), ("2000", "2.0", 1, 4),
    ("3000", "0.5", 1, 2), ("3000", "1.0", 1, 4), ("3000", "1.5", 1, 5), ("3000", "2.0", 1, 5),
])  # fmt: skip
def test_the_table_of_the_plan(balance, times, contracts, free):
    """For a stop of 8 ticks; `free` without the 25 dollars a trade."""
    assert fit(balance, SURE[times]).contracts == contracts
    assert fit(balance, SURE[times], settings=without_trade_limit()).contracts == free


@pytest.mark.parametrize(("balance", "most"), [
    ("699.99", 0), ("700", 1), ("999.99", 1), ("1000", 2), ("1499.99", 2), ("1500", 3),
    ("1999.99", 3), ("2000", 4), ("2999.99", 4), ("3000", 5), ("1000000", 5),
])  # fmt: skip
def test_tiers_begin_at_their_lower_bound(balance, most):
    assert tier(SIZING, D(balance))[0] == most
    assert tier(SIZING, D(balance))[1] == (0 if not most else D("1.5") if most == 5 else 2)


@pytest.mark.parametrize(("confidence", "times"), [
    (0.0, 0), (0.5999999, 0), (0.60, "0.5"), (0.6999999, "0.5"), (0.70, 1), (0.7999999, 1),
    (0.80, "1.5"), (0.90, "1.5"), (0.9000001, 2), (1.0, 2),
])  # fmt: skip
def test_confidence_multiplies_by_its_band(confidence, times):
    assert multiplier(SIZING, confidence) == D(times)


@pytest.mark.parametrize(("stop", "contracts"), [(7, 2), (8, 1), (17, 1), (18, 0)])
def test_25_dollars_a_trade_bound_the_size(stop, contracts):
    assert fit("3000", 0.95, stop).contracts == contracts


@pytest.mark.parametrize(("factor", "contracts"), [("1", 4), ("0.5", 2), ("0.25", 1), ("0.2", 0)])
def test_reductions_multiply_and_are_rounded_down_at_the_end(factor, contracts):
    assert fit("2000", factor=factor, settings=without_trade_limit()).contracts == contracts


@pytest.mark.parametrize(("budget", "contracts"), [
    ("-1", 0), ("13.33", 0), ("13.34", 1), ("26.67", 1), ("26.68", 2),
])  # fmt: skip
def test_the_budget_has_the_last_word(budget, contracts):
    found = fit("2000", budget=budget, settings=without_trade_limit())
    assert found.contracts == contracts
    assert found.checks[-1].rule is Reason.RISK_SIZE_BUDGET


def test_every_step_says_what_it_leaves():
    told = [(check.rule, int(check.value)) for check in fit("1500", 0.75).checks]
    assert told == [
        (Reason.RISK_SIZE_TIER, 3), (Reason.RISK_SIZE_STAKE, 3), (Reason.RISK_SIZE_TRADE, 1),
        (Reason.RISK_SIZE_FACTOR, 1), (Reason.RISK_SIZE_BUDGET, 1),
    ]  # fmt: skip


def test_a_fixed_size_has_no_steps():
    settings = replace(SETTINGS, sizing=replace(SIZING, mode="fixed"))
    assert fit(settings=settings) == type(fit())(5, ())


def results(won, lost, gain="15", loss="10"):
    return Results(won, lost, won * D(gain), lost * D(loss))


def test_kelly_counts_from_fifty_trades_on_and_is_shrunk_towards_even_odds():
    assert kelly(SIZING, results(30, 19)) == 100
    chance = (30 + D(25)) / 100
    assert kelly(SIZING, results(30, 20)) == (chance - (1 - chance) / D("1.5")) * 25


def test_kelly_without_an_edge_is_nothing():
    settings = replace(SETTINGS, sizing=replace(SIZING, mode="kelly"))
    assert kelly(SIZING, results(20, 40, "10", "10")) == 0
    assert kelly(SIZING, results(0, 60)) == 0
    assert fit(settings=settings, results=results(20, 40, "10", "10")).contracts == 0
    assert fit(settings=settings, results=results(60, 40)).contracts == 1


@given(
    st.decimals(0, 10_000, places=2), st.floats(0, 1), st.integers(1, 40),
    st.sampled_from(["0.25", "0.5", "1"]), st.decimals(-100, 100, places=2),
)  # fmt: skip
def test_no_size_may_lose_more_than_a_trade_or_the_budget(
    balance, confidence, stop, factor, budget
):
    found = fit(str(balance), confidence, stop, factor, str(budget))
    unit = (stop + 2) * D("1.25") + D("0.84")
    assert found.contracts * unit <= max(0, min(D(25), budget))
    assert all(check.passed for check in found.checks) is (found.contracts >= 1)
