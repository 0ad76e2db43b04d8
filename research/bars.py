"""Bars of any make as one table, `COLUMNS`, sorted by `start`: lazily, in chunks, or at once.

`start` is int64 UTC ns, the START of the bar (a file that stamps the end is shifted, and that is
told); open, high, low, close, volume float64 in the venue's units. `EXTRAS` stay where they are
known: buy, sell (volume by aggressor), trades, bid, ask (the quote at the close). Trades become
bars of one second, a second without a trade has no row. Nothing is repaired: what is wrong with the
rows is told by `research.blemishes`, and rows that no stage could use are left out and counted.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.errors import UsageError
from research import dbn, hours, sources, stamps

PRICES = ("open", "high", "low", "close")
COLUMNS = ("start", *PRICES, "volume")
EXTRAS = ("buy", "sell", "trades", "bid", "ask")
PLACES, NAMES = ("venue", "market"), ("symbol", "contract", "coin", "instrument", "ticker")
NUMBER = "instrument_id"  # the exchange's: where names are, it changes with each roll of a series
STAMPS = (
    "start", "ts_start", "ts_event", "timestamp", "time", "ts", "datetime", "date", "open_time",
    "at", "t", "ts_match", "ts_local", "ts_recv",
)  # fmt: skip
ALIASES = {
    "open": ("o",), "high": ("h",), "low": ("l",), "close": ("c", "last"),
    "volume": ("v", "vol", "total volume"), "price": ("px",), "size": ("qty", "quantity"),
    "side": ("aggressor",), "bid": ("bid_px_00",), "ask": ("ask_px_00",),
}  # fmt: skip
SIGNS = {"b": 1, "buy": 1, "a": -1, "s": -1, "sell": -1, "1": 1, "-1": -1}
CHUNK_ROWS, HEAD_ROWS = 4_000_000, 1_000


class Source(Struct, frozen=True):
    """A file, opened: its rows with plain names, and what it says about itself."""

    path: Path
    rows: pl.LazyFrame  # `start` in UTC, then the file's own columns under plain names
    kind: str  # "bars", "trades", or "" for what cannot become bars
    keys: tuple[str, ...]  # columns that tell one series from another
    stamp: str  # the column that became `start`
    stamps: str  # what its stamps are
    zone: str  # of those that name none


def opened(path: Path, zone: str = "UTC") -> Source:
    """Open a file of any make. Raises UsageError when it has no time in it."""
    with sources.reading(path):
        lazy = plain(sources.open_table(path))
        schema = lazy.collect_schema()
        found = [name for name in STAMPS if name in schema]
        if not found:
            raise UsageError(f"{path}: no column of times: expected one of {', '.join(STAMPS)}")
        stamp, first = stamp_of(path, lazy, found)
        start = stamps.to_utc(pl.col(stamp), schema[stamp], first, zone)
    others = [name for name in schema if name not in ("start", stamp)]
    rows = lazy.select(start.alias("start"), *others)
    named = [name for name in NAMES if name in schema] or [NUMBER]
    keys = tuple(name for name in (*PLACES, *named) if name in schema)
    return Source(
        path, rows, kind_of(set(schema)), keys, stamp,
        stamps.told(schema[stamp], first) + stamps.EITHER * either(lazy, stamp, first), zone,
    )  # fmt: skip


def stamp_of(path: Path, lazy: pl.LazyFrame, names: list[str]) -> tuple[str, object]:
    """The first of these columns that holds anything, and a value of it."""
    for name in names:
        if lazy.collect_schema()[name] == pl.Null:
            continue
        head = lazy.select(pl.col(name)).head(HEAD_ROWS).collect().to_series().drop_nulls()
        if not len(head):
            head = lazy.select(pl.col(name).drop_nulls().first()).collect().to_series().drop_nulls()
        if len(head):
            usual = head.sort()[len(head) // 2]  # the first may be in another unit
            return name, usual if head.dtype.is_numeric() else dated(lazy, name, head[0])
    raise UsageError(f"{path}: {', '.join(names)}: no time in any row")


def dated(lazy: pl.LazyFrame, name: str, first: object) -> object:
    """The stamp that tells best whether the day or the month comes first, where slashes part them:
    the one whose first number is the largest."""
    if not stamps.SLASHED.match(str(first)):
        return first
    leading = pl.col(name).str.extract(r"^\s*(\d+)/").cast(pl.Int64, strict=False)
    top = lazy.select(pl.col(name).sort_by(leading, nulls_last=False).last()).collect()
    return top.item()


def either(lazy: pl.LazyFrame, name: str, first: object) -> bool:
    """Slashes part the dates, and no number in any of them can be but a month?"""
    if not stamps.SLASHED.match(str(first)):
        return False
    numbers = [
        pl.col(name).str.extract(rf"^\s*(?:\d+/){{{n}}}(\d+)/").alias(f"{n}") for n in (0, 1)
    ]
    most = lazy.select(numbers).select(pl.all().cast(pl.Int64, strict=False).max()).collect()
    return all(value is not None and value <= 12 for value in most.row(0))


def plain(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Lower-case names, aliases resolved, a date and a time of day as one column."""
    names = lazy.collect_schema().names()
    lower = [name.strip().strip("<>").lower() for name in names]
    known = {alias: name for name, others in ALIASES.items() for alias in others}
    wanted = [known.get(name, name) if known.get(name) not in lower else name for name in lower]
    lazy = priced(lazy.rename(dict(zip(names, wanted, strict=True))))
    if {"date", "time"} <= set(wanted):
        both = pl.col("date").cast(pl.String) + " " + clock(lazy)
        lazy = lazy.with_columns(both.alias("time")).drop("date")
    return lazy


def priced(lazy: pl.LazyFrame) -> pl.LazyFrame:
    """Databento's texts, told by their `rtype`, may hold prices as DBN does: in its fixed point."""
    schema = lazy.collect_schema()
    names = [n for n in (*PRICES, "price", "bid", "ask") if schema.get(n) == pl.Int64]
    if "rtype" not in schema or not names:
        return lazy
    known = pl.col(names).replace(dbn.NO_PRICE, None)
    return lazy.with_columns((known * dbn.PRICE_UNIT).round(9))


def clock(lazy: pl.LazyFrame) -> pl.Expr:
    """A column of times of day as text; 93000 stands for 093000, and 930 for 0930."""
    text = pl.col("time").cast(pl.String)
    if not lazy.collect_schema()["time"].is_integer():
        return text
    last = lazy.select(pl.col("time").max()).collect().item()
    return text.str.zfill(4 if (last or 0) < 2400 else 6)


def kind_of(names: set[str]) -> str:
    if {"open", "high", "low", "close"} <= names:
        return "bars"
    return "trades" if "price" in names and not {"is_snapshot", "size_usd"} & names else ""


def canonical(source: Source, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of one series under the names of this table."""
    if source.kind == "trades":
        return from_trades(rows)
    if source.kind != "bars":
        raise UsageError(f"{source.path}: neither bars nor trades")
    names = rows.collect_schema().names()
    volume = pl.col("volume") if "volume" in names else pl.lit(None)
    extras = [pl.col(name).cast(pl.Float64) for name in EXTRAS if name in names]
    prices = [pl.col(name).cast(pl.Float64) for name in PRICES]
    return rows.select("start", *prices, volume.cast(pl.Float64).alias("volume"), *extras)


def from_trades(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Bars of one second. Trades of size 0 move no contract and make no price."""
    names = rows.collect_schema().names()
    if "action" in names:  # Databento's: only T is a trade
        rows = rows.filter(pl.col("action") == "T")
    size = pl.col("size").cast(pl.Float64) if "size" in names else pl.lit(1.0)
    side = pl.lit(0)
    if "side" in names:
        text = pl.col("side").cast(pl.String).str.to_lowercase()
        side = text.replace_strict(SIGNS, default=0, return_dtype=pl.Int8)
    made = {
        "open": pl.col("price").first(), "high": pl.col("price").max(),
        "low": pl.col("price").min(), "close": pl.col("price").last(),
        "volume": pl.col("size").sum(), "trades": pl.len().cast(pl.Float64),
    }  # fmt: skip
    if "side" in names:
        made["buy"] = pl.col("size").filter(pl.col("side") > 0).sum()
        made["sell"] = pl.col("size").filter(pl.col("side") < 0).sum()
    made |= {name: pl.col(name).last() for name in ("bid", "ask") if name in names}
    return (
        rows.with_columns(
            size=size, side=side, price=pl.col("price").cast(pl.Float64),
            start=pl.col("start") // SECOND * SECOND,
        )
        .filter(pl.col("size") > 0)
        .group_by("start", maintain_order=True)
        .agg(**made)
    )  # fmt: skip


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    if not hours.in_order(frame["start"].to_numpy()):
        frame = frame.sort("start", maintain_order=True)
    return frame


def within(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The rows that lie in those hours, by slices of the sorted table: nothing is copied."""
    if kind == "all":
        return frame
    if kind == "eth":
        return frame.filter(pl.Series(hours.inside(frame["start"].to_numpy(), kind)))
    parts = [
        frame.slice(first, last - first)
        for first, last in hours.spans(frame["start"].to_numpy(), kind)
    ]
    return pl.concat(parts) if parts else frame.clear()


def chunks(lazy: pl.LazyFrame, rows: int = CHUNK_ROWS) -> Iterator[pl.DataFrame]:
    """A sorted table in parts of whole trade dates, each of about so many rows."""
    offset, held = 0, None
    while True:
        part = lazy.slice(offset, rows).collect()
        offset += part.height
        frame = part if held is None else pl.concat([held, part])
        if part.height < rows:
            if frame.height:
                yield frame
            return
        dates = hours.date_index(frame["start"].to_numpy())
        cut = int(dates.searchsorted(dates[-1]))
        if cut:
            yield frame.slice(0, cut)
        held = frame.slice(cut)
