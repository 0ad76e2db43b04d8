"""What a session came to: counts, reasons, money and latencies, for a person or a script."""

import time
from collections import Counter, deque
from decimal import Decimal
from typing import Any

from core.messages import (
    Approved,
    Bar,
    Fill,
    Hold,
    Intent,
    Message,
    PlaceOrder,
    Refused,
    TradeClosed,
)
from core.terms import Purpose

SAMPLES = 20_000


class Latency:
    """Microseconds of the hot path, the newest `SAMPLES` of each."""

    def __init__(self) -> None:
        names = ("bar_to_order", "tick_to_bar", "wal_durable")
        self.samples: dict[str, deque[float]] = {name: deque(maxlen=SAMPLES) for name in names}
        self._frame = self._bar = 0.0

    def frame(self) -> None:
        self._frame = time.perf_counter()

    def bar(self) -> None:
        self._bar = now = time.perf_counter()
        if self._frame:
            self.samples["tick_to_bar"].append((now - self._frame) * 1e6)
            self._frame = 0.0

    def order(self, message: Message) -> None:
        if self._bar and isinstance(message, PlaceOrder) and message.purpose is Purpose.ENTRY:
            self.samples["bar_to_order"].append((time.perf_counter() - self._bar) * 1e6)

    def durable(self, seconds: float) -> None:
        self.samples["wal_durable"].append(seconds * 1e6)

    def quantiles(self) -> dict[str, dict[str, float | None]]:
        return {
            name: {"p50": quantile(values, 0.5), "p99": quantile(values, 0.99)}
            for name, values in self.samples.items()
        }


def quantile(values: deque[float], share: float) -> float | None:
    ranked = sorted(values)
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1) if ranked else None


class Tally:
    """Counts over the whole log: what was folded at the start counts too."""

    def __init__(self, latency: Latency) -> None:
        self.kinds: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.signals = 0
        self.trips: list[TradeClosed] = []
        self.latency = latency

    def count(self, actor: str, message: Message) -> None:
        self.kinds[type(message).__name__] += 1
        self.reasons[str(getattr(message, "reason", ""))] += 1
        self.signals += actor == "signals"
        if isinstance(message, TradeClosed):
            self.trips.append(message)

    def watch(self, actor: str, message: Message, seq: int) -> None:
        self.count(actor, message)

    def summary(self) -> dict[str, Any]:
        kinds = self.kinds
        fees = sum((trip.fees for trip in self.trips), start=0)
        return {
            "bars": kinds[Bar.__name__],
            "signals": self.signals,
            "intents": kinds[Intent.__name__],
            "holds": kinds[Hold.__name__],
            "approved": kinds[Approved.__name__],
            "refused": kinds[Refused.__name__],
            "orders": kinds[PlaceOrder.__name__],
            "fills": kinds[Fill.__name__],
            "round_trips": len(self.trips),
            "wins": sum(trip.net > 0 for trip in self.trips),
            "fees": str(fees),
            "reasons": dict(sorted(self.reasons.items(), key=lambda row: -row[1])),
            "latency_us": self.latency.quantiles(),
        }


def told(report: dict[str, Any]) -> str:
    """The session report for a person."""
    wal, latency = report["wal"], report["latency_us"]["bar_to_order"]
    coded = [(code, n) for code, n in report["reasons"].items() if code]  # not all have one
    reasons = ", ".join(f"{code} {n}" for code, n in coded[:8])
    verified = "verified" if wal["verified"] else "NOT VERIFIED"
    took = f"p50 {latency['p50']} us, p99 {latency['p99']} us"
    timed = f"bar to order {took}" if latency["p50"] is not None else "no order was sent"
    return (
        f"session    {report['mode']}, ended: {report['ended']}\n"
        f"market     {report['bars']} bars\n"
        f"decisions  {report['signals']} signals, {report['intents']} intents, "
        f"{report['approved']} approved, {report['refused']} refused\n"
        f"orders     {report['orders']} orders, {report['fills']} fills, "
        f"{report['round_trips']} round trips, {report['wins']} won\n"
        f"money      net {report['net_pnl']} dollars after {Decimal(report['fees']):.2f} of fees, "
        f"balance {report['balance'] or 'not told'}\n"
        f"account    position {report['position']}, open orders {report['open_orders']}\n"
        f"log        {wal['records']} records in {wal['segments']} segments, {verified}\n"
        f"latency    {timed}\n"
        f"reasons    {reasons}"
    )
