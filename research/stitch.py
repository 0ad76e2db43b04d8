"""One continuous series of many contracts, by the roll rules of quant.md 13.2 and 13.3.

A roll happens at 18:00 New York, between two trade dates: when on the date before the next contract
had more volume than the front, and at the latest when the calendar says so (core/contracts.py);
never back. Prices before it take the difference of the two closes in the last second that both
traded ("difference": the tick grid stays), or their ratio ("ratio": percentages stay), or nothing
("none": for fills and costs, never for indicators). `shift` and `factor` of a row undo that:
raw = price / factor - shift. The latest contract is never adjusted. Give only what was known: a
series adjusted by later rolls than its reader could know looks ahead.
"""

import re
from itertools import pairwise

import numpy as np
import polars as pl
from msgspec import Struct

from core import contracts
from core.errors import UsageError
from core.sessions import days
from research import hours
from research.bars import PRICES

HOWS = ("difference", "ratio", "none")
RULES = ("volume", "calendar")
APART_MAX_S = 86_400
ROOTS = {"ES": "F.US.EP", "NQ": "F.US.ENQ", "GC": "F.US.MGC", "MGC": "F.US.MGC"}
NAMED = re.compile(rf"(?:(\w+?))?([{contracts.CODES}])(\d{{1,2}})")


class Roll(Struct, frozen=True):
    at: int  # UTC ns, the open of the first trade date in the new contract
    old: str
    new: str
    old_close: float
    new_close: float
    apart_s: float  # between the stamps of those closes: 0 in the same second

    @property
    def sure(self) -> bool:
        """Closes of other days say nothing about each other, and adjust nothing."""
        return self.apart_s <= APART_MAX_S


def contract_id(name: str, year: int, symbol_id: str) -> str:
    """The gateway's name of ESH4, MESH24, 201403 or 2014-03; `year` is that of its bars."""
    digits = re.fullmatch(r"(20\d\d)-?(\d\d)(\d\d)?", name)
    if digits:
        code, last = contracts.CODES[int(digits[2]) - 1], int(digits[1]) % 100
        return f"CON.{symbol_id}.{code}{last:02}"
    named = NAMED.fullmatch(name.strip().upper())
    if not named:
        raise UsageError(f"{name}: not a contract: expected the like of MESH26 or 202603")
    root, code, number = named.groups()
    last = int(number)
    if len(number) == 1:  # the next year that ends so
        last = (year + (last - year) % 10) % 100
    known = ROOTS.get(root, f"F.US.{root}") if root else symbol_id
    return f"CON.{known}.{code}{last:02}"


def contract_in(name: str) -> str:
    """The part of a series' name that is a contract, "" without one: some are followed by the
    exchange's number of it."""
    for part in name.split():
        try:
            contract_id(part, 2020, "F.US.MES")
        except UsageError:
            continue
        return part
    return ""


def future_of(name: str) -> str:
    """The gateway's name of the future that a series is a contract of, "" if it is none."""
    found = contract_in(name)
    whole = contract_id(found, 2020, "F.US.MES") if found else ""
    return whole.removeprefix("CON.").rpartition(".")[0]


def told(change: Roll) -> str:
    unsure = "" if change.sure else ": closes of other days, not adjusted"
    return f"rolled from {change.old} to {change.new}{unsure}"


def continuous(
    frame: pl.DataFrame, symbol_id: str = "F.US.MES", how: str = "difference",
    rule: str = "volume", roll_days: int = 4,
) -> tuple[pl.DataFrame, list[Roll]]:  # fmt: skip
    """The series and its rolls. `frame`: bars with a column `contract`, in any order."""
    frame = frame.sort("start", maintain_order=True)
    dates = pl.Series("date", hours.date_index(frame["start"].to_numpy()))
    frame = frame.with_columns(dates)
    year = int(days()[int(dates[0])].date[:4]) if len(dates) else 0
    names = {name: contract_id(name, year, symbol_id) for name in frame["contract"].unique()}
    order = sorted(names, key=lambda name: month(names[name]))
    ends = {name: contracts.rolls_at(names[name], roll_days) for name in order}
    fronts = front_of(frame, order, ends, rule)
    rolls = [
        roll(frame, before, after, date)
        for (_, before), (date, after) in pairwise(fronts.items()) if before != after
    ]  # fmt: skip
    chosen = pl.DataFrame(
        {"date": list(fronts), "contract": list(fronts.values())},
        {"date": pl.Int64, "contract": pl.String},
    )
    kept = frame.join(chosen, on=["date", "contract"], how="semi").drop("date")
    return adjusted(kept, rolls, how), rolls


def month(name: str) -> tuple[int, int]:
    found = contracts.month_of(name)
    if found is None:
        raise UsageError(f"{name}: not a contract")
    return found[1], found[2]


def front_of(
    frame: pl.DataFrame, order: list[str], ends: dict[str, int], rule: str
) -> dict[int, str]:
    """Trade date -> the contract to hold on it. `ends`: from when each is left, 0 unknown."""
    table = frame.group_by("date", "contract").agg(pl.col("volume").sum()).sort("date")
    volume = {(date, name): size for date, name, size in table.iter_rows()}
    found: dict[int, str] = {}
    place, before = 0, -1
    for date in table["date"].unique(maintain_order=True):
        if before < 0:
            place = first_of(volume, date, order) if rule == "volume" else 0
        while place < len(order) - 1 and 0 < ends[order[place]] <= days()[date].open:
            place += 1
        if rule == "volume" and before >= 0:
            place += first_of(volume, before, order[place:])
        found[date], before = order[place], date
    return found


def first_of(volume: dict[tuple[int, str], float], date: int, order: list[str]) -> int:
    """Place of the contract with most volume on that date; the earlier one of equals."""
    sizes = [volume.get((date, name), 0.0) for name in order]
    return sizes.index(max(sizes))


def roll(frame: pl.DataFrame, old: str, new: str, date: int) -> Roll:
    """The closes of the last second both traded in before the roll, or the nearest there are."""
    at = days()[date].open
    parts = [
        frame.filter(pl.col("contract") == name).select("start", "close").drop_nulls()
        for name in (old, new)
    ]
    before = [part.filter(pl.col("start") < at) for part in parts]
    both = before[0].join(before[1], on="start", suffix="_new").tail(1)
    if both.height:
        _, old_close, new_close = both.row(0)
        return Roll(at, old, new, old_close, new_close, 0.0)
    ends = [
        (part.tail(1) if part.height else whole.head(1))
        for part, whole in zip(before, parts, strict=True)
    ]
    if not all(part.height for part in ends):
        raise UsageError(f"roll from {old} to {new}: one of them never traded")
    (old_at, old_close), (new_at, new_close) = ends[0].row(0), ends[1].row(0)
    return Roll(at, old, new, old_close, new_close, abs(new_at - old_at) / 1e9)


def adjusted(frame: pl.DataFrame, rolls: list[Roll], how: str) -> pl.DataFrame:
    starts = frame["start"].to_numpy()
    shift, factor = np.zeros(len(starts)), np.ones(len(starts))
    for change in filter(lambda change: change.sure, rolls):
        before = starts < change.at
        if how == "difference":
            shift[before] += change.new_close - change.old_close
        if how == "ratio":
            factor[before] *= change.new_close / change.old_close
    frame = frame.with_columns(shift=shift, factor=factor)
    names = [name for name in (*PRICES, "bid", "ask") if name in frame.columns]
    return frame.with_columns((pl.col(name) + pl.col("shift")) * pl.col("factor") for name in names)
