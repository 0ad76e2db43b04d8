"""Range, volume, what is normal, and swings: told at each minute's end, from its bars alone."""

from statistics import median

import numpy as np
import pytest
import talib
from msgspec.structs import replace

from actors.conditions import MarketConditions, minute_of_day
from core.clock import SECOND
from core.messages import Conditions
from core.settings import ConditionSettings
from tests import build

START = 1_795_395_600 * SECOND  # 2026-11-23T01:00:00Z, 20:00 New York, a Sunday
NUMBERS = replace(build.SETTINGS.conditions, minutes=40, minutes_min=3, sessions=2)
SETTINGS = replace(build.SETTINGS, conditions=NUMBERS)


def minutes(rows, settings=SETTINGS, start=START, segment=1, stage=None):
    """One bar at the end of each minute: (high, low, close, volume)."""
    stage = stage or MarketConditions(settings)
    told = []
    for number, (high, low, close, volume) in enumerate(rows, 1):
        told += stage.on(build.bar(
            at=start + number * 60 * SECOND, open=close, high=high, low=low, close=close,
            volume=volume, segment=segment,
        ))  # fmt: skip
    return told


def walk(count, seed=1):
    chance = np.random.default_rng(seed)
    close = 5000 + np.cumsum(chance.integers(-8, 9, count)) * 0.25
    high, low = (
        close + chance.integers(0, 9, count) * 0.25,
        close - chance.integers(0, 9, count) / 4,
    )
    return list(zip(high.tolist(), low.tolist(), close.tolist(), [10] * count, strict=True))


def test_a_minute_is_told_when_it_is_over():
    stage = MarketConditions(SETTINGS)
    for second in range(1, 60):
        bar = build.bar(at=START + second * SECOND, high=5000.0 + second, low=4990.0, volume=2)
        assert stage.on(bar) == []
    (told,) = stage.on(build.bar(at=START + 60 * SECOND, high=5001.0, low=4995.0, volume=2))
    assert isinstance(told, Conditions)
    assert (told.at, told.volume) == (START + 60 * SECOND, 120)
    assert stage.memory.rows == [(5059.0, 4990.0, 5000.25)]


def test_the_range_is_that_of_the_reference_library():
    rows = walk(60)
    told = [seen.atr * 0.25 for seen in minutes(rows)]
    high, low, close, _ = (np.array(column, float) for column in zip(*rows, strict=True))
    # The library begins with the second bar; its first range, of one bar, is known to us.
    ranges = np.maximum(high, np.r_[close[0], close[:-1]]) - np.minimum(
        low, np.r_[close[0], close[:-1]]
    )
    wanted = ranges[:14].mean()
    assert told[:13] == [0.0] * 13
    assert told[13] == pytest.approx(wanted)
    for number in range(14, 60):
        wanted += (ranges[number] - wanted) / 14
        assert told[number] == pytest.approx(wanted)
    theirs = talib.ATR(high, low, close, 14)
    assert told[59] == pytest.approx(theirs[59], rel=0.05)  # another seed, forgotten by then


def test_a_new_segment_begins_without_a_range():
    stage = MarketConditions(SETTINGS)
    assert minutes(walk(20), stage=stage)[-1].atr > 0
    later = START + 3600 * SECOND
    assert minutes(walk(5), stage=stage, start=later, segment=2)[-1].atr == 0.0


def test_normal_is_the_median_of_the_minutes_before():
    told = minutes(walk(30))
    atrs = [seen.atr for seen in told]
    assert [seen.atr_normal for seen in told[:16]] == [0.0] * 16  # three must be known
    assert told[16].atr_normal == median(atrs[13:16])
    assert told[29].atr_normal == median(atrs[13:29])


def test_the_same_minute_of_enough_sessions_counts_more():
    stage = MarketConditions(SETTINGS)
    for day in range(2):
        minutes(walk(20, day), stage=stage, start=START + day * 86_400 * SECOND, segment=day)
    told = minutes(walk(20, 7), stage=stage, start=START + 2 * 86_400 * SECOND, segment=9)
    alike = [minutes(walk(20, day))[-1].atr for day in range(2)]
    assert told[-1].atr_normal == pytest.approx(median(alike))


def test_the_minute_of_the_day_counts_from_its_opening():
    assert minute_of_day(START + 60 * SECOND, "globex") == 120  # open since 18:00, now 20:01
    assert minute_of_day(START + 61 * SECOND, "globex") == 121
    assert minute_of_day(START + 61 * SECOND, "all") == 61  # since midnight UTC


LOWS = [10, 9, 8, 5, 8, 9, 10, 9, 9]


@pytest.mark.parametrize(("lows", "low"), [
    (LOWS[:6], 0.0), (LOWS[:7], 5.0),
    ([10, 9, 5, 5, 8, 9, 10], 0.0), ([10, 9, 8, 5, 5, 9, 10], 5.0),
    (LOWS + [20] * 14, 5.0), (LOWS + [20] * 15, 0.0),
])  # fmt: skip
def test_a_swing_is_known_three_minutes_later_and_for_twenty(lows, low):
    rows = [(100.0, float(price), 50.0, 1) for price in lows]
    assert minutes(rows)[-1].swing_low == low
    mirrored = [(-float(price), -100.0, -50.0, 1) for price in lows]
    assert minutes(mirrored)[-1].swing_high == (-low if low else 0.0)


def test_without_settings_nothing_is_told():
    assert minutes(walk(30), replace(SETTINGS, conditions=ConditionSettings())) == []


def test_a_run_brings_its_own_settings():
    stage = MarketConditions(replace(SETTINGS, conditions=ConditionSettings()))
    stage.on(build.run_started(settings=SETTINGS))
    assert minutes([(5001.0, 5000.0, 5000.5, 60)], stage=stage)


def test_a_log_without_conditions_tells_none():
    stage = MarketConditions(replace(SETTINGS, conditions=ConditionSettings()))
    assert not minutes(walk(5), stage=stage)
    assert not stage.on(build.pulse())
