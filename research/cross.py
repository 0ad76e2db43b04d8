"""Combinatorial purged cross-validation of a model: every part is traded by models of the others.

N parts of the rows; each choice of k of them is a test, and what is left, less what
`research.purged` takes out, teaches. Every part is so traded by several models, and the tests make
paths through all of the history: not one result but a spread of them.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.errors import UsageError
from research import metrics, purged, walk
from research.lessons import Walk
from research.purged import Split
from research.runs import Run

VALID_SHARE = 0.15  # of the rows that teach, the last ones: to stop by
ANY_TIME = 2**62  # a model of the future may judge the past here, and nowhere else
TOLD = (
    "trades", "net_pnl", "sharpe", "sortino", "calmar", "max_drawdown_dollars", "profit_factor",
)  # fmt: skip


class Shape(Struct, frozen=True):
    groups: int = purged.GROUPS
    tests: int = purged.TESTS

    def check(self, rows: int) -> None:
        if not 0 < self.tests < self.groups:
            raise UsageError(f"{self.tests} of {self.groups} parts to test: expected fewer")
        if rows < self.groups:
            raise UsageError(f"{rows} bars are too few for {self.groups} parts")


def crossed(
    rows: pl.DataFrame, shape: Shape, walk_: Walk, told: Callable[[str], None]
) -> list[Run]:
    """A run for each path. `rows` in order, as research/bars.py has them."""
    shape.check(len(rows))
    runs: dict[tuple[int, int], Run] = {}
    count = purged.counts(shape.groups, shape.tests)[0]
    parts = [rows[first:last] for first, last in pairwise(purged.bounds(len(rows), shape.groups))]
    for number, split in enumerate(splits(rows, shape, walk_)):
        told(f"split {number + 1} of {count}: learning")
        train, valid = lesson(rows, split, walk_.plan.lookahead_s * SECOND)
        model = walk.learned(f"split-{number + 1:03}", train, valid, ANY_TIME, walk_)
        for group in split.tests:
            told(f"split {number + 1} of {count}: testing part {group + 1}")
            runs[number, group] = walk.traded(parts[group], model, walk_)
    return [
        walk.joined([runs[int(number), group] for group, number in enumerate(path)], "cross")
        for path in purged.paths(shape.groups, shape.tests)
    ]


def splits(rows: pl.DataFrame, shape: Shape, walk_: Walk) -> Iterator[Split]:
    at, lookahead = rows["start"].to_numpy(), walk_.plan.lookahead_s * SECOND
    held = purged.embargo(at, lookahead, SECOND)
    return purged.splits(at, lookahead, held, shape.groups, shape.tests)


def lesson(rows: pl.DataFrame, split: Split, lookahead: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What teaches and what it is stopped by; no label of the one looks into the other."""
    kept = rows[split.train]
    cut = int(len(kept) * (1 - VALID_SHARE))
    valid = kept[cut:]
    if not cut or not len(valid):
        raise UsageError("a split has no row to learn from: fewer parts, or more history")
    return kept[:cut].filter(pl.col("start") + lookahead < valid["start"][0]), valid


def summary(paths: list[Run], shape: Shape) -> dict[str, Any]:
    """What the paths came to: each, and how far they lie apart."""
    found = [metrics.measure(path) for path in paths]
    sharpe, net = (np.array([one[name] for one in found]) for name in ("sharpe", "net_pnl"))
    known = sharpe[np.isfinite(sharpe)]
    spread = {
        "sharpe_mean": known.mean(), "sharpe_lowest": known.min(), "sharpe_highest": known.max()
    } if len(known) else {}  # fmt: skip
    return {
        "splits": purged.counts(shape.groups, shape.tests)[0], "paths": len(paths),
        "paths_with_enough_trades": sum(one["trades"] >= walk.TRADES_MIN for one in found),
        "paths_that_lose": int((net <= 0).sum()), "net_pnl_mean": float(net.mean()),
        **{name: float(value) for name, value in spread.items()},
        "each": [{name: one[name] for name in TOLD} for one in found],
    }  # fmt: skip
