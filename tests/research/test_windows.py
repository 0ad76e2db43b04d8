"""Windows: each is that many seconds in a row, ending where its target begins."""

import numpy as np
import pytest

from core.clock import SECOND
from indicators.schema import NAMES
from research import dataset, targets
from research.dataset import Dataset
from research.windows import join, mirrored, whole, windows

WIDTH = len(NAMES)


def seen(ready=None, at=None, count=200):
    at = np.arange(1, count + 1) * SECOND if at is None else at
    x = np.random.default_rng(1).normal(size=(count, WIDTH))
    close = np.cumsum(np.random.default_rng(2).integers(-3, 4, count))
    ready = np.ones(count, bool) if ready is None else ready
    flat = np.zeros(count, np.int64)
    return Dataset(at, x, ready, close, flat, np.zeros(count, bool))


@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_window_ends_with_its_row_and_has_all_rows_before(length):
    tape = seen()
    found = windows(tape, 30, 3.0, length)
    taken = found.take(slice(None))
    for number in 0, 5, len(found) - 1:
        end = found.ends[number]
        rows = tape.x[end - length + 1 : end + 1].astype(np.float32)
        np.testing.assert_array_equal(taken[number], rows[0] if length == 1 else rows)
    assert found.ends[0] == length - 1


@pytest.mark.parametrize("length", [1, 3])
def test_no_window_holds_a_row_that_is_not_ready(length):
    ready = np.ones(20, bool)
    ready[[4, 10]] = False
    naive = [i >= length - 1 and ready[i - length + 1 : i + 1].all() for i in range(20)]
    assert whole(np.arange(1, 21) * SECOND, ready, length).tolist() == naive


def test_no_window_spans_a_second_that_is_missing():
    at = np.arange(1, 21) * SECOND
    at[10:] += SECOND
    found = np.flatnonzero(whole(at, np.ones(20, bool), 3))
    assert not {10, 11} & set(found) and {9, 12} <= set(found)


def test_windows_of_one_row_are_the_rows_of_the_small_network():
    tape = seen()
    one, rows = windows(tape, 30, 3.0, 1), dataset.rows(tape, 30, 3.0)
    np.testing.assert_array_equal(one.label, rows.label)
    np.testing.assert_array_equal(one.take(slice(None)), rows.x.astype(np.float32))


def test_parts_that_are_joined_keep_their_windows():
    parts = [windows(seen(count=count), 30, 3.0, 5) for count in (60, 90)]
    both = join(parts)
    taken = np.concatenate([part.take(slice(None)) for part in parts])
    np.testing.assert_array_equal(both.take(slice(None)), taken)
    assert len(both) == len(both.label) == len(both.move)


def test_a_mirror_image_twice_is_the_market_itself():
    one = windows(seen(), 30, 3.0, 4)
    twice = mirrored(mirrored(one))
    np.testing.assert_array_equal(twice.table, one.table)
    np.testing.assert_array_equal(twice.label, one.label)
    assert (mirrored(one).label == 2 - one.label).all()
    assert (targets.FLAT, 2 - targets.FLAT) == (1, 1)
