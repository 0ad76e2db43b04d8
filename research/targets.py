"""What the model learns to foresee: DOWN, FLAT or UP, some seconds later (quant.md section 6)."""

import numpy as np

from core.errors import UsageError
from indicators.compiled import compiled

NS = 10**9
CLOSE_AGE_MAX_S = 30  # an older close is no price to start from
FLAT = 1


def moves(at: np.ndarray, close: np.ndarray, segment: np.ndarray, lookahead_s: int) -> np.ndarray:
    """Ticks from each bar's close to the last close at or before `lookahead_s` later.

    `at` (UTC ns, rising), `close` (whole ticks) and `segment` are columns of bars. The result is
    float64, NaN where the look ahead passes the end of the bar's segment. It goes by time, not by
    row, so that a missing second shifts nothing.
    """
    out = np.empty(len(at))
    look(at, close, segment, lookahead_s * NS, out)
    return out


@compiled
def look(at, close, segment, ahead, out):  # type: ignore[no-untyped-def]
    """Backwards, for a segment ends where the next one begins; so does the row looked at."""
    then, last = len(at) - 1, 0
    for row in range(len(at) - 1, -1, -1):
        if row == len(at) - 1 or segment[row] != segment[row + 1]:
            last = at[row]
        until = at[row] + ahead
        while at[then] > until:
            then -= 1
        out[row] = close[then] - close[row] if last >= until else np.nan


def fresh(at: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """True where the close was traded at most 30 s before the bar's end."""
    traded = np.maximum.accumulate(np.where(filled, at[0] - NS * (CLOSE_AGE_MAX_S + 1), at))
    return at - traded <= CLOSE_AGE_MAX_S * NS


def told(at: np.ndarray, segment: np.ndarray, filled: np.ndarray, lookahead_s: int) -> np.ndarray:
    """True where a trade at the label's time or later, in the same segment, tells that the market
    was there: the quiet seconds behind a segment's last trade may stand for rows that were cut off,
    at the end of regular hours or for a test."""
    begins = np.flatnonzero(np.diff(segment, prepend=np.nan))
    traded = np.maximum.reduceat(np.where(filled, np.iinfo(np.int64).min, at), begins)
    counts = np.diff(np.append(begins, len(at)))
    found: np.ndarray = at + lookahead_s * NS <= np.repeat(traded, counts)
    return found


def classes(moves_ticks: np.ndarray, theta_ticks: float) -> np.ndarray:
    """0 DOWN, 1 FLAT, 2 UP; a move of exactly theta is FLAT. NaN is refused, not called FLAT."""
    if np.isnan(moves_ticks).any():
        raise ValueError("mask the unknown moves first")
    return FLAT + (moves_ticks > theta_ticks).astype(np.int64) - (moves_ticks < -theta_ticks)


def class_weights(labels: np.ndarray) -> np.ndarray:
    """N / (K n_c): each class weighs the same in all. Raises UsageError when one is absent."""
    counts = np.bincount(labels, minlength=3)
    if not counts.all():
        raise UsageError(f"a class is absent from the rows: {counts.tolist()}")
    return len(labels) / (3 * counts)
