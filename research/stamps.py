"""Time columns of any make into int64 UTC ns, and what the make says about them.

Whole numbers are seconds, ms, us or ns since 1970, told by their size, or a time written out as
20240131093000 or 20240131; text is ISO 8601 or one of FORMATS; a stamp without a zone is of
`zone`, by default UTC. An hour that the clocks skip becomes null, one that they repeat is taken for
its first time.
"""

import re

import polars as pl

from core.errors import UsageError

UNITS = ((10**17, 1), (10**14, 10**3), (10**11, 10**6), (0, 10**9))  # least size -> ns of one
UNIT_NAMES = {1: "ns", 10**3: "us", 10**6: "ms", 10**9: "s"}
FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y%m%d %H%M%S", "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M", "%Y%m%d %H%M", "%Y%m%d%H%M%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d", "%Y%m%d",
)  # fmt: skip

NO_ZONE = "time without a zone"
EITHER = ", month or day first"  # and no row tells
SLASHED = re.compile(r"\s*\d{1,2}/\d{1,2}/\d{4}\b")  # month or day first: the whole file tells
WRITTEN = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 8: "%Y%m%d"}  # by the number of digits


def written(value: int) -> str:
    """The format of a number that writes a time out; "" where it counts since 1970: what would be
    a time before 1977 or after 2286 then."""
    form = WRITTEN.get(len(str(value)), "")
    return form if form and 1990 <= int(str(value)[:4]) < 2100 else ""


def unit_of(value: int) -> int:
    """Nanoseconds of one unit, for a number that stamps a time since 1971."""
    return next(ns for least, ns in UNITS if abs(value) >= least)


def format_of(text: str) -> str:
    """The one of FORMATS that reads it. Raises UsageError."""
    sample = pl.Series([text.replace("Z", "+00:00")])
    for form in FORMATS:
        if sample.str.to_datetime(form, strict=False, time_unit="ns").null_count() == 0:
            return form
    raise UsageError(f"{text!r}: not a time: expected ISO 8601 or a number since 1970")


def to_utc(column: pl.Expr, kind: pl.DataType, sample: object, zone: str) -> pl.Expr:
    """Int64 UTC ns. `kind` is the column's type, `sample` one value of it that is not null."""
    if kind.is_integer() or kind.is_float():
        whole = column.cast(pl.Int64)
        if form := written(int(sample)):  # type: ignore[call-overload]
            text = whole.cast(pl.String)
            return in_zone(text.str.to_datetime(form, strict=False, time_unit="ns"), zone)
        unit = unit_of(int(sample))  # type: ignore[call-overload]
        if kind.is_float() and unit > 1:
            return (column * unit).round().cast(pl.Int64)
        return whole if unit == 1 else whole * unit
    if kind == pl.Date:
        return in_zone(column.cast(pl.Datetime("ns")), zone)
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            return column.cast(pl.Datetime("ns", kind.time_zone)).cast(pl.Int64)
        return in_zone(column.cast(pl.Datetime("ns")), zone)
    if kind == pl.String:
        text = column.str.strip_chars().str.replace("Z$", "+00:00")
        form = format_of(str(sample).strip())
        read = text.str.to_datetime(form, strict=False, time_unit="ns")
        return read.cast(pl.Int64) if form.endswith("z") else in_zone(read, zone)
    raise UsageError(f"a time column of type {kind}: expected times, numbers or text")


def in_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    if zone == "UTC":
        return naive.cast(pl.Int64)
    placed = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return placed.cast(pl.Int64)


def told(kind: pl.DataType, sample: object) -> str:
    """What the file says its stamps are: "ns since 1970", "time in UTC", "time without a zone"."""
    if (kind.is_integer() or kind.is_float()) and not written(int(sample)):  # type: ignore[call-overload]
        return f"{UNIT_NAMES[unit_of(int(sample))]} since 1970"  # type: ignore[call-overload]
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return f"time in {kind.time_zone}"
    if kind == pl.String and format_of(str(sample).strip()).endswith("z"):
        return "time with offset"
    return NO_ZONE
