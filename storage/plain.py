"""Records that are encoded when they are written, not when they are queued.

Those of a decision: of our own making, short, ASCII, sound if their floats are. It keeps the
encoding out of the way of an order.
"""

from collections.abc import Callable
from math import isfinite
from typing import Any, NamedTuple

from core.messages import (
    Approved,
    Bar,
    Features,
    Hold,
    Intent,
    PlaceOrder,
    Prediction,
    Record,
    Refused,
)
from storage.line import Draft, draft

# Kind -> a number that is finite only if all its floats are.
PLAIN: dict[type, Callable[[Any], float]] = {
    Bar: lambda bar: bar.open + bar.high + bar.low + bar.close + bar.bid + bar.ask,
    Features: lambda row: sum(row.values) + row.close + row.bid + row.ask + row.atr,
    Prediction: lambda seen: (
        sum(seen.probabilities) + seen.confidence + seen.move
        + seen.close + seen.bid + seen.ask + seen.atr
    ),
    Intent: lambda wish: wish.confidence,
    Approved: lambda verdict: verdict.intent.confidence,
    Refused: lambda verdict: verdict.intent.confidence,
    Hold: lambda hold: 0.0,
    PlaceOrder: lambda order: 0.0,
}  # fmt: skip


class Plain(NamedTuple):
    seq: int
    ns: int
    record: Record
    run: str
    size: int = 1024  # bytes, about: a segment may end a little early or late


def soon(record: Record, ns: int, run: str) -> Draft | Plain:
    """What its writer takes. Raises LogError as `draft` does."""
    total = PLAIN.get(type(record.message))
    if total is None or not isfinite(total(record.message)):
        return draft(record, ns, run)
    return Plain(record.seq, ns, record, run)


def encoded(made: Draft | Plain) -> Draft:
    return draft(made.record, made.ns, made.run) if isinstance(made, Plain) else made
