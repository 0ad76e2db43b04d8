"""The averages are those of the formulas; plain and compiled they are the same."""

import numpy as np
import pytest

from indicators import crosses
from indicators.columns import features
from indicators.crosses import CROSSED, FAST, SEEN, SIDE, SLOW
from indicators.schema import NAMES
from tests.indicators import reference
from tests.indicators.bars import columns

TICK = 0.25


def plain(closes, fast=9, slow=21, segments=None):
    own, rows = crosses.fresh(), []
    for i, close in enumerate(closes):
        crosses.step(own, fast, slow, segments[i] if segments is not None else 1, close)
        rows.append(list(own))
    return np.array(rows)


def test_the_averages_begin_with_the_mean_of_their_first_closes():
    closes = columns("2024-01-03T10:00:00", 900)[:, 5]
    found = plain(closes)
    np.testing.assert_allclose(found[:, FAST], reference.ema(closes, 9), rtol=1e-12)
    np.testing.assert_allclose(found[:, SLOW], reference.ema(closes, 21), rtol=1e-12)


def test_a_cross_is_a_side_that_was_not_there_a_bar_before():
    found = plain([10.0] * 4 + [11.0, 12.0, 5.0, 4.0, 4.0, 30.0, 30.0], fast=2, slow=4)
    assert found[:, SIDE].tolist() == [0, 0, 0, 0, 1, 1, -1, -1, -1, 1, 1]
    assert found[:, CROSSED].tolist() == [0, 0, 0, 0, 1, 0, -1, 0, 0, 1, 0]


def test_the_first_side_is_no_cross():
    found = plain([10.0, 11.0, 12.0, 13.0, 14.0], fast=2, slow=4)
    assert found[:, SIDE].tolist() == [0, 0, 0, 1, 1] and not found[:, CROSSED].any()


def test_a_new_segment_begins_anew():
    closes = columns("2024-01-03T10:00:00", 400)[:, 5]
    segments = np.repeat([7, 8], 200)
    found = plain(closes, segments=segments)
    assert np.array_equal(found[200:, 1:], plain(closes[200:])[:, 1:])
    assert found[200, SEEN] == 1 and not found[200:221, CROSSED].any()


@pytest.mark.parametrize(("fast", "slow"), [(9, 21), (1, 2), (12, 50)])
def test_compiled_and_in_pieces_it_is_the_same_to_the_last_bit(fast, slow):
    bars = columns("2024-01-03T10:00:00", 3000, quiet=0.3)
    bars[1500:, 1] = 2
    own, parts = np.array(crosses.fresh()), []
    for piece in np.array_split(bars, 7):
        parts.append(np.zeros((len(piece), crosses.SIZE)))
        crosses.columns(own, fast, slow, piece[:, 1], piece[:, 5], parts[-1])
    assert np.array_equal(np.vstack(parts), plain(bars[:, 5], fast, slow, bars[:, 1]))


def test_they_are_the_averages_of_the_features():
    bars = columns("2024-01-03T10:00:00", 1500)
    gap = features(bars, TICK)[0][:, NAMES.index("ema_9_21_gap")]
    found = plain(bars[:, 5] / TICK)
    np.testing.assert_allclose(np.tanh((found[:, FAST] - found[:, SLOW]) / 4.0), gap, atol=1e-12)
    assert len(np.flatnonzero(found[:, CROSSED])) > 20
