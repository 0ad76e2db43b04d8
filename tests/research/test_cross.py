"""Cross-validation: every part is traded by models that saw nothing of it, in paths of its own."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.clock import SECOND
from core.errors import UsageError
from research import cross, metrics, purged, walk
from research.cross import Shape
from tests.research.test_walk import market, way

SHAPE = Shape(4, 2)


@pytest.fixture(scope="module")
def rows():
    return market().head(12 * 4200)  # a dozen sessions


@pytest.fixture(scope="module")
def paths(rows, tmp_path_factory):
    said = []
    folder = tmp_path_factory.mktemp("cross")
    return said, folder, cross.crossed(rows, SHAPE, way(folder), said.append)


def test_each_path_goes_through_all_of_the_history_once(rows, paths):
    said, folder, found = paths
    assert len(found) == 3 and len(list(folder.glob("split-*.onnx"))) == 6
    assert said[0] == "split 1 of 6: learning" and len(said) == 6 * 3
    for path in found:
        at = path.equity["at"].to_numpy()
        assert (np.diff(at) > 0).all() and at[0] > rows["start"][0]
        assert at[-1] == rows["start"][-1] + SECOND
        assert path.equity["equity"][-1] == pytest.approx(1000 + path.trades["net_pnl"].sum())


def test_a_lean_that_is_in_every_part_earns_on_every_path(paths):
    found = cross.summary(paths[2], SHAPE)
    assert (found["splits"], found["paths"], found["paths_that_lose"]) == (6, 3, 0)
    assert found["sharpe_lowest"] <= found["sharpe_mean"] <= found["sharpe_highest"]
    assert [each["net_pnl"] for each in found["each"]] == [
        metrics.measure(path)["net_pnl"] for path in paths[2]
    ]


def test_no_bar_of_a_lesson_lies_near_a_test_and_none_that_stops_it_is_learned(rows):
    lookahead = way(Path("/nowhere")).plan.lookahead_s * SECOND
    edges = purged.bounds(len(rows), 4)
    for split in cross.splits(rows, SHAPE, way(Path("/nowhere"))):
        train, valid = cross.lesson(rows, split, lookahead)
        assert train["start"][-1] + lookahead < valid["start"][0]
        for group in split.tests:
            first, last = rows["start"][int(edges[group])], rows["start"][int(edges[group + 1]) - 1]
            near = pl.col("start").is_between(first - lookahead, last + 900 * SECOND)
            assert not len(train.filter(near)) and not len(valid.filter(near))


def test_a_model_does_not_change_by_what_is_in_its_tests(rows, paths, tmp_path):
    """The last two parts are scrambled: the split that tests them learns the same to the bit."""
    half, walk_ = int(purged.bounds(len(rows), 4)[2]), way(tmp_path)
    other = market(seed=2)[half : len(rows)].with_columns(rows["start"][half:])
    rows = pl.concat([rows[:half], other])
    first, *_, last = cross.splits(rows, SHAPE, walk_)
    for name, split in (("split-001", first), ("split-006", last)):
        lesson = cross.lesson(rows, split, walk_.plan.lookahead_s * SECOND)
        walk.learned(name, *lesson, cross.ANY_TIME, walk_)
        same = [(folder / f"{name}.onnx").read_bytes() for folder in (tmp_path, paths[1])]
        assert (same[0] == same[1]) is (split is last)


@pytest.mark.parametrize(
    ("shape", "count", "why"),
    [
        (Shape(4, 4), 1000, "4 of 4 parts"), (Shape(6, 2), 5, "too few"),
        (Shape(2, 1), 600, "no row to learn from"),
    ],
)  # fmt: skip
def test_a_shape_that_leaves_nothing_to_learn_from_is_refused_in_words(
    rows, tmp_path, shape, count, why
):
    with pytest.raises(UsageError, match=why):
        cross.crossed(rows.head(count), shape, way(tmp_path), lambda text: None)
