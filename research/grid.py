"""The complete grid of seconds that the daemon's stage would make of the same seconds, in columns.

The rule is actors/bars.py's: a quiet second takes the last close, `gap_max_s` of them at most;
then, or at the close of the exchange, the grid ends and the next bar starts a new segment. A test
proves the two equal on real tapes. `silences` names every stretch without a bar.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.clock import SECOND
from core.errors import UsageError
from core.sessions import ALWAYS, NEVER, NEW_YORK, Day, days
from indicators.compiled import compiled
from research import hours

Floats = NDArray[np.float64]
GRID = ("at_s", "segment", "open", "high", "low", "close", "volume", "buy", "sell", "filled")
GAP, BREAK, EARLY, WEEKEND, HOLIDAY = (
    "gap", "maintenance", "early close", "weekend", "holiday",
)  # fmt: skip


def grid(
    frame: pl.DataFrame, gap_max_s: int, first_segment: int = 1, kind: str = "globex"
) -> Floats:
    """(n, 10), the columns GRID, as `indicators.columns.features` takes them.

    `frame`: `research.bars` of one second, sorted, one row a second, all within Globex hours; of
    kind "all" within any.
    `at_s` is the END of the second.
    """
    start = frame["start"].to_numpy() // SECOND
    if not len(start):
        return np.empty((0, len(GRID)))
    if (start[1:] <= start[:-1]).any():
        raise UsageError("seconds that repeat or go back: `tradebot validate` tells where")
    quiet, segment = silence(start, stops(frame["start"].to_numpy(), kind), gap_max_s)
    prices = [np.ascontiguousarray(frame[name].to_numpy()) for name in GRID[2:7]]
    buy, sell = sides(frame)
    out = np.empty((len(start) + int(quiet.sum()), len(GRID)))
    fill(out, start, quiet, segment + first_segment, *prices, buy, sell)
    return out


def quoted(table: Floats, frame: pl.DataFrame, tick: float) -> Floats:
    """(n, 12): the grid of these rows with bid and ask at the end of each second, theirs or, where
    they are not known, a tick apart with the close on the side to which the second went."""
    bid = np.where(table[:, 5] >= table[:, 2], table[:, 5] - tick, table[:, 5])
    ask = bid + tick
    if {"bid", "ask"} <= set(frame.columns):
        ends = frame["start"].to_numpy() // SECOND + 1
        place = np.maximum(np.searchsorted(ends, table[:, 0], side="right") - 1, 0)
        told = [frame[name].to_numpy()[place] for name in ("bid", "ask")]
        known = np.isfinite(told[0]) & np.isfinite(told[1]) & (told[0] > 0) & (told[0] < told[1])
        bid, ask = np.where(known, told[0], bid), np.where(known, told[1], ask)
    return np.column_stack([table, bid, ask])


def stops(stamps: NDArray[np.int64], kind: str = "globex") -> NDArray[np.int64]:
    """Where the grid would end that starts there, seconds: NEVER where the exchange is closed, or
    where it never closes."""
    if kind == ALWAYS:
        return np.full(len(stamps), NEVER // SECOND, np.int64)
    closes = np.array([day.close for day in days()], np.int64)[hours.date_index(stamps)]
    return np.where(hours.inside(stamps, "globex"), closes, NEVER) // SECOND


@compiled
def silence(start, stops, gap_max):  # type: ignore[no-untyped-def]
    """Of each bar: how many quiet seconds follow it in the grid, and its segment, from 0."""
    quiet, segment = np.zeros(len(start), np.int64), np.zeros(len(start), np.int64)
    number, stop = 0, stops[0]
    for i in range(len(start) - 1):
        segment[i] = number
        missing = start[i + 1] - start[i] - 1
        quiet[i] = min(missing, gap_max, max(stop - start[i] - 1, 0))
        if missing >= gap_max or start[i + 1] >= stop:
            number, stop = number + 1, stops[i + 1]
    segment[-1] = number
    return quiet, segment


def sides(frame: pl.DataFrame) -> tuple[Floats, Floats]:
    """Volume that bought and that sold; of a file or a row that does not know, 0: then the kernel
    goes by where the close lies."""
    if not {"buy", "sell"} <= set(frame.columns):
        return np.zeros(frame.height), np.zeros(frame.height)
    buy, sell = (frame[name].cast(pl.Float64).to_numpy() for name in ("buy", "sell"))
    known = np.isfinite(buy) & np.isfinite(sell)
    return np.where(known, buy, 0.0), np.where(known, sell, 0.0)


@compiled
def fill(out, start, quiet, segment, opens, high, low, close, volume, buy, sell):  # type: ignore[no-untyped-def]
    row = 0
    for i in range(len(start)):
        out[row, 0], out[row, 1] = start[i] + 1, segment[i]
        out[row, 2], out[row, 3], out[row, 4], out[row, 5] = opens[i], high[i], low[i], close[i]
        out[row, 6], out[row, 7], out[row, 8], out[row, 9] = volume[i], buy[i], sell[i], 0.0
        row += 1
        for n in range(quiet[i]):
            out[row, 0], out[row, 1] = start[i] + 2 + n, segment[i]
            out[row, 2:6] = close[i]
            out[row, 6:9] = 0.0
            out[row, 9] = 1.0
            row += 1


def resample(frame: pl.DataFrame, seconds: int, kind: str = "globex") -> pl.DataFrame:
    """Bars of so many seconds, counted from the open of each session, none across two of them.

    `kind`: whose open; "all" counts from 1970, for markets that never close. Rows keep their order
    and their hours: filter before, with `bars.within`.
    """
    start = frame["start"].to_numpy()
    if not len(start):
        return frame
    step = seconds * SECOND
    anchor = 0 if kind == "all" else hours.opens_of(start, "rth" if kind == "rth" else "globex")
    label = anchor + (start - anchor) // step * step
    dates = hours.date_index(start) if kind != "all" else np.zeros(len(start), np.int64)
    first = np.flatnonzero(
        np.concatenate(([True], (label[1:] != label[:-1]) | (dates[1:] != dates[:-1])))
    )
    last = np.append(first[1:], len(start)) - 1
    made = {"start": label[first], "open": frame["open"].to_numpy()[first]}
    for name in frame.columns[2:]:
        values = frame[name].to_numpy()
        if name in ("close", "bid", "ask"):
            made[name] = values[last]
        else:
            by = {"high": np.fmax, "low": np.fmin}.get(name, np.add)
            made[name] = by.reduceat(values, first)
    return pl.DataFrame(made)


def silences(starts: NDArray[np.int64], step_s: int, gap_max_s: int) -> pl.DataFrame:
    """Every stretch of over `gap_max_s` without a bar, cut where the exchange opens and closes.

    Columns: since, until (UTC ns), why: "gap" (the exchange was open), "maintenance", "early close"
    (and the break after it), "weekend", "holiday". `starts` are sorted.
    """
    ends = starts[:-1] + step_s * SECOND
    long = np.flatnonzero(starts[1:] - ends > gap_max_s * SECOND)
    rows = [part for i in long for part in cut(int(ends[i]), int(starts[i + 1]))]
    rows = [row for row in rows if row[2] != GAP or row[1] - row[0] > gap_max_s * SECOND]
    return pl.DataFrame(
        rows, {"since": pl.Int64, "until": pl.Int64, "why": pl.String}, orient="row"
    )


def cut(since: int, until: int) -> list[tuple[int, int, str]]:
    """One silence, piece by piece."""
    first = int(hours.date_index(np.array([since]))[0])
    found, number = [], first
    while since < until and number < len(days()):
        day = days()[number]
        if since < day.open:
            found.append((since, min(until, day.open), closed(number)))
        if max(since, day.open) < min(until, day.close):
            found.append((max(since, day.open), min(until, day.close), GAP))
        since, number = max(since, day.close), number + 1
        if since < min(until, day.roll):  # from the close to 18:00
            found.append((since, min(until, day.roll), BREAK if full(day) else EARLY))
            since = min(until, day.roll)
    return found


def full(day: Day) -> bool:
    return day.roll - day.close <= 3600 * SECOND


def closed(number: int) -> str:
    """Why nothing trades between the roll before trade date `number` and its open."""
    before, after = days()[max(number - 1, 0)], days()[number]
    weekend = datetime.fromtimestamp(after.open / 1e9, UTC).astimezone(NEW_YORK).weekday() == 6
    return WEEKEND if weekend and after.number - before.number == 3 else HOLIDAY
