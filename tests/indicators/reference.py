"""The 46 features again, slowly, from the formulas of quant.md 3.2, to hold the kernel against.

Every window is cut out of the whole history afresh; prices stay in points. Nothing is shared with
the kernel but the column layout.
"""

from datetime import UTC, datetime
from math import atan2, cos, log, pi, sin, tanh
from zoneinfo import ZoneInfo

import numpy as np

NEW_YORK = ZoneInfo("America/New_York")
TICK = 0.25


def ema(x, period):
    """Recursive from the mean of the first `period`; before that the mean so far."""
    out = [np.mean(x[: i + 1]) for i in range(min(period, len(x)))]
    for value in x[period:]:
        out.append(out[-1] + (value - out[-1]) * 2 / (period + 1))
    return np.array(out)


def wilder(x):
    out = [np.mean(x[: i + 1]) for i in range(min(14, len(x)))]
    for value in x[14:]:
        out.append((out[-1] * 13 + value) / 14)
    return np.array(out)


def macd_hist(c):
    if len(c) < 34:
        return np.zeros(len(c))
    slow, fast = ema(c, 26)[25:], ema(c[14:], 12)[11:]
    line = fast - slow
    return np.concatenate([np.zeros(33), (line - ema(line, 9))[8:]])


def position(x, low, high):
    return 2 * (x - low) / (high - low) - 1 if high > low else 0.0


def true_ranges(h, l, c):  # noqa: E741
    return np.maximum(h[1:], c[:-1]) - np.minimum(l[1:], c[:-1])


def blocks(end, seconds, *columns):
    """High, low and close of the blocks that are over by the last `end`, the first maybe cut."""
    keys = (end - 1) // seconds
    over = [key for key in np.unique(keys) if (key + 1) * seconds <= end[-1]]
    h, l, c = columns  # noqa: E741
    return [(h[keys == k].max(), l[keys == k].min(), c[keys == k][-1]) for k in over]


def frame_features(rows, scale):
    c = np.array([row[2] for row in rows])
    trend = tanh((c[-1] - c[-5:].mean()) / (scale * TICK)) if len(c) >= 5 else 0.0
    return trend, tanh((c[-1] - c[-4]) / (2 * scale * TICK)) if len(c) >= 4 else 0.0


def atr_ratio(rows):
    h, l, c = (np.array(x) for x in zip(*rows, strict=True)) if rows else ([], [], [])  # noqa: E741
    if len(c) < 15:
        return 0.0
    atr = wilder(true_ranges(h, l, c))[13:][-100:]
    return tanh(atr[-1] / np.median(atr) - 1) if np.median(atr) > 0 else 0.0


def sums(x, window):
    return x[-window:].sum()


def vwap(h, l, c, v):  # noqa: E741
    """Volume-weighted mean and deviation of the typical price."""
    typical = (h + l + c) / 3
    if v.sum() == 0:
        return None, 0.0
    mean = np.average(typical, weights=v)
    return mean, np.sqrt(np.average((typical - mean) ** 2, weights=v))


def vwap_features(c, h, l, v):  # noqa: E741
    """`c` ... since the reset."""
    mean, sd = vwap(h, l, c, v)
    if mean is None:
        return 0.0, 0.0, 0.0
    before = vwap(h[:-60], l[:-60], c[:-60], v[:-60])[0] if len(c) > 60 else None
    slope = tanh((mean - before) / (4 * TICK)) if before is not None else 0.0
    return (
        tanh((c[-1] - mean) / (20 * TICK)),
        tanh((c[-1] - mean) / (2 * sd)) if sd > 1e-9 else 0.0,
        slope,
    )


def local(end):
    return datetime.fromtimestamp(int(end) - 1, UTC).astimezone(NEW_YORK)


def clock_features(end, opens, closes):
    """`opens`, `closes`: of RTH that day, UTC seconds, 0 without."""
    start, here = int(end) - 1, local(end)
    in_rth = opens <= start < closes
    minutes = 390.0 if start < opens else max(closes - start, 0) / 60
    angle = 2 * pi * (here.hour * 3600 + here.minute * 60 + here.second) / 86400
    return min(minutes, 390) / 390, float(in_rth), sin(angle), cos(angle)


def candle(o, h, l, c):  # noqa: E741
    wide = h > l
    return (
        np.sign(c - o),
        (h - max(o, c)) / (h - l) if wide else 0.0,
        (min(o, c) - l) / (h - l) if wide else 0.0,
        abs(c - o) / (h - l) if wide else 0.0,
        position(c, l, h),
    )


def flow(bars, usual):
    """Features 30-35 of all bars since the reset. `usual`: median volume of this minute or None."""
    h, l, c, v, buy, sell = bars[:, 3:9].T  # noqa: E741
    split = np.array([position(*x) for x in zip(c, l, h, strict=True)])
    delta = np.where(buy + sell > 0, buy - sell, v * split)
    known = buy[-1] + sell[-1] if buy[-1] + sell[-1] > 0 else v[-1]
    return (
        delta[-1] / known if v[-1] > 0 else 0.0,
        sums(delta, 10) / sums(v, 10) if sums(v, 10) > 0 else 0.0,
        sums(delta, 60) / sums(v, 60) if sums(v, 60) > 0 else 0.0,
        tanh(3 * delta.sum() / v.sum()) if v.sum() > 0 else 0.0,
        tanh(sums(v, 10) / (sums(v, 300) / 30) - 1) if sums(v, 300) > 0 else 0.0,
        tanh(0.5 * log((1 + sums(v, 60)) / (1 + usual))) if usual is not None else 0.0,
    )


def volatility(c):
    moves = np.diff(c, prepend=c[0]) / TICK
    short, long = np.sqrt((moves[-60:] ** 2).sum()), np.sqrt((moves[-600:] ** 2).sum())
    x = short / 8
    return x / (1 + x), tanh(short / (long / np.sqrt(10)) - 1) if long > 0 else 0.0


def bollinger(c):
    last = c[-20:]
    return tanh((c[-1] - last.mean()) / (2 * last.std())) if last.max() > last.min() else 0.0


def series(c, h, l):  # noqa: E741
    """What is recursive, for all bars of a segment at once."""
    moves = np.diff(c)
    gain, loss = wilder(np.maximum(moves, 0)), wilder(np.maximum(-moves, 0))
    total = gain + loss
    rsi = np.divide(gain - loss, total, out=np.zeros_like(total), where=total > 0)
    return {
        **{n: ema(c, n) for n in (9, 21, 50, 200)},
        "rsi": np.concatenate([[0.0], rsi]),
        "atr": np.concatenate([[0.0], wilder(true_ranges(h, l, c))]) / TICK,
        "macd": macd_hist(c),
    }


def row(bars, i, lines, opens, closes, usual=None):
    """The features of bar i of one segment of one trade date."""
    past = bars[: i + 1]
    end, (o, h, l, c, v) = past[:, 0], past[:, 2:7].T  # noqa: E741
    e = {n: lines[n][i] for n in (9, 21, 50, 200)}
    at = lambda x, lag: x[i - lag] if i >= lag else None  # noqa: E731
    squash = lambda x, ticks: tanh(x / (ticks * TICK))  # noqa: E731
    back = ((1, 2), (5, 4), (10, 6), (30, 10), (60, 14))
    in_rth = (end - 1 >= opens) & (end - 1 < closes)
    mine = in_rth if in_rth[-1] else np.ones(len(end), bool)
    closed = len(end) - np.flatnonzero(in_rth)[-1] - 1 if in_rth.any() else len(end)
    since = closed if not in_rth[-1] else len(end)  # bars since the VWAP in use last changed
    dist, z, slope = vwap_features(c[mine], h[mine], l[mine], v[mine])
    m1, m5 = blocks(end, 60, h, l, c), blocks(end, 300, h, l, c)
    atr = lines["atr"][i]
    return [
        *(squash(c[-1] - c[-1 - lag], k) if i >= lag else 0.0 for lag, k in back),
        *(squash(c[-1] - e[n], k) for n, k in ((9, 4), (21, 6), (50, 10), (200, 20))),
        squash(e[9] - e[21], 4), squash(e[21] - e[50], 6), squash(e[50] - e[200], 10),
        squash(e[9] - at(lines[9], 5), 2) if i >= 5 else 0.0,
        squash(e[50] - at(lines[50], 10), 2) if i >= 10 else 0.0,
        dist, z, slope if since > 60 else 0.0,
        *clock_features(end[-1], opens, closes),
        *(frame_features(m1, 4) if m1 else (0.0, 0.0)),
        *(frame_features(m5, 8) if m5 else (0.0, 0.0)),
        *candle(o[-1], h[-1], l[-1], c[-1]),
        *flow(past, usual),
        atr / (1 + atr), atr_ratio(m1), *volatility(c), lines["rsi"][i],
        position(c[-1], l[-60:].min(), h[-60:].max()),
        bollinger(c), tanh(lines["macd"][i] / TICK),
        position(c[-1], l[mine].min(), h[mine].max()),
        past[-60:, 9].mean(),
    ]  # fmt: skip


def angle(sine, cosine):
    return atan2(sine, cosine)
