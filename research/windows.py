"""Rows for models that see several seconds at once: a matrix, and where in it each window ends.

The windows are cut when a batch asks for them: all at once they would take their length times the
memory. One of a single row is a row.
"""

import numpy as np
from msgspec import Struct

from core.clock import SECOND
from research import targets
from research.dataset import PLACES, SIGNS, Dataset, Rows


class Windows(Struct, frozen=True):
    table: np.ndarray  # float32 (N, features)
    ends: np.ndarray  # int64 (n,): row of `table` with which each window ends
    length: int  # rows
    label: np.ndarray  # int64 (n,): 0 DOWN, 1 FLAT, 2 UP
    move: np.ndarray  # float64 (n,), ticks

    def __len__(self) -> int:
        return len(self.ends)

    def take(self, chosen: np.ndarray | slice) -> np.ndarray:
        """float32 (chosen, length, features); without the middle one where the length is 1."""
        return cut(self.table, self.ends[chosen], self.length)

    def rows(self) -> Rows:
        """The last row of each window."""
        return Rows(self.table[self.ends].astype(np.float64), self.label, self.move)


def cut(table: np.ndarray, ends: np.ndarray, length: int) -> np.ndarray:
    """(ends, length, features) of the table's rows; (ends, features) where the length is 1."""
    return table[ends] if length == 1 else table[ends[:, None] + np.arange(1 - length, 1)]


def windows(seen: Dataset, lookahead_s: int, theta_ticks: float, length: int) -> Windows:
    """Those that are warm and without a gap, and whose target is known."""
    move = targets.moves(seen.at, seen.close, seen.segment, lookahead_s)
    known = targets.fresh(seen.at, seen.filled) & ~np.isnan(move)
    keep = whole(seen.at, seen.ready, length) & known
    label = targets.classes(move[keep], theta_ticks)
    return Windows(seen.x.astype(np.float32), np.flatnonzero(keep), length, label, move[keep])


def whole(at: np.ndarray, ready: np.ndarray, length: int) -> np.ndarray:
    """bool (n,): the last `length` seconds are there, each of them warm."""
    run = np.cumsum(ready)
    run[length:] -= run[:-length].copy()
    found = run == length
    since = np.arange(len(at)) - (length - 1)
    found[since < 0] = False
    span = at - at[np.maximum(since, 0)]
    return found & (span == (length - 1) * SECOND)


def mirrored(seen: Windows) -> Windows:
    """The same market upside down."""
    table = seen.table[:, PLACES] * SIGNS.astype(np.float32)
    return Windows(table, seen.ends, seen.length, 2 - seen.label, -seen.move)


def join(parts: list[Windows]) -> Windows:
    sizes = np.cumsum([0, *(len(part.table) for part in parts)])
    return Windows(
        np.concatenate([part.table for part in parts]),
        np.concatenate([part.ends + start for part, start in zip(parts, sizes, strict=False)]),
        parts[0].length,
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.move for part in parts]),
    )
