"""Spread, range and volume: each breaker at its number and one unit past it, and how it ends."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.breakers import Breakers
from core.reasons import Reason
from core.settings import BreakerSettings
from tests import build

D = Decimal
SETTINGS = build.SETTINGS
PAUSING = replace(SETTINGS, breakers=replace(SETTINGS.breakers, pause=True))


def seen(breakers, *spreads):
    for ticks in spreads:
        breakers.see(build.bar(bid=5000.0, ask=5000.0 + ticks * 0.25), SETTINGS)
    return breakers


def learnt(breakers, *rows, settings=SETTINGS):
    for atr, volume in rows:
        told = build.conditions(atr=atr, atr_normal=10.0, volume=volume, volume_normal=1000.0)
        breakers.learn(told, settings)
    return breakers


@pytest.mark.parametrize(("spreads", "open_"), [
    ([1], True), ([2], True), ([3], False), ([3, 2], False), ([3, 1], True), ([3, 1, 2], True),
])  # fmt: skip
def test_a_wide_spread_pauses_entries_until_it_is_narrow(spreads, open_):
    (check,) = seen(Breakers(), *spreads).checks(SETTINGS)
    assert (check.rule, check.value, check.passed) == (Reason.RISK_SPREAD, spreads[-1], open_)
    assert check.passed is (check.value <= check.limit)


def test_a_bar_without_a_quote_says_nothing_of_the_spread():
    breakers = seen(Breakers(), 3)
    breakers.see(build.bar(bid=0.0, ask=5000.0), SETTINGS)
    assert breakers.wide


@pytest.mark.parametrize(("ranges", "factor"), [
    ([30.0], 1), ([30.1], "0.5"), ([30.1, 25.0], "0.5"), ([30.1, 24.9], 1), ([25.0], 1),
])  # fmt: skip
def test_a_wild_market_halves_the_size_until_it_is_calm(ranges, factor):
    breakers = learnt(Breakers(), *((atr, 1000) for atr in ranges))
    assert breakers.factor(SETTINGS) == D(factor)


@pytest.mark.parametrize(("edition", "factor"), [(3, "0.5"), (2, 1)])
def test_a_range_that_is_not_known_is_no_calm_one(edition, factor):
    """After a halt of the market it takes fourteen minutes to be known again."""
    settings = replace(SETTINGS, edition=edition)
    breakers = learnt(Breakers(), (40.0, 1000), (0.0, 1000), settings=settings)
    assert breakers.factor(settings) == D(factor)
    assert breakers.ratio == (D(4) if edition == 3 else 0)
    assert learnt(breakers, (10.0, 1000), settings=settings).factor(settings) == 1


@pytest.mark.parametrize(("volume", "factor"), [(100, 1), (99, "0.5"), (0, "0.5")])
def test_a_thin_market_halves_the_size(volume, factor):
    assert learnt(Breakers(), (10.0, volume)).factor(SETTINGS) == D(factor)


def test_wild_and_thin_multiply():
    assert learnt(Breakers(), (31.0, 99)).factor(SETTINGS) == D("0.25")


@pytest.mark.parametrize(("row", "rule"), [
    ((30.0, 1000), None), ((30.1, 1000), Reason.RISK_VOLATILITY),
    ((10.0, 100), None), ((10.0, 99), Reason.RISK_VOLUME),
])  # fmt: skip
def test_either_may_pause_entries_instead(row, rule):
    checks = learnt(Breakers(), row, settings=PAUSING).checks(PAUSING)
    assert [check.rule for check in checks if not check.passed] == ([rule] if rule else [])


def test_what_is_normal_may_not_be_known_yet():
    breakers = Breakers()
    breakers.learn(build.conditions(atr_normal=0.0, volume_normal=0.0, volume=0), SETTINGS)
    assert breakers.factor(SETTINGS) == 1
    assert all(check.passed for check in breakers.checks(PAUSING))


def test_without_settings_there_is_no_breaker():
    old = replace(SETTINGS, breakers=BreakerSettings())
    breakers = Breakers()
    breakers.see(build.bar(bid=5000.0, ask=5010.0), old)
    breakers.learn(build.conditions(atr=99.0, atr_normal=1.0, volume=0), old)
    assert (breakers.checks(old), breakers.factor(old)) == ((), 1)
