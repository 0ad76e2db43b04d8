"""What carrying out a decision cost: implementation shortfall (Perold 1988; quant.md 10.4).

An order is decided at a mid, arrives at another, and fills at prices of its own. Dollars, a cost
is positive, and the parts add up: delay + drift + spread + depth + fees + opportunity = total.
Markout is the other way round: positive when the market went our way after the fill, in ticks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.terms import Purpose
from research.runs import Run
from storage.tape import QUOTE, Tape

PARTS = ("delay", "drift", "spread", "depth", "fees", "opportunity", "total")
MARKOUTS_S = (1, 5, 30)
FRESH_S = 30  # a markout is not told by a quote that is older than this before its moment
RESTING = (Purpose.STOP.value, Purpose.TARGET.value)  # they are where they were decided to be


class Quotes(Struct, frozen=True):
    """Best bid and ask over time: rising UTC ns, prices in points."""

    at: np.ndarray
    bid: np.ndarray
    ask: np.ndarray

    def before(self, at: int) -> tuple[float, float] | None:
        """Bid and ask in force just before a moment."""
        place = int(np.searchsorted(self.at, at, side="left")) - 1
        return (float(self.bid[place]), float(self.ask[place])) if place >= 0 else None

    def mid_at(self, at: int) -> float | None:
        place = int(np.searchsorted(self.at, at, side="right")) - 1
        if place < 0 or at > self.at[-1] or at - self.at[place] > FRESH_S * SECOND:
            return None
        return float(self.bid[place] + self.ask[place]) / 2


def quotes_of(tape: Tape) -> Quotes:
    rows = tape.columns["kind"] == QUOTE
    at, bid, ask = (tape.columns[name][rows] for name in ("at", "bid", "ask"))
    return Quotes(at, bid * tape.tick, ask * tape.tick)


class Piece(Struct, frozen=True):
    """One fill, with mid and same-side touch just before it."""

    price: float
    size: int
    mid: float
    touch: float


def shortfall(
    side: int, decided: float, arrived: float, pieces: Sequence[Piece], point: float,
    fees: float = 0.0, unfilled: int = 0, end: float | None = None,
) -> dict[str, float]:  # fmt: skip
    """The parts of one order. `point`: dollars of a point and contract; `end`: the price when the
    unfilled rest was given up."""
    filled = sum(piece.size for piece in pieces)

    def over(gaps: Sequence[float]) -> float:
        each = zip(gaps, pieces, strict=True)
        return point * side * sum(gap * piece.size for gap, piece in each)

    parts = {
        "delay": side * (arrived - decided) * filled * point,
        "drift": over([piece.mid - arrived for piece in pieces]),
        "spread": over([piece.touch - piece.mid for piece in pieces]),
        "depth": over([piece.price - piece.touch for piece in pieces]),
        "fees": fees,
        "opportunity": side * ((decided if end is None else end) - decided) * unfilled * point,
    }
    return parts | {"total": sum(parts.values())}


def orders(run: Run, quotes: Quotes) -> pl.DataFrame:
    """One row an order that filled and for which quotes are known: its parts and markouts."""
    point, tick = run.about["multiplier"], run.about["tick"]
    fills = {key[0]: part for key, part in run.fills.group_by("tag")}
    rows = []
    for order in run.orders.iter_rows(named=True):
        done = fills.get(order["tag"])
        if done is not None and order["decision_price"] is not None:
            row = measured(order, list(done.iter_rows(named=True)), quotes, point, tick)
            rows += [row] if row else []
    kinds = {"tag": pl.String, "purpose": pl.String, "at": pl.Int64, "size": pl.Int64}
    amounts = (*PARTS, "bps", *(f"markout_{s}s" for s in MARKOUTS_S))
    return pl.DataFrame(rows, kinds | dict.fromkeys(amounts, pl.Float64), orient="row")


def measured(
    order: dict[str, Any], fills: list[dict[str, Any]], quotes: Quotes, point: float, tick: float
) -> tuple[Any, ...] | None:
    side, decided = order["side"], order["decision_price"]
    pieces = []
    for fill in fills:
        known = quotes.before(fill["at"])
        if known is None:
            return None
        touch = known[1] if side > 0 else known[0]
        pieces.append(Piece(fill["price"], fill["size"], sum(known) / 2, touch))
    arrival = None if order["purpose"] in RESTING else quotes.before(order["sent_at"])
    filled = sum(piece.size for piece in pieces)
    rest = order["size"] - filled
    ended = quotes.mid_at(order["ended_at"]) if rest and order["ended_at"] else None
    parts = shortfall(
        side, decided, sum(arrival) / 2 if arrival else decided, pieces, point,
        sum(fill["fees"] for fill in fills), rest, ended,
    )  # fmt: skip
    marks = [markout(side, fills, quotes, s, tick) for s in MARKOUTS_S]
    bps = 1e4 * parts["total"] / (decided * filled * point)
    head = (order["tag"], order["purpose"], order["decided_at"], filled)
    return (*head, *(parts[name] for name in PARTS), bps, *marks)


def markout(
    side: int, fills: Sequence[dict[str, Any]], quotes: Quotes, later_s: int, tick: float
) -> float | None:
    """Ticks that the mid went our way; None when it is not known for every fill."""
    gained, size = 0.0, 0
    for fill in fills:
        mid = quotes.mid_at(fill["at"] + later_s * SECOND)
        if mid is None:
            return None
        gained += side * (mid - fill["price"]) * fill["size"]
        size += fill["size"]
    return gained / size / tick


def by_purpose(table: pl.DataFrame) -> pl.DataFrame:
    """Sums of dollars, and means weighted by size of what is told per contract."""
    weighted = ("bps", *(f"markout_{s}s" for s in MARKOUTS_S))
    weight = pl.col("size")
    return (
        table.group_by("purpose")
        .agg(
            pl.len().alias("orders"), weight.sum().alias("contracts"), pl.col(*PARTS).sum(),
            *(
                (pl.col(name) * weight).sum() / weight.filter(pl.col(name).is_not_null()).sum()
                for name in weighted
            ),
            *(pl.col(name).null_count().alias(f"{name}_unknown") for name in weighted[1:]),
        )
        .sort("purpose")
    )  # fmt: skip
