"""Synthetic MES seconds, as like the real ones as a few measured laws allow; a seed, one market.

The laws and their figures are those of the E-mini S&P 500 (2013-2025), on recorded data,
not of MES. An efficient price moves with the volatility of the hour (2025), times two slow factors,
log-normal, and one of each minute; it is seen through trades on whole ticks that cluster, of sizes
with a long tail. A second without a trade has no row. `research.likeness` measures the likeness.
"""

import os
from collections.abc import Callable, Iterator
from datetime import date
from math import gamma
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct
from numpy.typing import NDArray

from core.clock import SECOND
from core.sessions import Day, days
from indicators.compiled import compiled
from research.bars import PRICES
from research.sources import INVENTED

Floats = NDArray[np.float64]
TICK = 0.25
GROUP_ROWS = 1_000_000
SCHEMA = pa.schema(
    [("start", pa.timestamp("ns", "UTC")), *((name, pa.float64()) for name in PRICES),
     ("volume", pa.int64()), ("trades", pa.int64())],
    {INVENTED: "no market"},
)  # fmt: skip
# Standard deviation of one-minute changes, ticks, by the hour in New York, July to December 2025.
HOURLY = np.array(
    [2.55, 2.87, 3.42, 4.57, 3.99, 3.34, 3.52, 4.84, 5.4, 8.85, 9.87, 8.66, 7.81, 7.47, 7.24, 7.55,
     4.89, 4.89, 3.9, 3.2, 3.52, 2.8, 2.44, 2.54]
)  # fmt: skip
# Share of a day's volume by half hour in New York, 2013 to 2020.
SHARES = np.array(
    [11, 10, 14, 14, 25, 23, 75, 64, 72, 55, 56, 43, 53, 50, 64, 75, 100, 109, 161, 1169, 752, 610,
     549, 584, 390, 320, 390, 329, 787, 524, 622, 1080, 500, 59, 59, 59, 38, 20, 24, 21, 26, 21, 23,
     17, 15, 16, 15, 11]
) / 1e4  # fmt: skip


class Laws(Struct, frozen=True):
    """What the market is made of. Half-lives in minutes of trading."""

    level: float = 0.95  # of volatility, before the bounce adds to it
    price: float = 4800.0  # of the first trade
    price_2025: float = 6500.0  # at which HOURLY was measured: volatility goes with the price
    slow_sigma: float = 0.44  # of the slow factor's logarithm
    slow_life: float = 1380.0
    fast_sigma: float = 0.40
    fast_life: float = 10.0
    tail: float = 9.0  # degrees of freedom of a minute's own factor
    redraw: float = 0.6  # a trade finds another side of the book than the one before
    trades_rth: float = 6.6  # a second, on average
    trades_eth: float = 0.9
    cluster: float = 1.2  # shape of the gamma law behind the trades of a second, in regular hours
    cluster_power: float = 0.6  # how it falls with the number of trades
    burst: float = 6.5  # so many times the trades while a burst lasts
    burst_share: float = 0.06  # of all seconds
    burst_keep: float = 0.35  # it goes on into the next second
    crowd_sigma: float = 0.44  # of the logarithm of a minute's activity
    crowd_life: float = 0.35
    crowd_move: float = 0.6  # power by which activity follows volatility
    single: float = 0.6  # share of trades of one contract
    size_median: float = 3.2  # of the others
    size_sigma: float = 1.19
    size_rth: float = 2.2  # times that in regular hours
    gap_minutes: float = 4.0  # of movement while the exchange is closed, overnight


USUAL = Laws()


def activity(laws: Laws) -> Floats:
    """Trades a second by half hour in New York, on average."""
    rth = np.zeros(48, np.bool_)
    rth[19:32] = True
    made = np.where(rth, SHARES / SHARES[rth].mean(), np.sqrt(SHARES / SHARES[~rth].mean()))
    made[~rth] /= made[~rth].mean()
    return made * np.where(rth, laws.trades_rth, laws.trades_eth)


def usual_crowding(laws: Laws) -> float:
    """The mean of what a minute's activity is multiplied by."""
    power, half = laws.crowd_move, laws.tail / 2
    spread = laws.crowd_sigma**2 + power**2 * (laws.slow_sigma**2 + laws.fast_sigma**2)
    own = ((laws.tail - 2) / 2) ** (power / 2) * gamma(half - power / 2) / gamma(half)
    return float(np.exp(spread / 2) * own)


class Market:
    """Trade dates one after the other; what carries over is the price and the slow factors."""

    def __init__(self, seed: int, laws: Laws = USUAL) -> None:
        self.seed, self.laws = seed, laws
        self.chance = np.random.default_rng(seed)
        self.price = laws.price / TICK
        self.factors = self.chance.standard_normal(3)
        self.activity = activity(laws)

    def day(self, day: Day) -> dict[str, NDArray[np.int64]]:
        """The seconds of one trade date that saw a trade: start (s), ticks, contracts, trades."""
        laws, seconds = self.laws, (day.close - day.open) // SECOND
        minutes = -(-seconds // 60)
        clock = (day.open // SECOND + day.offset_s + 60 * np.arange(minutes)) % 86_400
        level = HOURLY[clock // 3600] * laws.level * (self.price * TICK / laws.price_2025)
        slow, fast, crowd = (
            self.walk(i, minutes, life)
            for i, life in enumerate((laws.slow_life, laws.fast_life, laws.crowd_life))
        )
        own = np.sqrt((laws.tail - 2) / self.chance.chisquare(laws.tail, minutes))
        moving = laws.slow_sigma * slow + laws.fast_sigma * fast + np.log(own)
        sigma = level * np.exp(moving - laws.slow_sigma**2 - laws.fast_sigma**2) / np.sqrt(60)
        crowding = np.exp(laws.crowd_sigma * crowd + laws.crowd_move * moving)
        busy = self.activity[clock // 1800] * crowding / usual_crowding(laws)
        rth = (clock >= 34_200) & (clock < 57_600)
        self.price += self.chance.standard_normal() * sigma[0] * np.sqrt(60 * laws.gap_minutes)
        out = np.empty((7, seconds), np.int64)
        rows, self.price = trade(
            out, (self.seed * 1_000_003 + day.number) % 2**32, self.price, sigma, busy, rth,
            laws.redraw, laws.cluster, laws.cluster_power, laws.trades_rth, laws.burst,
            laws.burst_share, laws.burst_keep, laws.single, np.log(laws.size_median),
            laws.size_sigma, laws.size_rth,
        )  # fmt: skip
        made = dict(zip(COLUMNS, out[:, :rows], strict=True))
        made["start"] = made["start"] + day.open // SECOND
        return made

    def walk(self, factor: int, minutes: int, life: float) -> Floats:
        """A standard normal that forgets, from where it was: half of it in `life` minutes."""
        keep = 0.5 ** (1 / life)
        made = forget(
            self.factors[factor], keep, self.chance.standard_normal(minutes) * np.sqrt(1 - keep**2)
        )
        self.factors[factor] = made[-1]
        return made


COLUMNS = ("start", "open", "high", "low", "close", "volume", "trades")


@compiled
def forget(first, keep, news):  # type: ignore[no-untyped-def]
    out = np.empty(len(news))
    for i in range(len(news)):
        first = keep * first + news[i]
        out[i] = first
    return out


@compiled
def trade(
    out, seed, price, sigma, busy, rth, redraw, cluster, power, usual, burst, burst_share,
    burst_keep, single, log_size, size_sigma, size_rth,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """The seconds of one trade date. A price is where the efficient one was rounded to, up or down
    by a mark in [0, 1) that changes from trade to trade: so the last price bounces."""
    np.random.seed(seed)
    rows, mark, bursting = 0, np.random.random(), False
    begins = burst_share * (1 - burst_keep) / (1 - burst_share)
    calm = 1 / (1 + burst_share * (burst - 1))
    for second in range(out.shape[1]):
        minute = second // 60
        shape = cluster * (busy[minute] / usual) ** power
        bursting = np.random.random() < (burst_keep if bursting else begins)
        mean = busy[minute] * calm * (burst if bursting else 1.0)
        count = np.random.poisson(np.random.gamma(shape, mean / shape))
        if count == 0:
            price += np.random.standard_normal() * sigma[minute]
            continue
        steps = min(count, 3)
        step = sigma[minute] / np.sqrt(steps)
        opened = high = low = last = 0
        for i in range(steps):
            price += np.random.standard_normal() * step
            if np.random.random() < redraw:
                mark = np.random.random()
            last = int(np.floor(price + mark))
            if i == 0:
                opened = high = low = last
            high, low = max(high, last), min(low, last)
        volume = 0
        for _ in range(count):
            if np.random.random() < single:
                volume += 1
            else:
                size = np.exp(log_size + size_sigma * np.random.standard_normal())
                volume += max(int(size * (size_rth if rth[minute] else 1.0) + 0.5), 1)
        out[0, rows], out[1, rows], out[2, rows], out[3, rows] = second, opened, high, low
        out[4, rows], out[5, rows], out[6, rows] = last, volume, count
        rows += 1
    return rows, price


def generate(
    rows: int, seed: int, start: date = date(2022, 1, 3), laws: Laws = USUAL
) -> Iterator[pl.DataFrame]:
    """So many rows, a table for each trade date: start (UTC), prices in points, whole volume."""
    market, left = Market(seed, laws), rows
    for day in days():
        if day.date < start.isoformat():
            continue
        made = market.day(day)
        count = min(left, len(made["start"]))
        left -= count
        yield pl.DataFrame(
            {"start": (made["start"][:count] * SECOND)}
            | {name: made[name][:count] * TICK for name in COLUMNS[1:5]}
            | {name: made[name][:count] for name in COLUMNS[5:]}
        ).with_columns(pl.col("start").cast(pl.Datetime("ns", "UTC")))
        if not left:
            return


def write(
    path: Path, rows: int, seed: int, start: date, laws: Laws = USUAL,
    seen: Callable[[int], None] = lambda rows: None,
) -> int:  # fmt: skip
    """Into one file, whole or not at all: rows made, fewer (no file) where the calendar ends."""
    part, written = path.with_name(f"{path.name}.{os.getpid()}.part"), 0  # of two, each its own
    try:
        with pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
            for frame in groups(generate(rows, seed, start, laws)):
                writer.write_table(frame.to_arrow().cast(SCHEMA), row_group_size=GROUP_ROWS)
                written += frame.height
                seen(written)
        if written == rows:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def groups(frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Several trade dates at once."""
    held: list[pl.DataFrame] = []
    for frame in frames:
        held.append(frame)
        if sum(map(len, held)) >= GROUP_ROWS:
            yield pl.concat(held)
            held = []
    if held:
        yield pl.concat(held)
