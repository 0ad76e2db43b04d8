"""Which of a file's series are taken: the contracts of one future, which become one continuous
series, or the one with most rows. What is left out is told."""

import logging
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from core.errors import UsageError
from research import bars, stitch
from research.bars import Source
from research.stamps import EITHER, NO_ZONE

LOG = logging.getLogger("tradebot.data")  # on stderr, whatever command reads the file
SHOWN = 20  # names, of those there are


def name_of(source: Source) -> pl.Expr:
    """Of the series a row belongs to; empty in a file of one."""
    if not source.keys:
        return pl.lit("")
    return pl.concat_str([pl.col(part).cast(pl.String) for part in source.keys], separator=" ")


def names_of(source: Source) -> list[str]:
    """The names of the series in a file, the one with most rows first; none in a file of one."""
    if not source.keys:
        return []
    counts = source.rows.group_by(name_of(source).alias("key")).len().collect()
    ranked = counts.drop_nulls().sort("len", "key", descending=[True, False])
    return ranked["key"].to_list()


def taken(
    source: Source, key: str = "", symbol_id: str = "", notes: list[str] | None = None
) -> tuple[list[str], pl.LazyFrame]:
    """The names of the series to take and their bars, of several with a column `contract`.

    `key`: the one to take; `symbol_id`: the future that is meant where there are several, else it
    is the one of the series with most rows. Raises UsageError."""
    names, notes = names_of(source), [] if notes is None else notes
    if source.stamps.startswith(NO_ZONE) and source.zone == "UTC":
        notes.append("times say no zone: taken for UTC, see --zone")
    if source.stamps.endswith(EITHER):
        notes.append("no date tells whether month or day comes first: taken for the month")
    if key and names and key not in names:
        raise UsageError(f"{source.path}: no {key}: there is {', '.join(names[:SHOWN])}")
    found = [key] if key and names else together(names, symbol_id)
    if len(found) < len(names) and not key:
        what = ", ".join(found[:SHOWN])
        notes.append(f"{what} of {len(names)} series: others left out")
    if len(found) > 1:
        return found, pl.concat([contract(source, name) for name in found])
    one = source.rows.filter(name_of(source) == found[0]) if len(names) > 1 else source.rows
    notes += changes(source, one)
    return found, bars.canonical(source, one)


def changes(source: Source, rows: pl.LazyFrame) -> list[str]:
    """Does a series go on from contract to contract under one name? Then it jumps there."""
    if bars.NUMBER in source.keys or bars.NUMBER not in rows.collect_schema():
        return []
    count = rows.select(pl.col(bars.NUMBER).n_unique()).collect().item()
    return [f"{count} contracts under one name: its rolls are jumps"] * (count > 1)


def together(names: list[str], symbol_id: str) -> list[str]:
    """All contracts of one future, or the first."""
    futures = [stitch.future_of(name) for name in names]
    future = symbol_id if symbol_id and symbol_id in futures else "".join(futures[:1])
    same = [name for name, of in zip(names, futures, strict=True) if future and of == future]
    return same or names[:1]


def contract(source: Source, name: str) -> pl.LazyFrame:
    rows = bars.canonical(source, source.rows.filter(name_of(source) == name))
    return rows.with_columns(contract=pl.lit(stitch.contract_in(name)))


def scan(path: Path, zone: str = "UTC", key: str = "", symbol_id: str = "") -> pl.LazyFrame:
    """The bars of one file for a run, lazily and in the file's order; those of several contracts
    rolled into one series, which is not lazy. Says what it did. Raises UsageError."""
    notes: list[str] = []
    names, rows = taken(bars.opened(path, zone), key, symbol_id, notes)
    rows = stamped(rows, notes)
    if len(names) > 1:
        series, rolls = stitch.continuous(rows.collect())
        notes += map(stitch.told, rolls)
        rows = series.drop("contract", "shift", "factor").lazy()
    say(path, notes)
    return rows


def stamped(rows: pl.LazyFrame, notes: list[str]) -> pl.LazyFrame:
    """Without the rows of which nobody knows when they were: an hour that the clocks skip, a date
    that is written in another way."""
    lost = rows.select(pl.col("start").null_count()).collect().item()
    notes += [f"{lost:,} rows without a stamp left out"] * (lost > 0)
    return rows.filter(pl.col("start").is_not_null()) if lost else rows


def say(path: Path, notes: Iterable[str]) -> None:
    for note in notes:
        LOG.warning("%s: %s", path, note)
