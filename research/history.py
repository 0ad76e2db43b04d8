"""Months of bars from files of any make: the way in for all of research.

Series of one future's contracts become one continuous series, of several others the one with most
rows is taken, a file that stamps the end of its bars is shifted, rows that no stage could use are
left out; and each of these is told in `notes`, with its count.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.errors import UsageError
from research import bars, hours, series, sources, stitch

TICKS = (1.0, 0.5, 0.25, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001, 0.00005)  # coarsest first
OFF = 1e-4  # of a tick
PRICE_MAX = 1e9  # far above any; Databento writes 9223372036.85 where there is none
HEAD, MINUTE = 100_000, 60  # rows; seconds
RARE = 0.01  # of all distances: stamps that jump about are no finer step


class History(Struct, frozen=True):
    frame: pl.DataFrame  # `research.bars`, sorted, one row a stamp
    step_s: int  # of a bar
    rolls: list[stitch.Roll]
    notes: list[str]


def load(
    paths: list[Path], kind: str = "all", zone: str = "UTC", key: str = "",
    how: str = "difference", rule: str = "volume", symbol_id: str = "",
) -> History:  # fmt: skip
    """All files as one series, within the hours "all", "globex", "rth" or "eth".

    `key`, `symbol_id`: which of a file's series, see `series.taken`. Raises UsageError when nothing
    is left."""
    notes: list[str] = []
    parts = told_apart([read(path, zone, key, symbol_id, notes) for path in paths])
    frame, rolls = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal"), []
    if "contract" in frame.columns:
        if frame["contract"].null_count():
            raise UsageError(f"{paths[0]}: some of the files hold contracts, others one series")
        frame, rolls = stitch.continuous(frame, how=how, rule=rule)
        notes += map(stitch.told, rolls)
    left: Counter[str] = Counter()
    frame = sound(frame, left)
    notes += counted(left)
    step = step_of(frame["start"].head(HEAD).to_numpy())
    if step >= MINUTE and ends_labelled(frame["start"].to_numpy()):
        notes.append(f"stamps are ends of bars: shifted by {step} s")
        frame = frame.with_columns(pl.col("start") - step * SECOND)
    frame = bars.within(frame, kind)
    if not frame.height:
        raise UsageError(f"{paths[0]}: no bar in the hours {kind}")
    series.say(paths[0], notes)
    return History(frame, step, rolls, notes)


def told_apart(parts: list[tuple[pl.DataFrame, str]]) -> list[pl.DataFrame]:
    """With a column `contract` also where each file holds one, and not all the same."""
    several = any("contract" in frame.columns for frame, _ in parts)
    several |= len({name for _, name in parts} - {""}) > 1
    return [
        frame.with_columns(contract=pl.lit(name)) if several and name else frame
        for frame, name in parts
    ]


def read(
    path: Path, zone: str, key: str, symbol_id: str, notes: list[str]
) -> tuple[pl.DataFrame, str]:
    """The bars of a file, with a column `contract` where it holds several of one future; and the
    contract of a file of one, "" where it names none."""
    with sources.reading(path):
        names, rows = series.taken(bars.opened(path, zone), key, symbol_id, notes)
        frame = rows.collect()
    if not frame.height:
        raise UsageError(f"{path}: no bars and no trades in it")
    return frame, stitch.contract_in(names[0]) if len(names) == 1 else ""


def sound(frame: pl.DataFrame, left: Counter[str] | None = None) -> pl.DataFrame:
    """The rows that a stage can use, in order, one a stamp; `left` counts what was left out."""
    left = Counter() if left is None else left
    return distinct(usable(frame, left), left)


def counted(left: Counter[str]) -> list[str]:
    return [f"{count:,} {what}" for what, count in left.items()]


def seconds_only(path: Path, rows: pl.LazyFrame, tick: float) -> None:
    """Raises UsageError for bars of another length, or of an instrument with another tick."""
    head = rows.select("start", "close").head(HEAD).collect()
    starts = head["start"].drop_nulls().unique().sort()  # newest first is no finer step
    if (step := step_of(starts.to_numpy())) != 1:
        raise UsageError(f"{path}: bars of {step} s: the daemon's are of 1 s")
    prices = head["close"].drop_nulls().drop_nans().to_numpy()
    if len(prices) and (found := tick_of(prices, tick)) != tick:
        why = f"its tick is {found}, the instrument's is {tick}"
        raise UsageError(f"{path}: {why}: set instrument.symbol to what the file holds")


def usable(frame: pl.DataFrame, left: Counter[str]) -> pl.DataFrame:
    """Without rows that lack a stamp or a price above zero, or whose range lacks their prices."""
    low, high = pl.col("low"), pl.col("high")
    whole = (
        (low > 0) & (low <= pl.col("open")) & (low <= pl.col("close"))
        & (high >= pl.col("open")) & (high >= pl.col("close"))
        & (high < PRICE_MAX)  # and so no infinity; NaN is above it in polars
        & pl.col("start").is_not_null() & (pl.col("volume").fill_null(0.0) >= 0)
        & pl.col("volume").fill_null(0.0).is_finite()
    ).fill_null(False)  # fmt: skip
    sound = frame.select(whole.alias("sound")).to_series()
    kept = frame if sound.all() else frame.filter(sound)
    if kept.height < frame.height:
        left["rows without a sound stamp or price left out"] += frame.height - kept.height
    if kept["volume"].null_count():
        kept = kept.with_columns(pl.col("volume").fill_null(0.0))
    return kept


def distinct(frame: pl.DataFrame, left: Counter[str]) -> pl.DataFrame:
    """In order, and the first of rows with one stamp."""
    if rising(frame["start"]):
        return frame
    frame = bars.in_order(frame)
    start = frame["start"].to_numpy()
    again = np.append(False, start[1:] == start[:-1])
    if not again.any():
        return frame
    left["rows with the stamp of the row before left out"] += int(again.sum())
    return frame.filter(pl.Series(~again))


def rising(start: pl.Series) -> bool:
    """Is each later than the one before? Chunk by chunk, for one column of all is a copy."""
    last = -1
    for chunk in start.get_chunks():
        stamps = chunk.to_numpy()
        if len(stamps) and (stamps[0] <= last or not (stamps[1:] > stamps[:-1]).all()):
            return False
        last = stamps[-1] if len(stamps) else last
    return True


def tick_of(prices: np.ndarray, usual: float) -> float:
    """The grid that nearly all prices lie on: the usual one if it fits, else the coarsest."""
    sample = prices[:: max(len(prices) // 10_000, 1)]
    for tick in (usual, *TICKS):
        if (np.abs(sample / tick - np.rint(sample / tick)) < OFF).mean() >= 1 - RARE:
            return tick
    return usual


def step_of(starts: hours.Stamps) -> int:
    """Seconds of a bar: the shortest distance that is not rare, at least 1."""
    gaps = np.diff(starts) // SECOND
    if not len(gaps):
        return 1
    values, counts = np.unique(gaps, return_counts=True)
    return max(int(values[counts >= RARE * len(gaps)].min(initial=values[counts.argmax()])), 1)


def ends_labelled(starts: hours.Stamps) -> bool:
    """Do more sessions end with a bar at the close than begin with one at the open?

    Only bars of a minute and more can tell: the last second of a session seldom has a trade."""
    opens, closes = hours.edges("globex")
    return int(np.isin(closes, starts).sum()) > int(np.isin(opens, starts).sum())
