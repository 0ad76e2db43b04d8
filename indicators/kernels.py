"""The 46 features of a second (quant.md 3.2), O(1) a bar. The one implementation there is.

`measure` takes one bar of the grid into the state: the live stage calls it once a second, `run`
over columns; indicators/squash.py then bounds what was measured. Prices are held in whole ticks and
so are exact: sums over windows do not drift.
Membership (RTH, trade date, minute) goes by the START of the second the bar covers.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
# ruff: noqa: E741, I001
from math import log, pi, sqrt, tanh

import numpy as np
from numba import extending

from indicators.compiled import compiled
from indicators.state import (
    ANCHOR, ATR, BOTTOM, C0, C20, CC20, CLOSE, CSUM, CSUM14, CVD, DATE, DELTA, DONE, E50, E9,
    EMA200, EMA21, EMA50, EMA9, FAST, FATR, FH, FILL60, FILLED, FL, FRATIO, GAIN, HIGH, IN_RTH,
    LOSS, LOW, MACDSUM, MASK, MEDIAN, MINUTE, MOVE2, N, PAST, RV60, RV600, SEGMENT, SESSIONS,
    SIGNAL, SLOW, SP, SPP, SV, TOP, V10, V300, V60, VOLUME, VSUM, VWAP, VWAPS, WARM_BARS,
    WARM_FRAMES,
)  # fmt: skip


@extending.register_jitable
def ema(was, total, n, period, x):
    """n closes seen, x the newest, of that total. Seeded with the mean of the first `period`."""
    return total / n if n <= period else was + (x - was) * (2.0 / (period + 1.0))


@compiled
def smooth(s, i, count, x):
    """Wilder, 14: the mean of the first 14, then a fourteenth of the new."""
    s[i] += (x - s[i]) / min(count, 14)


@compiled
def macd(s, n, c):
    """MACD(12, 26) less its signal(9); both averages start at the 26th close, as in TA-Lib."""
    if n == 14:
        s[CSUM14] = s[CSUM]
    if n < 26:
        return 0.0
    if n == 26:
        s[FAST] = (s[CSUM] - s[CSUM14]) / 12.0
        s[SLOW] = s[CSUM] / 26.0
    else:
        s[FAST] += (c - s[FAST]) * (2.0 / 13.0)
        s[SLOW] += (c - s[SLOW]) * (2.0 / 27.0)
    line = s[FAST] - s[SLOW]
    if n <= 34:
        s[MACDSUM] += line
        s[SIGNAL] = s[MACDSUM] / (n - 25)
    else:
        s[SIGNAL] += (line - s[SIGNAL]) * 0.2
    return line - s[SIGNAL] if n >= 34 else 0.0


@compiled
def widen(row, top, bottom, h, l):
    """A running range, none while 0, takes in a bar."""
    row[top] = max(row[top], h) if row[top] else h
    row[bottom] = min(row[bottom], l) if row[bottom] else l


@compiled
def finish(frames, f, c, ranges):
    """The forming bar is over: its close joins the last five, a minute's range their ATR."""
    bar = frames[f]
    done = int(bar[DONE])
    if f == 0 and done:
        reach = max(bar[FH], bar[C0]) - min(bar[FL], bar[C0])
        bar[FATR] += (reach - bar[FATR]) / min(done, 14)
        if done >= 14:
            ranges[(done - 14) % 100] = bar[FATR]
            middle = np.median(ranges[: min(done - 13, 100)])
            bar[FRATIO] = tanh(bar[FATR] / middle - 1.0) if middle > 0.0 else 0.0
    for i in range(C0 + 4, C0, -1):
        bar[i] = bar[i - 1]
    bar[C0], bar[DONE], bar[FH], bar[FL] = c, done + 1, 0.0, 0.0


@compiled
def trend(out, i, bar, scale):
    """The last close against the mean of five, and against the close three bars ago."""
    out[i] = (bar[C0] - bar[C0 : C0 + 5].mean()) / scale if bar[DONE] >= 5 else 0.0
    out[i + 1] = (bar[C0] - bar[C0 + 3]) / (2.0 * scale) if bar[DONE] >= 4 else 0.0


@compiled
def span(spans, i, h, l, c, v):
    """VWAP sums of the bar's typical price, kept from the first one on, and the running range."""
    row, typical = spans[i], (h + l + c) / 3.0
    if v > 0.0:
        if row[SV] == 0.0:
            row[ANCHOR] = typical
        row[SV] += v
        row[SP] += v * (typical - row[ANCHOR])
        row[SPP] += v * (typical - row[ANCHOR]) ** 2
    widen(row, TOP, BOTTOM, h, l)


@compiled
def between(x, low, high):
    """Where x lies, -1 at low to +1 at high; 0 without a range."""
    return 2.0 * (x - low) / (high - low) - 1.0 if high > low else 0.0


@compiled
def prices(out, s, k, ring, n, o, h, l, c):
    """Features 0-13, 25-29, 36, 40, 42, 43; the averages move."""
    last = ring[CLOSE, (n - 1) & MASK] if n else c
    s[CSUM] += c
    s[C20] += c - (ring[CLOSE, (n - 20) & MASK] if n >= 20 else 0.0)
    s[CC20] += c * c - (ring[CLOSE, (n - 20) & MASK] ** 2 if n >= 20 else 0.0)
    ring[CLOSE, n & MASK], ring[HIGH, n & MASK], ring[LOW, n & MASK] = c, h, l
    ring[MOVE2, n & MASK] = (c - last) ** 2
    if n:
        smooth(s, GAIN, n, max(c - last, 0.0))
        smooth(s, LOSS, n, max(last - c, 0.0))
        smooth(s, ATR, n, max(h, last) - min(l, last))
    for i, period in ((EMA9, 9), (EMA21, 21), (EMA50, 50), (EMA200, 200)):
        s[i] = ema(s[i], s[CSUM], n + 1, period, c)
    ring[E9, n & MASK], ring[E50, n & MASK] = s[EMA9], s[EMA50]
    for i, lag, scale in ((0, 1, 2.0), (1, 5, 4.0), (2, 10, 6.0), (3, 30, 10.0), (4, 60, 14.0)):
        out[i] = (c - ring[CLOSE, (n - lag) & MASK]) / scale if n >= lag else 0.0
    for i, average, scale in ((5, EMA9, 4.0), (6, EMA21, 6.0), (7, EMA50, 10.0), (8, EMA200, 20.0)):
        out[i] = (c - s[average]) / scale
    out[9] = (s[EMA9] - s[EMA21]) / 4.0
    out[10] = (s[EMA21] - s[EMA50]) / 6.0
    out[11] = (s[EMA50] - s[EMA200]) / 10.0
    out[12] = (s[EMA9] - ring[E9, (n - 5) & MASK]) / 2.0 if n >= 5 else 0.0
    out[13] = (s[EMA50] - ring[E50, (n - 10) & MASK]) / 2.0 if n >= 10 else 0.0
    out[25] = np.sign(c - o)
    out[26] = (h - max(o, c)) / (h - l) if h > l else 0.0
    out[27] = (min(o, c) - l) / (h - l) if h > l else 0.0
    out[28] = abs(c - o) / (h - l) if h > l else 0.0
    out[29] = between(c, l, h)
    out[36] = s[ATR] / (1.0 + s[ATR])
    out[40] = between(s[GAIN] / (s[GAIN] + s[LOSS]), 0.0, 1.0) if s[GAIN] + s[LOSS] > 0 else 0.0
    seen = min(n + 1, 20)
    spread = sqrt(max(seen * s[CC20] - s[C20] ** 2, 0.0))  # seen * sd, of whole numbers
    out[42] = (seen * c - s[C20]) / (2.0 * spread) if spread > 0.0 else 0.0
    out[43] = macd(s, n + 1, c)


@compiled
def volumes(out, s, k, ring, day, past, n, h, l, c, v, buy, sell, filled, minute):
    """Features 30-35, 38, 39, 41, 45: sums over windows."""
    delta = buy - sell if buy + sell > 0.0 else v * out[29]
    ring[VOLUME, n & MASK], ring[DELTA, n & MASK], ring[FILLED, n & MASK] = v, delta, filled
    # Sums of whole numbers are exact: they may run for ever without drift.
    windows = ((V10, VOLUME, 10), (V60, VOLUME, 60), (V300, VOLUME, 300), (RV60, MOVE2, 60),
               (RV600, MOVE2, 600), (FILL60, FILLED, 60))  # fmt: skip
    for i, row, window in windows:
        s[i] += ring[row, n & MASK] - (ring[row, (n - window) & MASK] if n >= window else 0.0)
    delta10, delta60, high, low = 0.0, 0.0, h, l
    for lag in range(min(n + 1, 60)):
        at = (n - lag) & MASK
        delta60 += ring[DELTA, at]
        delta10 += ring[DELTA, at] if lag < 10 else 0.0
        high, low = max(high, ring[HIGH, at]), min(low, ring[LOW, at])
    s[CVD], s[VSUM], day[minute] = s[CVD] + delta, s[VSUM] + v, day[minute] + v
    if k[MINUTE] != minute:
        k[MINUTE] = minute
        s[MEDIAN] = np.median(past[:, minute]) if k[PAST] >= SESSIONS else -1.0
    usual = s[MEDIAN]
    out[30] = delta / (buy + sell if buy + sell > 0.0 else v) if v > 0.0 else 0.0
    out[31] = delta10 / s[V10] if s[V10] > 0.0 else 0.0
    out[32] = delta60 / s[V60] if s[V60] > 0.0 else 0.0
    out[33] = 3.0 * s[CVD] / s[VSUM] if s[VSUM] > 0.0 else 0.0
    out[34] = s[V10] / (s[V300] / 30.0) - 1.0 if s[V300] > 0.0 else 0.0
    out[35] = 0.5 * log((1.0 + s[V60]) / (1.0 + usual)) if usual >= 0.0 else 0.0
    out[38] = sqrt(s[RV60]) / 8.0 / (1.0 + sqrt(s[RV60]) / 8.0)
    out[39] = sqrt(10.0 * s[RV60] / s[RV600]) - 1.0 if s[RV600] > 0.0 else 0.0
    out[41] = between(c, low, high)
    out[45] = s[FILL60] / min(n + 1, 60)


@compiled
def sessions(out, k, ring, spans, n, h, l, c, v, in_rth):
    """Features 14-16, 44: VWAP and range since 09:30 in RTH, else since 18:00."""
    if in_rth != k[IN_RTH]:
        k[IN_RTH], k[VWAPS] = in_rth, 0
        if in_rth:
            spans[1] = 0.0
    span(spans, 0, h, l, c, v)
    if in_rth:
        span(spans, 1, h, l, c, v)
    row = spans[in_rth]
    out[14:17] = 0.0
    if row[SV] > 0.0:
        mean = row[SP] / row[SV]
        vwap, sd = row[ANCHOR] + mean, sqrt(max(row[SPP] / row[SV] - mean * mean, 0.0))
        ring[VWAP, n & MASK] = vwap
        out[14] = (c - vwap) / 20.0
        out[15] = (c - vwap) / (2.0 * sd) if sd > 1e-9 else 0.0
        out[16] = (vwap - ring[VWAP, (n - 60) & MASK]) / 4.0 if k[VWAPS] >= 60 else 0.0
        k[VWAPS] += 1
    out[44] = between(c, row[BOTTOM], row[TOP])


@compiled
def measure(s, k, ring, spans, frames, ranges, day, past, out, tick, end, date, offset, opens,
            closes, segment, o, h, l, c, v, buy, sell, filled):  # fmt: skip
    """Take one bar (prices in points, volumes in contracts), write 46 values for `squash`; True if
    warm. Stamps and offsets in seconds. Cold features are 0 or formed of what there is."""
    if date != k[DATE]:
        if k[DATE] >= 0:
            past[k[PAST] % SESSIONS] = day
            k[PAST] += 1
        day[:] = 0.0
    if date != k[DATE] or segment != k[SEGMENT]:
        s[:], spans[:], frames[:] = 0.0, 0.0, 0.0
        k[DATE], k[SEGMENT], k[N], k[VWAPS], k[IN_RTH], k[MINUTE] = date, segment, 0, 0, 0, -1
    start, n = end - 1, k[N]
    o, h, l, c = np.rint(o / tick), np.rint(h / tick), np.rint(l / tick), np.rint(c / tick)
    in_rth = 1 if opens <= start < closes else 0
    clock = (start + offset) % 86400  # New York, seconds of the day
    prices(out, s, k, ring, n, o, h, l, c)
    volumes(out, s, k, ring, day, past, n, h, l, c, v, buy, sell, filled, clock // 60)
    sessions(out, k, ring, spans, n, h, l, c, v, in_rth)
    out[17] = min((closes - start) / 23400.0, 1.0) if in_rth else (1.0 if start < opens else 0.0)
    out[18] = in_rth
    out[19] = out[20] = 2.0 * pi * clock / 86400.0
    for f, seconds in ((0, 60), (1, 300)):
        widen(frames[f], FH, FL, h, l)
        if end % seconds == 0:
            finish(frames, f, c, ranges)
    trend(out, 21, frames[0], 4.0)
    trend(out, 23, frames[1], 8.0)
    out[37] = frames[0, FRATIO]
    k[N] = n + 1
    return n + 1 >= WARM_BARS and frames[1, DONE] >= WARM_FRAMES


@compiled
def run(s, k, ring, spans, frames, ranges, day, past, out, ready, atr, tick, bars, days, which):
    """Columns: `bars` (n, 10) of end, segment, OHLC, volume, buy, sell, filled; `days` (m, 4) of
    date, offset, RTH open and close; `which` (n,) the day of each bar; `out` (n, 46)."""
    for i in range(len(bars)):
        b, d = bars[i], days[which[i]]
        ready[i] = measure(s, k, ring, spans, frames, ranges, day, past, out[i], tick, int(b[0]),
                           d[0], d[1], d[2], d[3], int(b[1]), b[2], b[3], b[4], b[5], b[6], b[7],
                           b[8], b[9])  # fmt: skip
        atr[i] = s[ATR]
