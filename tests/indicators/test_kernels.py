"""The kernel agrees with the formulas, with TA-Lib, and never looks ahead."""

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from core.clock import SECOND
from core.sessions import day
from indicators.columns import features
from indicators.schema import FINGERPRINT, NAMES
from indicators.state import fresh
from tests.indicators import reference
from tests.indicators.bars import columns, seconds

AT = {name: i for i, name in enumerate(NAMES)}
TICK = 0.25


def test_there_are_46_names_in_a_frozen_order():
    assert len(set(NAMES)) == len(NAMES) == 46
    assert FINGERPRINT == ("036e5860b1791f4bd540297d680da1f9f610349759c4cf16838be984344953f9")


@pytest.mark.parametrize(
    ("start", "n"),
    [
        ("2024-01-03T09:05:07", 2600),  # over 09:30: VWAP and range start anew
        ("2024-01-03T15:40:00", 2400),  # over 16:00: back to those since 18:00
        ("2023-07-03T12:45:00", 2100),  # over an early close
        ("2023-12-25T18:00:00", 2100),  # a holiday night
        ("2024-01-15T10:00:00", 1900),  # no regular hours that day
    ],
)
def test_every_value_is_that_of_the_formulas(start, n):
    bars = columns(start, n)
    values, _ = features(bars, TICK)
    today = day(seconds(start) * SECOND)
    opens, closes = today.rth_open // SECOND, today.rth_close // SECOND
    lines = reference.series(bars[:, 5], bars[:, 3], bars[:, 4])
    for i in [*range(90), *range(90, n, 23), n - 1]:
        slow = np.array(reference.row(bars, i, lines, opens, closes))
        worst = np.abs(values[i] - slow).argmax()
        assert abs(values[i] - slow)[worst] < 1e-9, (i, NAMES[worst])


def test_averages_are_those_of_ta_lib():
    bars = columns("2024-01-03T02:00:00", 3000, quiet=0.1)
    values, _ = features(bars, TICK)
    h, l, c = bars[:, 3] / TICK, bars[:, 4] / TICK, bars[:, 5] / TICK  # noqa: E741
    upper, middle, _ = talib.BBANDS(c, 20, 2, 2)
    theirs = {
        "ema_9_dist": (c - talib.EMA(c, 9)) / 4,
        "ema_200_dist": (c - talib.EMA(c, 200)) / 20,
        "bb_pos_20": (c - middle) / (upper - middle),
        "macd_hist": talib.MACD(c, 12, 26, 9)[2],
    }
    for name, line in theirs.items():
        known = ~np.isnan(line)
        assert known.sum() > 2700
        np.testing.assert_allclose(values[known, AT[name]], np.tanh(line[known]), atol=1e-7)
    np.testing.assert_allclose(values[14:, AT["rsi_14"]], talib.RSI(c, 14)[14:] / 50 - 1, atol=1e-9)
    atr = talib.ATR(h, l, c, 14)[14:]
    np.testing.assert_allclose(values[14:, AT["atr_ticks"]], atr / (1 + atr), atol=1e-9)


def test_warm_after_200_seconds_and_six_five_minute_bars():
    _, ready = features(columns("2024-01-03T02:00:00", 1900), TICK)
    assert ready.argmax() == 1799
    _, ready = features(columns("2024-01-03T02:04:59", 1900), TICK)
    assert ready.argmax() == 1500  # the first block was cut short, its close counts


def test_the_future_changes_nothing():
    bars = columns("2024-01-03T09:10:00", 2500)
    whole, _ = features(bars, TICK)
    scrambled = bars.copy()
    scrambled[1700:, 2:9] = columns("2024-01-03T10:10:00", 800, seed=9)[:, 2:9]
    assert np.array_equal(features(bars[:1700], TICK)[0], whole[:1700])
    assert np.array_equal(features(scrambled, TICK)[0][:1700], whole[:1700])


def test_a_five_minute_block_counts_from_its_last_second_on():
    bars = columns("2024-01-03T02:00:00", 2400)
    values, _ = features(bars, TICK)
    changes = np.flatnonzero(np.diff(values[1800:, AT["m5_trend"]])) + 1801
    assert changes.tolist() == [2099, 2399]


@effort(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 1), st.sampled_from([0.0, 1.0, 1e5]))
def test_values_lie_within_one(seed, quiet, jumpy):
    bars = columns("2024-01-03T09:20:00", 900, seed=seed, quiet=quiet)
    bars[450:, 2:6] += jumpy
    values, _ = features(bars, TICK)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= 1.0


def test_a_shift_of_all_prices_changes_nothing():
    bars = columns("2024-01-03T09:10:00", 2500)
    shifted = bars.copy()
    shifted[:, 2:6] += 1000 * TICK
    np.testing.assert_allclose(features(shifted, TICK)[0], features(bars, TICK)[0], atol=1e-9)


@pytest.mark.parametrize("start", ["2024-03-08", "2024-03-11", "2024-11-01", "2024-11-04"])
def test_regular_hours_follow_the_clocks_of_new_york(start):
    values, _ = features(columns(f"{start}T09:29:58", 4), TICK)
    assert values[:, AT["is_rth"]].tolist() == [0, 0, 1, 1]
    assert values[:, AT["minutes_to_close"]][2:].tolist() == [1.0, 1 - 1 / 23400]
    angles = [reference.angle(*row[[AT["tod_sin"], AT["tod_cos"]]]) for row in values]
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / 86400, atol=1e-12)
    assert np.isclose(angles[2], 2 * np.pi * 9.5 / 24)


@pytest.mark.parametrize("what", ["segment", "trade date"])
def test_a_new_segment_or_trade_date_starts_afresh(what):
    first = columns("2024-01-03T16:20:00", 2000)
    start = "2024-01-03T18:00:00" if what == "trade date" else "2024-01-03T17:10:00"
    second = columns(start, 2000, seed=3, segment=1 if what == "trade date" else 2)
    both, ready = features(np.vstack([first, second]), TICK)
    alone, _ = features(second, TICK)
    assert np.array_equal(both[2000:], alone)
    assert not ready[2000:3700].any()


def test_volume_of_the_minute_needs_twenty_sessions():
    dates = [f"2024-01-{d:02}" for d in range(3, 32) if d not in (6, 7, 13, 14, 20, 21, 27, 28)]
    parts = [columns(f"{d}T03:00:00", 120, seed=i, quiet=0.0) for i, d in enumerate(dates)]
    assert len(parts) == 21
    values, _ = features(np.vstack(parts), TICK)
    assert not values[: 20 * 120, AT["volume_tod_ratio"]].any()
    usual = np.median([part[60:, 6].sum() for part in parts[:20]])
    x = 0.5 * np.log((1 + parts[20][60:, 6].sum()) / (1 + usual))
    assert np.isclose(values[-1, AT["volume_tod_ratio"]], np.tanh(x))


def test_columns_in_pieces_are_columns_in_one():
    bars, state = columns("2024-01-03T09:10:00", 2500), fresh()
    whole, ready = features(bars, TICK)
    pieces = [features(bars[a:b], TICK, state) for a, b in ((0, 7), (7, 1900), (1900, 2500))]
    assert np.array_equal(np.vstack([values for values, _ in pieces]), whole)
    assert np.array_equal(np.concatenate([mask for _, mask in pieces]), ready)
    assert features(bars[:0], TICK)[0].shape == (0, 46)
