"""What a run that leaves out quiet minutes has to hear of all the same."""

import numpy as np
from msgspec.structs import replace

from actors.breakers import Breakers
from indicators import minutes
from research.view import hot
from tests import build

SETTINGS = replace(build.SETTINGS, edition=3)


def told(ranges):
    table = np.zeros((len(ranges), 1 + max(minutes.ROW, minutes.ATR_NOW, minutes.ATR_NORMAL)))
    table[:, minutes.ATR_NOW], table[:, minutes.ATR_NORMAL] = ranges, 10.0
    return table


def ends(ranges, heard):
    """The breaker after those minutes, and after the last, which is heard in any case."""
    breakers = Breakers()
    for number, (atr, hears) in enumerate(zip(ranges, heard, strict=True)):
        if hears or number == len(ranges) - 1:
            breakers.learn(build.conditions(atr=float(atr), atr_normal=10.0), SETTINGS)
    return breakers.ratio, breakers.wild


def test_the_breaker_of_the_range_ends_as_one_that_heard_all():
    rng = np.random.default_rng(4)
    for _ in range(500):
        ranges = rng.choice([0.0, 8.0, 12.0, 26.0, 40.0], rng.integers(1, 12))
        assert ends(ranges, hot(told(ranges), SETTINGS)) == ends(ranges, np.ones(len(ranges)))


def test_a_calm_minute_between_others_is_left_out():
    assert hot(told([8.0, 8.0, 8.0, 8.0]), SETTINGS).tolist() == [True, False, False, True]
