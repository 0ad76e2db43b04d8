"""Targets: by time, in whole ticks, strictly beyond theta, and unknown rather than FLAT."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from core.errors import UsageError
from research.targets import class_weights, classes, fresh, moves, told

NS = 10**9


def bars(closes, seconds=None, segments=None):
    seconds = range(len(closes)) if seconds is None else seconds
    at = np.array(list(seconds), dtype=np.int64) * NS
    segment = np.zeros(len(closes), dtype=np.int64) if segments is None else np.array(segments)
    return at, np.array(closes, dtype=np.int64), segment


@pytest.mark.parametrize(
    ("later", "label"), [(5001.00, 2), (5000.75, 1), (4999.25, 1), (4999.00, 0)]
)
def test_a_move_of_exactly_theta_is_flat(later, label):
    found = moves(*bars([round(5000 / 0.25), round(later / 0.25)]), 1)
    assert classes(found[:1], 3.0).tolist() == [label]


def test_the_last_rows_of_a_segment_have_no_target():
    found = moves(*bars([1, 2, 3, 9, 9], segments=[0, 0, 0, 1, 1]), 2)
    np.testing.assert_array_equal(found, [2, np.nan, np.nan, np.nan, np.nan])


def test_the_look_ahead_goes_by_time_not_by_row():
    found = moves(*bars([10, 11, 15, 16], seconds=[0, 1, 5, 6]), 4)
    np.testing.assert_array_equal(found, [1, 4, np.nan, np.nan])


def test_an_unknown_move_is_never_called_flat():
    with pytest.raises(ValueError, match="mask"):
        classes(np.array([1.0, np.nan]), 3.0)


def test_a_close_is_fresh_for_thirty_seconds():
    at = np.arange(40, dtype=np.int64) * NS
    filled = np.ones(40, dtype=bool)
    filled[[0, 36]] = False
    assert fresh(at, filled).tolist() == [True] * 31 + [False] * 5 + [True] * 4


def test_a_filled_first_bar_is_not_fresh():
    assert fresh(np.array([NS]), np.array([True])).tolist() == [False]


def test_quiet_seconds_at_the_end_of_a_segment_tell_nothing():
    at = np.arange(10, dtype=np.int64) * NS
    filled = np.array([0, 1, 0, 1, 1, 1, 0, 1, 1, 1], dtype=bool)
    segment = np.array([1] * 6 + [2] * 4)
    assert told(at, segment, filled, 2).nonzero()[0].tolist() == [0]
    assert told(at, segment, filled, 1).nonzero()[0].tolist() == [0, 1]
    assert not told(at, segment, np.ones(10, dtype=bool), 1).any()


def test_weights_of_the_reference_distribution():
    labels = np.repeat([0, 1, 2], [1970, 6020, 2010])
    np.testing.assert_allclose(class_weights(labels), [1.69205, 0.55371, 1.65837], atol=1e-5)


@effort(deadline=None)
@given(st.lists(st.integers(0, 2), min_size=3, max_size=60).filter(lambda found: len({*found}) > 2))
def test_weights_are_those_of_scikit_learn(labels):
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=np.array(labels))
    np.testing.assert_allclose(class_weights(np.array(labels)), wanted)


def test_an_absent_class_is_refused():
    with pytest.raises(UsageError, match="absent"):
        class_weights(np.array([0, 1, 1]))


@effort(deadline=None)  # the first one is compiled
@given(
    st.lists(st.integers(-20, 20), min_size=2, max_size=40),
    st.integers(1, 10),
    st.integers(0, 2**32 - 1),
)
def test_moves_are_those_of_the_definition(closes, lookahead, seed):
    random = np.random.default_rng(seed)
    steps = random.integers(1, 4, len(closes))
    at, close, segment = bars(closes, seconds=np.cumsum(steps))
    segment = np.cumsum(random.random(len(closes)) < 0.1)
    found = moves(at, close, segment, lookahead)
    for row, now in enumerate(at):
        same = at[segment == segment[row]]
        wanted = np.nan
        if same[-1] >= now + lookahead * NS:
            wanted = close[at <= now + lookahead * NS][-1] - close[row]
        np.testing.assert_array_equal(found[row], wanted)


@effort(deadline=None)
@given(st.integers(20, 120), st.integers(1, 15), st.integers(0, 2**32 - 1))
def test_what_comes_after_the_look_ahead_changes_no_target(count, lookahead, seed):
    """Cut off there, or put into disorder, a target that is known stays what it is."""
    random = np.random.default_rng(seed)
    at, close, segment = bars(random.integers(-9, 9, count))
    segment = np.cumsum(random.random(count) < 0.05)
    row = int(random.integers(0, count - 15))
    after = row + lookahead + 1
    wanted = moves(at, close, segment, lookahead)[: row + 1]
    other = close.copy()
    other[after:] = random.integers(-1000, 1000, count)[after:]
    np.testing.assert_array_equal(moves(at, other, segment, lookahead)[: row + 1], wanted)
    cut = moves(at[:after], close[:after], segment[:after], lookahead)[: row + 1]
    np.testing.assert_array_equal(cut, wanted)


def test_no_target_is_known_by_less_than_its_look_ahead():
    at, close, segment = bars(range(50))
    for end in range(1, 50):
        known = ~np.isnan(moves(at[:end], close[:end], segment[:end], 10))
        assert known.sum() == max(0, end - 10)
