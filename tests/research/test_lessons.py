"""What a model of a fold learns from: whole windows with a label, one in so many seconds."""

import numpy as np
import pytest
from msgspec.structs import replace

from core.clock import SECOND
from core.errors import UsageError
from research import boosted, lessons
from tests.research import random_bars
from tests.research.test_walk import way

DAY = ("2024-01-02", "2024-01-03")


@pytest.fixture(scope="module")
def market():
    return random_bars.bars(1, *DAY)


def asked(path, length, **changes):
    return way(path, plan=boosted.Plan(window=length), **changes)


def test_windows_end_with_the_rows_that_a_model_of_one_second_learns_from(market, tmp_path):
    """But for those that begin before the first warm second."""
    one, four = (
        lessons.prepared(lessons.seen(market, own), own)
        for own in (asked(tmp_path, 1), asked(tmp_path, 4))
    )
    assert len(one) - 1 <= len(four) <= len(one) and len(four) > 100
    seen = four.take(slice(None))
    assert seen.shape == (len(four), 4, 46) and one.take(slice(None)).dtype == np.float32
    last = one.take(slice(len(one) - len(four), None))
    np.testing.assert_array_equal(seen[:, -1], last)
    np.testing.assert_array_equal(four.label, one.label[len(one) - len(four) :])
    assert np.isfinite(seen).all()


@pytest.mark.parametrize("stride", [1, 7])
def test_one_in_so_many_seconds_teaches(market, tmp_path, stride):
    own = asked(tmp_path, 3, stride_s=stride)
    seen = lessons.seen(market, own)
    ends = seen.at[lessons.prepared(seen, own).ends]
    assert (ends // SECOND % stride == 0).all() and (np.diff(ends) == stride * SECOND).all()


def test_no_label_looks_beyond_the_last_row_of_its_hours(tmp_path):
    """Of two days each of which ends at 16:00: behind it the grid has quiet seconds of its own."""
    own = asked(tmp_path, 1)
    bars = random_bars.bars(1, "2024-01-02", "2024-01-04")
    seen = lessons.seen(bars, own)
    lasts = (bars["start"].to_numpy()[[4199, 8399]] // SECOND + 1) * SECOND
    labelled = seen.at[~np.isnan(seen.move)]
    ahead = own.plan.lookahead_s * SECOND
    for last in lasts:
        near = labelled[np.abs(labelled - last) < 3600 * SECOND]
        assert near.max() == last - ahead


@pytest.mark.parametrize("length", [1, 5])
def test_all_of_it_warm_up_is_refused_in_words(tmp_path, length):
    own = asked(tmp_path, length)
    bars = random_bars.bars(1, *DAY, seconds=600)
    with pytest.raises(UsageError, match="no row to learn from"):
        lessons.prepared(lessons.seen(bars, own), own)


def test_a_plan_without_a_network_is_the_small_one_of_rows(market, tmp_path):
    own = way(tmp_path)
    rows = lessons.prepared(lessons.seen(market, own), replace(own, stride_s=5))
    assert isinstance(rows, lessons.Rows) and rows.x.dtype == np.float64
