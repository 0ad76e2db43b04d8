"""Whatever a crypto account holds: no cap is passed, and nothing worse makes a size larger."""

from hypothesis import given
from hypothesis import strategies as st

from tests.actors.portfolios import ALIKE, ONE_WAY, D, coin, fit

portfolios = st.fixed_dictionaries({
    "confidence": st.floats(0, 1), "value": st.integers(0, 10**6), "side": st.sampled_from((1, -1)),
    "held": st.lists(st.tuples(
        st.sampled_from(("BTC", "ETH", "SOL", "XYZ")), st.integers(-5000, 5000).filter(bool)
    ), max_size=4),
    "volatility": st.one_of(st.none(), st.decimals(0, 4, places=2)),
    "returns": st.sampled_from(({}, ALIKE, {"BTC": ONE_WAY})),
    "factor": st.sampled_from(("1", "0.5", "0.25")),
})  # fmt: skip


@given(portfolios)
def test_no_cap_is_ever_passed(known):
    found = fit(**known)
    dollars, value = found.contracts * D("0.6"), known["value"]
    held = dict.fromkeys(("BTC", "ETH", "SOL", "XYZ"), 0)
    for symbol, worth in known["held"]:
        held[symbol] += abs(worth)
    if found.contracts:
        assert dollars + held["BTC"] <= D("0.25") * value
        assert dollars + held["BTC"] + held["ETH"] <= D("0.60") * value
        assert dollars <= D("0.005") * value * D(repr(known["confidence"]))
    assert all(check.passed for check in found.checks) is (found.contracts >= 1)


@given(portfolios, st.integers(1, 5000), st.decimals(0, 2, places=2))
def test_a_size_never_rises_with_what_is_held_or_with_volatility(known, more, wilder):
    was = fit(**known).contracts
    held = [*known["held"], ("BTC", more * known["side"])]
    if not known["held"] or all(row[0] == "BTC" and row[1] * known["side"] > 0
                                for row in known["held"]):  # fmt: skip
        assert fit(**known | {"held": held}).contracts <= was
    volatility = known["volatility"]
    if volatility is not None:
        assert fit(**known | {"volatility": volatility + wilder}).contracts <= was


@given(portfolios, st.decimals(0, 1, places=2), st.decimals(0, 1, places=2))
def test_a_size_never_rises_with_correlation(known, one, other):
    """Of what nothing else is known of, so that the correlation is the number given."""
    held = [("XYZ", 100)]
    low, high = sorted((one, other))
    sizes = [
        fit(**known | {"held": held, "settings": coin("BTC", correlation_unknown=rate)}).contracts
        for rate in (low, high)
    ]
    alone = fit(**known | {"held": []}).contracts
    assert sizes[1] <= sizes[0] <= alone
    assert sizes[1] >= alone // 2 - 1 or sizes[1] == 0
