"""Combinatorial purged cross-validation (Lopez de Prado 2018, chapter 12; quant.md 7.2 and 7.3).

Rows in N contiguous groups; each choice of k of them is a test, the rest trains, less the rows
whose label reaches into a test and those that begin within the embargo behind one.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np
from msgspec import Struct

GROUPS, TESTS = 6, 2
EMBARGO_SHARE = 0.01  # of the span of the sample, at least
WINDOW_S = 900  # the longest window of a feature


class Split(Struct, frozen=True):
    tests: tuple[int, ...]  # the groups that test
    train: np.ndarray  # places of rows
    test: np.ndarray


def counts(groups: int, tests: int) -> tuple[int, int]:
    """Splits, and paths: each group is tested in so many splits."""
    return comb(groups, tests), comb(groups - 1, tests - 1)


def embargo(at: np.ndarray, lookahead: int, second: int) -> int:
    """As long as a label or a feature reaches, or a hundredth of the sample."""
    span = int(at[-1] - at[0]) if len(at) else 0
    return max(lookahead, WINDOW_S * second, int(EMBARGO_SHARE * span))


def bounds(rows: int, groups: int) -> np.ndarray:
    """Where each group begins, and the end: as numpy splits, longer groups first."""
    sizes = np.full(groups, rows // groups)
    sizes[: rows % groups] += 1
    return np.concatenate([[0], sizes.cumsum()])


def splits(
    at: np.ndarray, lookahead: int, embargoed: int, groups: int = GROUPS, tests: int = TESTS
) -> Iterator[Split]:
    """Every choice of groups. `at` rises; label and embargo in its unit. A label covers
    [at, at + lookahead]."""
    edges = bounds(len(at), groups)
    for chosen in combinations(range(groups), tests):
        keep = np.ones(len(at), bool)
        for group in chosen:
            first, last = edges[group], edges[group + 1] - 1
            # Ends of test labels; a row that begins at such an end shares that instant with it.
            touches = (at + lookahead >= at[first]) & (at <= at[last] + lookahead)
            behind = (at > at[last]) & (at <= at[last] + lookahead + embargoed)
            keep &= ~(touches | behind)
        test = np.concatenate([np.arange(edges[g], edges[g + 1]) for g in chosen])
        yield Split(chosen, np.flatnonzero(keep), test)


def paths(groups: int = GROUPS, tests: int = TESTS) -> np.ndarray:
    """(paths, groups): which split tells each group of each path. Every test of every split is
    used once."""
    used = [0] * groups
    table = np.zeros((counts(groups, tests)[1], groups), np.int64)
    for number, chosen in enumerate(combinations(range(groups), tests)):
        for group in chosen:
            table[used[group], group] = number
            used[group] += 1
    return table
