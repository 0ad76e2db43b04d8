"""Months of bars from files of any make: the way in for all of research.

Series of one future's contracts become one continuous series, of several others the one with most
rows is taken, a file that stamps the end of its bars is shifted, rows that no stage could use are
left out; and each of these is told in `notes`, with its count.
"""

from pathlib import Path

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.errors import UsageError
from research import bars, hours, sources, stitch

TICKS = (1.0, 0.5, 0.25, 0.1, 0.05, 0.01, 0.005, 0.001, 0.0005, 0.0001, 0.00005)  # coarsest first
OFF = 1e-4  # of a tick
HEAD, MINUTE = 100_000, 60  # rows; seconds
RARE = 0.01  # of all distances: stamps that jump about are no finer step


class History(Struct, frozen=True):
    frame: pl.DataFrame  # `research.bars`, sorted, one row a stamp
    step_s: int  # of a bar
    rolls: list[stitch.Roll]
    notes: list[str]


def load(
    paths: list[Path], kind: str = "all", zone: str = "UTC", key: str = "",
    how: str = "difference", rule: str = "volume",
) -> History:  # fmt: skip
    """All files as one series, within the hours "all", "globex", "rth" or "eth".

    `key`: the symbol or contract to take. Raises UsageError when nothing is left."""
    notes: list[str] = []
    parts = told_apart([read(path, zone, key, notes) for path in paths])
    frame, rolls = parts[0] if len(parts) == 1 else pl.concat(parts, how="diagonal"), []
    if "contract" in frame.columns:
        if frame["contract"].null_count():
            raise UsageError(f"{paths[0]}: some of the files hold contracts, others one series")
        frame, rolls = stitch.continuous(frame, how=how, rule=rule)
        notes += [
            f"rolled from {roll.old} to {roll.new}"
            + ("" if roll.sure else ": closes of other days, not adjusted")
            for roll in rolls
        ]
    frame = sound(frame, notes)
    step = step_of(frame["start"].head(HEAD).to_numpy())
    if step >= MINUTE and ends_labelled(frame["start"].to_numpy()):
        notes.append(f"stamps are ends of bars: shifted by {step} s")
        frame = frame.with_columns(pl.col("start") - step * SECOND)
    frame = bars.within(frame, kind)
    if not frame.height:
        raise UsageError(f"{paths[0]}: no bar in the hours {kind}")
    return History(frame, step, rolls, notes)


def told_apart(parts: list[tuple[pl.DataFrame, str]]) -> list[pl.DataFrame]:
    """With a column `contract` also where each file holds one, and not all the same."""
    several = any("contract" in frame.columns for frame, _ in parts)
    several |= len({name for _, name in parts} - {""}) > 1
    return [
        frame.with_columns(contract=pl.lit(name)) if several and name else frame
        for frame, name in parts
    ]


def read(path: Path, zone: str, key: str, notes: list[str]) -> tuple[pl.DataFrame, str]:
    """The bars of a file, with a column `contract` where it holds several of one future; and the
    contract of a file of one, "" where it names none."""
    with sources.reading(path):
        source = bars.opened(path, zone)
        frame = collected(source, key, notes)
        names = [key] if key else bars.series(source) if source.keys else []
    return frame, contract_of(names[0]) if len(names) == 1 else ""


def collected(source: bars.Source, key: str, notes: list[str]) -> pl.DataFrame:
    path, names = source.path, bars.series(source) if source.keys else []
    if len(names) > 1 and not key and all(is_contract(name) for name in names):
        name = bars.name_of(source)
        parts = [
            bars.canonical(source, source.rows.filter(name == one)).with_columns(
                contract=pl.lit(contract_of(one))
            )
            for one in names
        ]
        return pl.concat(parts).collect()
    if len(names) > 1 and not key:
        notes.append(f"{path}: {names[0]} of {len(names)} series: the one with most rows")
    frame = bars.canonical(source, bars.chosen(source, key)).collect()
    if not frame.height:
        raise UsageError(f"{path}: no bars and no trades in it")
    return frame


def contract_of(name: str) -> str:
    """The part of a series' name that is a contract, "" without one: some are followed by the
    exchange's number of it."""
    for part in name.split():
        try:
            stitch.contract_id(part, 2020, "F.US.MES")
        except UsageError:
            continue
        return part
    return ""


def is_contract(name: str) -> bool:
    return bool(contract_of(name))


def sound(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """The rows that a stage can use, in order, one a stamp; what was left out goes to `notes`."""
    return distinct(usable(frame, notes), notes)


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


def usable(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Without the rows that lack a stamp or a price, or whose range does not hold its prices."""
    low, high = pl.col("low"), pl.col("high")
    whole = (
        (low <= pl.col("open")) & (low <= pl.col("close"))
        & (high >= pl.col("open")) & (high >= pl.col("close"))
        & (high - low + pl.col("open") + pl.col("close")).is_finite()
        & pl.col("start").is_not_null() & (pl.col("volume").fill_null(0.0) >= 0)
        & pl.col("volume").fill_null(0.0).is_not_nan()
    ).fill_null(False)  # fmt: skip
    sound = frame.select(whole.alias("sound")).to_series()
    kept = frame if sound.all() else frame.filter(sound)
    if kept.height < frame.height:
        notes.append(f"{frame.height - kept.height} rows without a sound stamp or price left out")
    if kept["volume"].null_count():
        kept = kept.with_columns(pl.col("volume").fill_null(0.0))
    return kept


def distinct(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """In order, and the first of rows with one stamp."""
    if rising(frame["start"]):
        return frame
    frame = bars.in_order(frame)
    start = frame["start"].to_numpy()
    again = np.append(False, start[1:] == start[:-1])
    if not again.any():
        return frame
    notes.append(f"{int(again.sum())} rows with the stamp of the row before left out")
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
