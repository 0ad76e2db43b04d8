"""How much of a coin: every number of quant.md 9.7 at its limit and past it."""

import pytest
from msgspec.structs import replace

from actors.portfolio import Holding, Known, crowding, size, together
from actors.sizing import Results
from core.portfolio import SECTORS, sector
from core.reasons import Reason
from tests import build
from tests.actors.portfolios import (
    ALIKE,
    BTC,
    ONE_WAY,
    RULES,
    SETTINGS,
    D,
    coin,
    fit,
    left,
    why,
)


def test_the_steps_in_their_order():
    found = fit(held=[("BTC", "100")], volatility="2")
    assert [(str(c.rule).removeprefix("RISK_"), c.value) for c in found.checks] == [
        ("FOLIO_VALUE", 10_000), ("FOLIO_STAKE", 50), ("FOLIO_CORRELATION", D("37.5")),
        ("VOLATILITY", 2), ("FOLIO_REGIME", D("18.75")), ("FOLIO_POSITION", D("18.75")),
        ("FOLIO_SECTOR", D("18.75")), ("FOLIO_MIN", D("18.75")), ("FOLIO_LOTS", 31),
        ("FOLIO_CROWDED", 1),
    ]  # fmt: skip
    assert found.contracts == 31 and all(check.passed for check in found.checks)


def test_the_documented_stake_of_ten_thousand_is_fifty():
    found = fit()
    assert left(found, Reason.RISK_FOLIO_STAKE) == 50 and found.contracts == 83  # of 0.60


@pytest.mark.parametrize(("signal", "lots", "reason"), [
    (0.2, 16, Reason.RISK_PASS), (0.19999, 0, Reason.RISK_FOLIO_MIN),
    (0.0, 0, Reason.RISK_FOLIO_STAKE), (-0.5, 0, Reason.RISK_FOLIO_STAKE),
    (1.0, 83, Reason.RISK_PASS), (1.5, 83, Reason.RISK_PASS),
])  # fmt: skip
def test_a_signal_lies_between_nothing_and_one_and_under_a_fifth_is_under_ten_dollars(
    signal, lots, reason
):
    found = fit(signal)
    assert (found.contracts, why(found)) == (lots, reason)


@pytest.mark.parametrize(("value", "reason"), [
    ("2000", Reason.RISK_PASS), ("1999.99", Reason.RISK_FOLIO_MIN),
    ("0.01", Reason.RISK_FOLIO_MIN), ("0", Reason.RISK_FOLIO_VALUE),
    ("-5", Reason.RISK_FOLIO_VALUE),
])  # fmt: skip
def test_an_order_is_of_ten_dollars_at_least(value, reason):
    assert why(fit(value=value)) is reason


@pytest.mark.parametrize(("volatility", "dollars"), [
    ("0", "50"), ("0.5", "50"), ("1.5", "50"), ("1.500001", "25"), ("3", "25"), (None, "25"),
])  # fmt: skip
def test_a_wild_market_halves_the_size_and_an_unknown_one_counts_as_wild(volatility, dollars):
    assert left(fit(volatility=volatility), Reason.RISK_FOLIO_REGIME) == D(dollars)


def test_an_extreme_market_admits_nothing():
    found = fit(volatility="3.000001")
    assert (found.contracts, why(found)) == (0, Reason.RISK_VOLATILITY)
    assert found.checks[-1].limit == 3


@pytest.mark.parametrize(("factor", "reason"), [
    ("1", Reason.RISK_PASS), ("0.2", Reason.RISK_PASS), ("0.19", Reason.RISK_FOLIO_MIN),
    ("0", Reason.RISK_FOLIO_REGIME),
])  # fmt: skip
def test_what_else_shrinks_an_entry_shrinks_it_too(factor, reason):
    """Breakers and the hour, as those of every other entry."""
    assert why(fit(factor=factor)) is reason


@pytest.mark.parametrize(("held", "dollars"), [
    ("2449.99", "50"), ("2450", "50"), ("2450.01", "49.99"), ("2490", "10"),
    ("-2490", "10"), ("2490.01", None), ("2500", None), ("2600", None),
])  # fmt: skip
def test_one_coin_is_a_quarter_of_the_value_at_most(held, dollars):
    """Without the cut for correlation, so that the cap alone is seen; long or short."""
    found = fit(settings=coin("BTC", correlation_cut=D("1E-9")), held=[("BTC", held)])
    taken = abs(D(held))
    if dollars is None:
        above = taken >= 2500
        assert why(found) is (Reason.RISK_FOLIO_POSITION if above else Reason.RISK_FOLIO_MIN)
    else:
        assert left(found, Reason.RISK_FOLIO_POSITION) == pytest.approx(D(dollars), abs=D("1E-6"))


@pytest.mark.parametrize(("symbol", "held", "most"), [
    ("SOL", [("ADA", "1500"), ("XRP", "-1500")], 4000), ("UNI", [("AAVE", "3000")], 4000),
    ("BTC", [("ETH", "3000")], 6000), ("XYZ", [("QQQ", "3000")], 4000),
])  # fmt: skip
@pytest.mark.parametrize("room", ["-0.01", "0", "9.99", "10", "49.99", "50", "60"])
def test_a_sector_is_two_fifths_of_the_value_at_most_and_the_majors_three(symbol, held, most, room):
    """What the table lacks is of one sector, other. `room`: dollars left in it."""
    first, rest = held[0], held[1:]
    others = sum(abs(D(value)) for _, value in rest)
    there = [(first[0], most - others - D(room)), *rest]
    found = fit(settings=coin(symbol, correlation_cut=D("1E-9")), held=there)
    if D(room) <= 0:
        assert why(found) is Reason.RISK_FOLIO_SECTOR
    elif D(room) < 10:
        assert why(found) is Reason.RISK_FOLIO_MIN
    else:
        dollars = left(found, Reason.RISK_FOLIO_SECTOR)
        assert dollars == pytest.approx(min(D(room), 50), abs=D("1E-6"))


def test_other_sectors_and_stablecoins_take_no_room():
    full_ = [("UNI", "6000"), ("DOGE", "6000")]
    rules = {"correlation_unknown": D(0)}
    assert fit(settings=coin("BTC", **rules), held=full_).contracts == 83
    assert fit(settings=coin("USDT", **rules), held=[("USDC", "9000")]).contracts == 83


def test_the_sectors():
    assert {sector("BTC"), sector("ETH")} == {"major"} and sector("unheard of") == "other"
    assert set(SECTORS.values()) == {
        "major", "layer-1", "layer-2", "defi", "exchange", "meme", "stable",
    }  # fmt: skip


def rho(side=1, held=(("ETH", "100"),), returns=None):
    rows = tuple(Holding(symbol, D(value)) for symbol, value in held)
    known = Known(D(10_000), rows, returns or {}, D(1), D(1), Results())
    return together("BTC", side, known, RULES)


@pytest.mark.parametrize(("side", "held", "mean"), [
    (1, [("ETH", "100")], 1), (-1, [("ETH", "100")], -1), (-1, [("ETH", "-100")], 1),
    (1, [("SOL", "100")], -1), (1, [("SOL", "-100")], 1),
    (1, [("ETH", "300"), ("SOL", "100")], "0.5"), (1, [("ETH", "100"), ("XYZ", "100")], "0.75"),
    (1, [("XYZ", "100")], "0.5"), (-1, [("XYZ", "100")], "0.5"), (1, [], 0),
    (1, [("SOL", "0.5")], -1), (1, [("SOL", "-0.5")], 1),
])  # fmt: skip
def test_the_mean_correlation_is_by_dollars_and_direction(side, held, mean):
    """What is not known counts a half, whichever way."""
    assert rho(side, held, ALIKE) == D(mean)


@pytest.mark.parametrize("side", [1, -1])
def test_a_part_of_a_correlation_counts_as_such(side):
    """Against a coin that goes the same way by sign alone."""
    signs = {hour: 0.01 if change > 0 else -0.01 for hour, change in ONE_WAY.items()}
    mean = rho(side, returns={"BTC": ONE_WAY, "ETH": signs}) * side
    assert D("0.9") < mean < D("0.95")


@pytest.mark.parametrize(("points", "mean"), [(48, "1"), (47, "0.5")])
def test_47_hours_in_common_count_as_unknown(points, mean):
    few = {hour: ONE_WAY[hour] for hour in range(points)}
    assert rho(returns={"BTC": ONE_WAY, "ETH": few}) == D(mean)


@pytest.mark.parametrize(("held", "dollars"), [
    ([], "50"), ([("SOL", "100")], "50"), ([("XYZ", "100")], "37.5"), ([("ETH", "100")], "25"),
    ([("ETH", "300"), ("SOL", "100")], "37.5"),
])  # fmt: skip
def test_correlation_takes_half_at_most_and_never_adds(held, dollars):
    found = fit(held=held, returns=ALIKE)
    assert left(found, Reason.RISK_FOLIO_CORRELATION) == D(dollars)


@pytest.mark.parametrize(("held", "index", "over"), [
    ([], 1, True), ([("ETH", "49.8")], "0.5", False), ([("ETH", "49.9")], None, True),
    ([("ETH", "25"), ("SOL", "25")], None, False), ([("BTC", "50")], 1, True),
    ([("ETH", "-49.8")], "0.5", False),
])  # fmt: skip
def test_a_crowded_portfolio_is_warned_of_and_not_refused(held, index, over):
    """83 lots of 0.60 dollars are 49.80: as much again in another coin makes a half of it."""
    found = fit(settings=coin("BTC", correlation_unknown=D(0)), held=held)
    check = found.checks[-1]
    assert check.rule is Reason.RISK_FOLIO_CROWDED and check.passed and found.contracts == 83
    assert (check.value > check.limit) is over and check.limit == D("0.5")
    assert index is None or check.value == D(index)


def test_nothing_held_is_not_crowded():
    assert crowding([]) == 0 and crowding([Holding("BTC", D(0))]) == 0


def test_lots_are_whole_and_no_more_than_an_entry_may_have():
    few = replace(SETTINGS, risk=replace(SETTINGS.risk, contracts=82))
    assert fit(settings=few).contracts == 82
    for lots, allowed in ((17, 17), (16, 0)):  # 10.20 dollars, 9.60: too few for an order
        found = fit(settings=replace(SETTINGS, risk=replace(SETTINGS.risk, contracts=lots)))
        assert found.contracts == allowed
        assert why(found) is (Reason.RISK_PASS if allowed else Reason.RISK_FOLIO_MIN)
    coarse = replace(SETTINGS, instrument=replace(BTC, tick_value=D("0.0000083")))  # 49.80 a lot
    assert fit(settings=coarse).contracts == 1
    dear = replace(SETTINGS, instrument=replace(BTC, tick_value=D("0.0000084")))  # 50.40
    assert (fit(settings=dear).contracts, why(fit(settings=dear))) == (0, Reason.RISK_FOLIO_LOTS)


def test_without_a_price_there_is_no_lot():
    wish = build.intent(confidence=1.0, price=D(0))
    found = size(wish, SETTINGS, Known(D(10_000), (), {}, D(1), D(1), Results()))
    assert (found.contracts, why(found)) == (0, Reason.RISK_FOLIO_LOTS)
