"""Is a synthetic market like the real one? The same statistics of both, side by side.

Real figures: recorded ES, as told in REAL. Those of minutes are compared with a market of the
volatility of 2025, those of seconds with one as calm as the morning of 2018-05-07.
"""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from core.clock import SECOND
from research import hours, synth

Floats = NDArray[np.float64]
CALM = 0.37  # of the volatility of 2025
MORNING = 12_600  # seconds, 09:30 to 13:00
MINUTES_2025, SECONDS_2018, MINUTES_2013, HOUR_2023 = (
    "1-minute bars, July to December 2025", "trades, 2018-05-07 morning",
    "1-minute bars, 17 days of 2013 to 2020", "trades, the reopen hour of 2023-12-25",
)  # fmt: skip


class Figure(Struct, frozen=True):
    name: str
    real: float
    least: float  # what still counts as alike
    most: float
    source: str


def near(name: str, real: float, share: float, source: str) -> Figure:
    low, high = sorted((real * (1 - share), real * (1 + share)))
    return Figure(name, real, low, high, source)


REAL = (
    near("minute change, std, ticks", 5.5, 0.2, MINUTES_2025),
    Figure("minute change, excess kurtosis", 31.3, 12.0, 80.0, MINUTES_2025),
    near("minute |change|, autocorrelation at 1", 0.384, 0.25, MINUTES_2025),
    near("minute |change|, autocorrelation at 5", 0.362, 0.25, MINUTES_2025),
    near("minute |change|, autocorrelation at 30", 0.322, 0.25, MINUTES_2025),
    near("minute |change|, autocorrelation at 60", 0.278, 0.3, MINUTES_2025),
    near("minute change by hour: Student t of it", 2.74, 0.25, MINUTES_2025),
    near("minute std of a day, 5 %", 2.13, 0.35, MINUTES_2025),
    near("minute std of a day, median", 4.35, 0.2, MINUTES_2025),
    near("minute std of a day, 95 %", 10.1, 0.35, MINUTES_2025),
    *(near(f"minute std at {hour:02} h, ticks", float(synth.HOURLY[hour]), 0.3, MINUTES_2025)
      for hour in (3, 10, 15, 22)),
    near("minute volume with |change|, correlation", 0.408, 0.35, MINUTES_2013),
    near("share of volume 09:30-10:00", 0.1169, 0.25, MINUTES_2013),
    near("share of volume 12:30-13:00", 0.032, 0.25, MINUTES_2013),
    near("share of volume 15:30-16:00", 0.108, 0.25, MINUTES_2013),
    Figure("share of volume 18:00-09:30", 0.132, 0.09, 0.2, MINUTES_2013),
    near("second: trades, mean", 5.945, 0.15, SECONDS_2018),
    near("second: trades, variance/mean", 21.33, 0.3, SECONDS_2018),
    near("second: trades, autocorrelation at 1", 0.218, 0.4, SECONDS_2018),
    near("second: trades, autocorrelation at 60", 0.054, 1.0, SECONDS_2018),
    near("second: share without a trade", 0.224, 0.15, SECONDS_2018),
    near("second change, std, ticks", 0.60, 0.15, SECONDS_2018),
    near("second change, share of 0", 0.685, 0.1, SECONDS_2018),
    near("second change, autocorrelation at 1", -0.26, 0.3, SECONDS_2018),
    near("variance ratio at 5 s", 0.538, 0.2, SECONDS_2018),
    near("variance ratio at 60 s", 0.395, 0.25, SECONDS_2018),
    near("range of a bar, share of 0", 0.596, 0.2, SECONDS_2018),
    near("range of a bar, share of 1 tick", 0.375, 0.3, SECONDS_2018),
    near("night: share of seconds with a trade", 0.274, 0.3, HOUR_2023),
    Figure("night: volume of a bar, median", 3.0, 2.0, 5.0, HOUR_2023),
    near("night: volume of a bar, 90 %", 26.0, 0.4, HOUR_2023),
)  # fmt: skip


def acf(values: Floats, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / centred.var())


def clock(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds since midnight in New York."""
    from core.sessions import days

    offsets = np.array([day.offset_s for day in days()])
    return (starts // SECOND + offsets[hours.date_index(starts)]) % 86_400


def of_minutes(frame: pl.DataFrame) -> Iterator[tuple[str, float]]:
    """`frame`: `research.bars` of one second, some months of them."""
    from scipy.stats import kurtosis
    from scipy.stats import t as student

    from research.grid import resample

    bars = resample(frame, 60)
    starts, close = bars["start"].to_numpy(), bars["close"].to_numpy() / synth.TICK
    dates, hour = hours.date_index(starts), clock(starts) // 3600
    within = dates[1:] == dates[:-1]
    move = np.diff(close)[within]
    hour, dates, volume = (a[1:][within] for a in (hour, dates, bars["volume"].to_numpy()))
    size = np.abs(move)
    yield "minute change, std, ticks", float(move.std())
    yield "minute change, excess kurtosis", float(kurtosis(move))
    for lag in (1, 5, 30, 60):
        yield f"minute |change|, autocorrelation at {lag}", acf(size, lag)
    hourly = np.array([move[hour == h].std() if (hour == h).any() else 1.0 for h in range(24)])
    sample = (move / hourly[hour])[:: max(len(move) // 20_000, 1)]
    yield "minute change by hour: Student t of it", float(student.fit(sample)[0])
    daily = [move[dates == d].std() for d in np.unique(dates)]
    for name, share in (("5 %", 0.05), ("median", 0.5), ("95 %", 0.95)):
        yield f"minute std of a day, {name}", float(np.quantile(daily, share))
    for h in (3, 10, 15, 22):
        yield f"minute std at {h:02} h, ticks", float(hourly[h])
    yield "minute volume with |change|, correlation", float(np.corrcoef(volume, size)[0, 1])
    yield from shares(frame)


def shares(frame: pl.DataFrame) -> Iterator[tuple[str, float]]:
    half = clock(frame["start"].to_numpy()) // 1800
    volume = np.bincount(half, frame["volume"].to_numpy(), 48)
    volume /= volume.sum()
    for name, slot in (("09:30-10:00", 19), ("12:30-13:00", 25), ("15:30-16:00", 31)):
        yield f"share of volume {name}", float(volume[slot])
    yield "share of volume 18:00-09:30", float(volume[:19].sum() + volume[36:].sum())


def of_seconds(frame: pl.DataFrame) -> Iterator[tuple[str, float]]:
    """Mornings of regular hours, each whole, and nights."""
    time = clock(frame["start"].to_numpy())
    mornings = frame.filter(pl.Series((time >= 34_200) & (time < 34_200 + MORNING)))
    dates = hours.date_index(mornings["start"].to_numpy())
    parts = [mornings.filter(pl.Series(dates == date)) for date in np.unique(dates)]
    seconds = [columns(part) for part in parts if part.height > MORNING // 2]
    counts = np.concatenate([count for count, _ in seconds])
    yield "second: trades, mean", float(counts.mean())
    for name, at in (
        ("second: trades, variance/mean", lambda c: c.var() / c.mean()),
        ("second: trades, autocorrelation at 1", lambda c: acf(c, 1)),
        ("second: trades, autocorrelation at 60", lambda c: acf(c, 60)),
    ):
        yield name, float(np.mean([at(count) for count, _ in seconds]))
    yield "second: share without a trade", float((counts == 0).mean())
    moves = np.concatenate([np.diff(close) for _, close in seconds])
    yield "second change, std, ticks", float(moves.std())
    yield "second change, share of 0", float((moves == 0).mean())
    yield "second change, autocorrelation at 1", acf(moves, 1)
    for lag in (5, 60):
        wide = np.concatenate([close[lag::lag] - close[:-lag:lag] for _, close in seconds])
        yield f"variance ratio at {lag} s", float(wide.var() / lag / moves.var())
    width = ((mornings["high"] - mornings["low"]) / synth.TICK).to_numpy()
    yield "range of a bar, share of 0", float((width == 0).mean())
    yield "range of a bar, share of 1 tick", float((width == 1).mean())
    night = frame.filter(pl.Series((time >= 64_800) & (time < 68_400)))["volume"].to_numpy()
    evenings = len(np.unique(hours.date_index(frame["start"].to_numpy())))
    yield "night: share of seconds with a trade", len(night) / 3600 / evenings
    yield "night: volume of a bar, median", float(np.median(night))
    yield "night: volume of a bar, 90 %", float(np.quantile(night, 0.9))


def columns(part: pl.DataFrame) -> tuple[Floats, Floats]:
    """Trades and last price, in ticks, of each second from the first bar to the last."""
    second = (part["start"].to_numpy() - part["start"][0]) // SECOND
    counts, close = np.zeros(second[-1] + 1), np.zeros(second[-1] + 1)
    counts[second] = part["trades"].to_numpy()
    place = np.zeros(len(close), np.int64)
    place[second] = np.arange(len(second))
    close = part["close"].to_numpy()[np.maximum.accumulate(place)] / synth.TICK
    return counts, close


def measured(seed: int, months: pl.DataFrame | None = None) -> dict[str, float]:
    """All figures of a seed: minutes of `months` if given, else of some 250 trade dates."""
    if months is None:
        months = whole(synth.generate(7_000_000, seed, laws=synth.Laws(price=6500.0)))
    calm = synth.Laws(level=CALM, price=6500.0, slow_sigma=0.1)
    quiet = whole(synth.generate(300_000, seed, date(2022, 3, 1), calm))
    return dict(of_minutes(months)) | dict(of_seconds(quiet))


def whole(parts: Iterator[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(parts).with_columns(pl.col("start").cast(pl.Int64))


def told(found: dict[str, float]) -> list[dict[str, object]]:
    """A row a figure: name, real, synthetic, alike, source."""
    return [
        {"name": row.name, "real": row.real, "synthetic": found[row.name],
         "alike": row.least <= found[row.name] <= row.most, "source": row.source}
        for row in REAL
    ]  # fmt: skip
