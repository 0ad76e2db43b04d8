"""Purged cross-validation: skfolio's splits on a whole grid, and no label that leaks on any."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV

from research.purged import bounds, counts, embargo, paths, splits


@pytest.mark.parametrize(
    ("groups", "tests", "expected"),
    [(6, 2, (15, 5)), (8, 4, (70, 35)), (10, 2, (45, 9)), (10, 5, (252, 126)), (10, 8, (45, 36))],
)
def test_counts_are_those_of_the_reference(groups, tests, expected):
    assert counts(groups, tests) == expected
    assert len(list(splits(np.arange(100), 0, 0, groups, tests))) == expected[0]
    assert len(paths(groups, tests)) == expected[1]


@pytest.mark.parametrize(("lookahead", "embargoed"), [(0, 0), (3, 0), (3, 4), (1, 9)])
@pytest.mark.parametrize(("groups", "tests"), [(6, 2), (8, 3), (5, 4)])
def test_on_a_whole_grid_the_splits_are_those_of_skfolio(groups, tests, lookahead, embargoed):
    rows = groups * 30
    theirs = CombinatorialPurgedCV(groups, tests, purged_size=lookahead, embargo_size=embargoed)
    ours = list(splits(np.arange(rows), lookahead, embargoed, groups, tests))
    for split, (train, test) in zip(ours, theirs.split(np.zeros((rows, 1))), strict=True):
        assert split.train.tolist() == train.tolist()
        assert split.test.tolist() == np.sort(np.concatenate(test)).tolist()


times = st.lists(st.integers(1, 40), min_size=12, max_size=120).map(lambda gaps: np.cumsum(gaps))


@given(times, st.integers(0, 60), st.integers(0, 80), st.sampled_from([(4, 2), (6, 2), (3, 1)]))
def test_no_label_of_training_meets_a_label_of_a_test(at, lookahead, embargoed, shape):
    groups, tests = shape
    edges = bounds(len(at), groups)
    for split in splits(at, lookahead, embargoed, groups, tests):
        assert not set(split.train) & set(split.test)
        for row in split.train:
            assert not any(abs(at[row] - at[t]) <= lookahead for t in split.test)
            for group in split.tests:
                last = at[edges[group + 1] - 1]
                assert not last < at[row] <= last + lookahead + embargoed


def test_each_path_tests_every_group_once_and_no_test_is_used_twice():
    table = paths(6, 2)
    chosen = [split.tests for split in splits(np.arange(60), 0, 0, 6, 2)]
    used = {(number, group) for path in table for group, number in enumerate(path)}
    assert len(used) == table.size
    assert all(group in chosen[number] for number, group in used)


def test_the_embargo_is_a_hundredth_of_a_long_sample_and_a_window_of_a_short_one():
    assert embargo(np.array([0, 1000]), 30, 1) == 900
    assert embargo(np.array([0, 10_000_000]), 30, 1) == 100_000
    assert embargo(np.array([], np.int64), 1800, 1) == 1800
