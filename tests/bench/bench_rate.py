"""Does the daemon keep up with 2,000 market events a second on one core? Dense tape, speed 1.

Each quote moves, for the gateway sends only what changed. `trades_kept`: share of the tape's trades
that stand in the bars of the log.

`answer_ms`: what an outside caller waits for the daemon's status: its loop's lag and a page of
JSON. `stale`: events that reached the feed over a second late.
"""

import tempfile
from pathlib import Path

import numpy as np

from storage.segments import read
from storage.tape import COLUMNS, QUOTE, TRADE, Tape, write
from tests.bench.bench_wal import percentiles
from tests.bench.live import play

PER_S, SECONDS = 2_500, 45
START = 1_795_395_600 * 10**9  # 2026-11-23T01:00:00Z, a Monday, in session


def dense() -> Tape:
    """To and fro on the tick grid: four quotes to each trade, evenly spaced."""
    count, rng = PER_S * SECONDS, np.random.default_rng(1)
    kind = np.where(np.arange(count) % 5 == 4, TRADE, QUOTE)
    bid = 20_000 + np.cumsum(kind == QUOTE) % 2
    side = rng.choice((-1, 1), count)
    columns = {
        "at": START + np.arange(count) * (10**9 // PER_S) // 100 * 100, "kind": kind,
        "price": np.where(side > 0, bid + 1, bid), "size": rng.integers(1, 9, count),
        "side": side, "bid": bid, "ask": bid + 1, "bid_size": rng.integers(1, 99, count),
        "ask_size": rng.integers(1, 99, count),
    }  # fmt: skip
    about = {"symbol": "MES", "tick": 0.25, "source": "bench", "quotes": "derived"}
    return Tape(
        {**about, "licence": "none", "trade_date": "2026-11-23"},
        {name: columns[name].astype(kind.to_pandas_dtype()) for name, kind in COLUMNS.items()},
    )


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        directory = Path(name)
        write(directory / "dense.parquet", dense())
        report, samples, _ = play(directory, directory / "dense.parquet", 1.0)
        trades = sum(line.message.trades for line in read(directory / "wal") if line.kind == "Bar")
    first, last = samples[2], samples[-3]
    seconds = last.wall - first.wall
    p50, p99 = percentiles([sample.asked_ms for sample in samples[2:-2]])
    order = report["latency_us"]["bar_to_order"]["p50"]
    return {
        "events_per_s": float(PER_S), "seconds": seconds,
        "bars_per_s": (last.bars - first.bars) / seconds,
        "cpu_of_one_core": (last.cpu - first.cpu) / seconds,
        "inbox_depth_max": max(sample.waiting for sample in samples),
        "trades_kept": trades / (PER_S * SECONDS / 5),
        "conflated": last.conflated,
        "stale": float(report["reasons"].get("DATA_STALE", 0)),
        "answer_p50_ms": p50, "answer_p99_ms": p99,
        "bar_to_order_p50_us": order or 0.0,
    }  # fmt: skip
