"""The conditions of each minute over columns of seconds: what `actors.conditions` tells, in a loop.

Equal to the stage bit for bit (tests/indicators/test_minutes.py): the stage keeps lists that a
snapshot can hold, this keeps arrays, because a backtest of years has half a million minutes.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# ruff: noqa: E741

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.settings import ConditionSettings
from indicators.compiled import compiled

Floats = NDArray[np.float64]

MINUTE, PERIOD, SIDE, LOOK_BACK = 60, 14, 3, 20
ROWS = LOOK_BACK + SIDE + 1
MINUTES_OF_DAY = 1440
(HIGH, LOW, CLOSE, VOLUME, ATR) = range(5)  # s
(SEGMENT, SEEN, RANGES, RECENT) = range(4)  # k: segment, minutes of it, ranges, minutes remembered
(ROW, ATR_NOW, ATR_NORMAL, VOLUME_NOW, VOLUME_NORMAL, SWING_LOW, SWING_HIGH) = range(7)


class Memory(Struct):
    s: Floats
    k: NDArray[np.int64]
    rows: Floats  # the last minutes of the segment: high, low, close; oldest first
    ranges: Floats  # true ranges before there is an average
    recent: Floats  # (2, minutes): ring of ATR and volume
    ordered: Floats  # (2, minutes): the same in order of size
    sessions: Floats  # (minute of day, 2, sessions): ring
    known: NDArray[np.int64]  # (minute of day,)
    numbers: NDArray[np.int64]  # minutes, minutes_min, sessions


def fresh(rules: ConditionSettings) -> Memory:
    k = np.zeros(4, np.int64)
    k[SEGMENT] = -1
    return Memory(
        np.zeros(5), k, np.zeros((ROWS, 3)), np.zeros(PERIOD), np.zeros((2, rules.minutes)),
        np.zeros((2, rules.minutes)), np.zeros((MINUTES_OF_DAY, 2, rules.sessions)),
        np.zeros(MINUTES_OF_DAY, np.int64),
        np.array([rules.minutes, rules.minutes_min, rules.sessions], np.int64),
    )  # fmt: skip


def conditions(bars: Floats, opens: NDArray[np.int64], tick: float, memory: Memory) -> Floats:
    """(m, 7), a row for each minute that ends: its row of `bars`, ATR and its normal in ticks,
    volume and its normal, swing low and high. `opens`: of each bar's trade date, seconds UTC."""
    out = np.zeros((int((bars[:, 0] % MINUTE == 0).sum()), 7))
    parts = (getattr(memory, name) for name in Memory.__struct_fields__)
    found: Floats = out[: run(*parts, bars, opens, tick, out)]
    return found


@compiled
def median(ordered, n):
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2.0


@compiled
def exchange(ordered, n, new, old, full):
    """Keep a column in order: `new` comes, `old` goes if the window is full."""
    if full:
        at = np.searchsorted(ordered[:n], old)
        ordered[at : n - 1] = ordered[at + 1 : n].copy()
        n -= 1
    at = np.searchsorted(ordered[:n], new)
    ordered[at + 1 : n + 1] = ordered[at:n].copy()
    ordered[at] = new


@compiled
def widen(s, k, rows, ranges):
    """The minute joins the last ones; the average true range with one more."""
    n = min(k[SEEN], ROWS)
    before = rows[n - 1, CLOSE] if n else s[CLOSE]
    wide = max(s[HIGH], before) - min(s[LOW], before)
    if n == ROWS:
        rows[: ROWS - 1] = rows[1:].copy()
        n -= 1
    rows[n, 0], rows[n, 1], rows[n, 2] = s[HIGH], s[LOW], s[CLOSE]
    k[SEEN] += 1
    if s[ATR]:
        s[ATR] += (wide - s[ATR]) / PERIOD
        return
    ranges[k[RANGES]] = wide
    k[RANGES] += 1
    if k[RANGES] == PERIOD:
        total = 0.0
        for one in ranges:
            total += one
        s[ATR], k[RANGES] = total / PERIOD, 0


@compiled
def swings(rows, n, out):
    """The latest known swing low and high, as far back as they count."""
    for i in range(max(SIDE, n - LOOK_BACK), n - SIDE):
        low, high = rows[i, LOW], rows[i, HIGH]
        lowest, highest = True, True
        for j in range(1, SIDE + 1):
            lowest &= low < rows[i - j, LOW] and low <= rows[i + j, LOW]
            highest &= high > rows[i - j, HIGH] and high >= rows[i + j, HIGH]
        if lowest:
            out[SWING_LOW] = low
        if highest:
            out[SWING_HIGH] = high


@compiled
def normal(out, k, ordered, sessions, known, numbers, minute):
    if known[minute] >= numbers[2]:
        out[ATR_NORMAL] = median(np.sort(sessions[minute, 0]), numbers[2])
        out[VOLUME_NORMAL] = median(np.sort(sessions[minute, 1]), numbers[2])
    elif k[RECENT] >= numbers[1]:
        n = min(k[RECENT], numbers[0])
        out[ATR_NORMAL], out[VOLUME_NORMAL] = median(ordered[0], n), median(ordered[1], n)


@compiled
def remember(k, recent, ordered, sessions, known, numbers, minute, atr, volume):
    n, place = min(k[RECENT], numbers[0]), k[RECENT] % numbers[0]
    full = k[RECENT] >= numbers[0]
    for i, new in ((0, atr), (1, volume)):
        exchange(ordered[i], n, new, recent[i, place], full)
        recent[i, place] = new
        sessions[minute, i, known[minute] % numbers[2]] = new
    k[RECENT] += 1
    known[minute] += 1


@compiled
def run(s, k, rows, ranges, recent, ordered, sessions, known, numbers, bars, opens, tick, out):
    found = 0
    for i in range(len(bars)):
        end, segment = int(bars[i, 0]), int(bars[i, 1])
        h, l, c, v = bars[i, 3], bars[i, 4], bars[i, 5], bars[i, 6]
        if segment != k[SEGMENT]:
            k[SEGMENT], k[SEEN], k[RANGES] = segment, 0, 0
            s[CLOSE], s[ATR] = 0.0, 0.0
        if not s[CLOSE]:
            s[HIGH], s[LOW], s[VOLUME] = h, l, 0.0
        s[HIGH], s[LOW] = max(s[HIGH], h), min(s[LOW], l)
        s[CLOSE], s[VOLUME] = c, s[VOLUME] + v
        if end % MINUTE:
            continue
        minute = (end - 1 - opens[i]) // MINUTE % MINUTES_OF_DAY
        widen(s, k, rows, ranges)
        told, atr = out[found], s[ATR] / tick
        told[ROW], told[ATR_NOW], told[VOLUME_NOW] = i, atr, s[VOLUME]
        normal(told, k, ordered, sessions, known, numbers, minute)
        swings(rows, min(k[SEEN], ROWS), told)
        if atr:
            remember(k, recent, ordered, sessions, known, numbers, minute, atr, s[VOLUME])
        s[CLOSE] = 0.0
        found += 1
    return found
