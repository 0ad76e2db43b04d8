"""Hours of a coin: their returns, how they move together, and how wild they are."""

import json
from datetime import timedelta
from decimal import Decimal
from statistics import median

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.regimes import HOUR, Hours, correlation, factor, ratio, volatilities
from core.portfolio import PortfolioSettings
from tests import build

RULES = PortfolioSettings("crypto")
D = Decimal
START = 480_000  # hours since 1970


def bar(hour, close, second=3600):
    """The bar that ends so many seconds into the hour."""
    return build.bar(at=hour * HOUR + second * build.SECOND, close=close)


def told(closes, start=START, rules=RULES, stage=None, symbol="BTC"):
    """One bar at the end of each hour; None: an hour without any."""
    stage = stage or Hours()
    for number, close in enumerate(closes):
        if close is not None:
            stage.see(bar(start + number, close), symbol, rules)
    return stage


def walk(count, seed=1, sigma=0.01):
    return (
        60_000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, sigma, count)))
    ).tolist()


def test_the_return_of_an_hour_is_its_last_close_over_that_of_the_hour_before():
    stage = Hours()
    for hour, close, second in (
        (START, 99.0, 1), (START, 100.0, 3600), (START + 1, 90.0, 1), (START + 1, 110.0, 3600),
        (START + 2, 50.0, 1),
    ):  # fmt: skip
        stage.see(bar(START, close, (hour - START) * 3600 + second), "BTC", RULES)
    assert stage.returns == {"BTC": {START + 1: pytest.approx(0.1)}}


def test_beside_an_hour_without_a_bar_there_is_no_return():
    stage = told([100.0, 101.0, None, 103.0, 104.0, 105.0])
    assert sorted(stage.returns["BTC"]) == [START + 1, START + 4]


def test_returns_of_thirty_days_are_kept_and_no_more():
    stage = told(walk(800))
    assert len(stage.returns["BTC"]) == 720
    assert min(stage.returns["BTC"]) == max(stage.returns["BTC"]) - 719


def test_each_coin_has_its_own_returns_and_another_ones_volatility_is_not_ours():
    stage = told(walk(100))
    assert stage.volatility("BTC", RULES) is not None and stage.volatility("ETH", RULES) is None
    told([50.0, 51.0, 52.0], START + 200, stage=stage, symbol="ETH")
    assert list(stage.returns["ETH"]) == [START + 201] and len(stage.returns["BTC"]) == 98
    assert stage.volatility("ETH", RULES) is None
    told([60_000.0, 60_600.0, 60_000.0], START + 203, stage=stage)
    assert sorted(stage.returns["BTC"])[-2:] == [START + 98, START + 204]
    assert stage.volatility("BTC", RULES) is None, "of another time"


def brute(returns, hours=24):
    """Realised volatility of each hour, by slices of an array with holes."""
    first, last = min(returns), max(returns)
    row = np.array([returns.get(hour, np.nan) for hour in range(first, last + 1)])
    found = {}
    for end in range(hours, len(row) + 1):
        part = row[end - hours : end]
        if not np.isnan(part).any():
            found[first + end - 1] = float(np.sqrt((part**2).sum()))
    return found


@given(st.integers(0, 10_000), st.integers(30, 120), st.sets(st.integers(0, 119), max_size=3))
def test_volatility_is_that_of_unbroken_days(seed, count, holes):
    rng = np.random.default_rng(seed)
    returns = {START + n: float(rng.normal(0, 0.01)) for n in range(count) if n not in holes}
    found = volatilities(returns, 24)
    assert found == pytest.approx(brute(returns))


def test_the_ratio_is_over_the_median_once_48_are_known():
    returns = {START + n: 0.01 * (1 + n % 7) for n in range(71)}
    last = START + 70
    assert len(volatilities(returns, 24)) == 48
    expected = volatilities(returns, 24)[last] / median(volatilities(returns, 24).values())
    assert ratio(returns, last, RULES) == round(D(expected), 6)
    assert ratio({h: r for h, r in returns.items() if h > START}, last, RULES) is None, "47 known"
    assert ratio(returns, last + 1, RULES) is None, "not that hour's"


def test_a_market_that_stood_still_has_no_ratio():
    assert ratio(dict.fromkeys(range(START, START + 100), 0.0), START + 99, RULES) is None


def test_a_wild_day_after_calm_weeks_is_extreme():
    calm, wild = walk(700, sigma=0.002), walk(30, seed=2, sigma=0.02)
    stage = told([*calm, *(calm[-1] * price / wild[0] for price in wild)])
    assert stage.volatility("BTC", RULES) > 3


def test_what_is_not_known_any_more_is_what_it_was_last_for_two_days():
    """An hour without a bar blinds for a day: until then the last one counts, not for ever."""
    stage = told([*walk(100), None, 60_000.0])
    was = stage.ratio
    assert stage.volatility("BTC", RULES) == was > 0 and stage.ratio_hour == START + 99
    told([60_000.0], stage.ratio_hour + 48, stage=stage)
    assert stage.volatility("BTC", RULES) == was
    told([60_000.0], stage.ratio_hour + 49, stage=stage)
    assert stage.volatility("BTC", RULES) is None


def test_after_an_hour_without_a_bar_it_is_known_again_before_the_last_one_is_too_old():
    closes = walk(200)
    closes[110] = None
    stage, known = Hours(), []
    for number, close in enumerate(closes):
        told([close], START + number, stage=stage)
        known.append(stage.volatility("BTC", RULES))
    assert None not in known[73:] and known[:72] == [None] * 72


@pytest.mark.parametrize(("v", "times"), [
    ("0", "1"), ("0.499999", "1"), ("0.5", "1"), ("0.500001", "1"), ("1.5", "1"),
    ("1.500001", "0.5"), ("3", "0.5"), ("3.000001", "0"), ("9", "0"),
])  # fmt: skip
def test_an_edge_belongs_to_the_regime_under_it(v, times):
    assert factor(D(v), RULES) == D(times)


def test_a_regime_may_have_another_factor():
    """The four have names of their own though two of them do alike: each row is a setting."""
    rows = ((D("0.5"), D("0.9")), (D("1.5"), D("0.8")), (D(3), D("0.3")))
    rules = replace(RULES, regimes=rows)
    found = [factor(D(v), rules) for v in ("0.5", "0.51", "1.51", "3.01")]
    assert found == [D("0.9"), D("0.8"), D("0.3"), 0]


def numbers(seed, count=60):
    rng = np.random.default_rng(seed)
    return {START + n: float(rng.normal(0, 0.01)) for n in range(count)}


@given(st.integers(0, 10_000), st.integers(48, 90), st.integers(0, 20))
def test_correlation_is_pearsons_of_the_hours_in_common(seed, count, shift):
    one = numbers(seed, count + shift)
    other = {h + shift: r for h, r in numbers(seed + 1, count).items()}
    both = sorted(set(one) & set(other))
    assert len(both) == count
    expected = np.corrcoef([one[h] for h in both], [other[h] for h in both])[0, 1]
    assert float(correlation(one, other, 48)) == pytest.approx(expected, abs=1e-6)


def test_47_hours_in_common_are_too_few():
    one = numbers(1)
    assert correlation(one, numbers(2, 48), 48) is not None
    assert correlation(one, numbers(2, 47), 48) is None
    assert correlation(one, {h + 13: r for h, r in one.items()}, 48) is None
    assert correlation({}, {}, 48) is None


def test_what_moves_alike_has_one_and_what_moves_against_minus_one():
    one = numbers(3)
    assert correlation(one, {h: 2 * r + 0.001 for h, r in one.items()}, 48) == 1
    assert correlation(one, {h: -r for h, r in one.items()}, 48) == -1
    assert correlation(one, dict.fromkeys(one, 0.01), 48) is None, "it stood still"


def test_a_restart_at_any_hour_changes_nothing():
    """Remembered as the snapshots do it: as JSON, to the last digit."""
    closes, whole = walk(120), told(walk(120))
    for cut in range(0, 120, 7):
        first = told(closes[:cut])
        plain = json.loads(json.dumps(msgspec.to_builtins(first, str_keys=True)))
        resumed = msgspec.json.decode(msgspec.json.encode(plain), type=Hours)
        assert resumed == first
        assert told(closes[cut:], START + cut, stage=resumed) == whole


def test_thirty_days_are_720_hours():
    assert RULES.hours == timedelta(days=30) / timedelta(hours=1)
    assert RULES.regime_hours == 24
