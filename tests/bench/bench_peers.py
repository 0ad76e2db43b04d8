"""The averages' cross (9, 21; stop 8, target 12 ticks) here and in other programs: the same bars.

    PEERS_PYTHON=/path/to/python python -m tests.bench peers

names an interpreter that has vectorbt, nautilus_trader, or both; a peer that it lacks is left out,
and that is said. One rule for all, so that trades can be compared: at a bar's close a cross opens
one contract at that close, if none is held and none was closed in that bar; a touch of stop or
target closes it there; nothing else does, and nothing costs. The pump cannot do a million bars: it
gets the first of them, every message told, with settings under which risk refuses nothing; where
its orders are not the loop's, there are no figures. `compiled_days` is the loop with the hours of
each day, over another walk.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from numba import njit

from core.messages import PlaceOrder
from core.terms import Purpose
from daemon import wiring
from indicators.kernels import ema
from research import bar_run
from research.sketch import Sketch, unbound
from tests import build
from tests.bench.bench_bars import market
from tests.bench.spin import often, spin
from tests.indicators.bars import seconds
from venues.fills import MODES

ROWS, PUMPED, STILL, TICK, TIMES = 1_000_000, 20_000, 500, 0.25, 5
STOP, TARGET = 8, 12
AFTER = 1.000000001  # seconds: no entry at the close of the bar of an exit, any at the next
MILLION = Decimal(10**6)
PEERS = {"vectorbt": "of_vectorbt.py", "nautilus": "of_nautilus.py"}


def walk(rows, seed=7):
    """(n, 12): one segment from a Tuesday evening on. It stands still until all averages agree."""
    random = np.random.default_rng(seed)
    step = random.integers(-1, 2, rows) * (random.random(rows) < 0.6)
    step[:STILL] = 0
    close = 20_000 + np.cumsum(step)
    opened = np.concatenate([[20_000], close[:-1]])
    wick = random.random((2, rows)) < 0.3
    wick[:, :STILL] = False
    high, low = np.maximum(opened, close) + wick[0], np.minimum(opened, close) - wick[1]
    bid = np.where(close >= opened, close - 1, close)
    ends, one = seconds("2019-01-08T18:00:00") + 1.0 + np.arange(rows), np.ones(rows)
    prices = [column * TICK for column in (opened, high, low, close)]
    return np.column_stack(
        [ends, one, *prices, 9 * one, 5 * one, 4 * one, 0 * one, bid * TICK, (bid + 1) * TICK]
    )


class Always(Sketch):
    """The loop in a market that never closes, as the peers know it."""

    def clock(self, table):
        return np.zeros(len(table), np.int64), np.array([[0, 2**62, 2**62]], np.int64)


def settings():
    signals = replace(
        build.CONTROLLED.signals, strategy="ema_cross", ema_fast=9, ema_slow=21,
        stop_ticks=STOP, target_ticks=TARGET, cooldown_s=AFTER,
    )  # fmt: skip
    return unbound(replace(build.CONTROLLED, signals=signals))


@njit
def bare(high, low, close, stop, target):
    """What the arithmetic costs: two averages, one position, nothing kept but the sum."""
    fast = slow = total = close[0]
    side, held, entry, made, trades = 0, 0, 0.0, 0.0, 0
    for i in range(1, len(close)):
        total += close[i]
        fast, slow = ema(fast, total, i + 1, 9, close[i]), ema(slow, total, i + 1, 21, close[i])
        closed = False
        if held:
            against = entry - low[i] if held > 0 else high[i] - entry
            along = high[i] - entry if held > 0 else entry - low[i]
            closed = against >= stop or along >= target
            if closed:
                made, trades, held = made + (-stop if against >= stop else target), trades + 1, 0
        before, side = side, (1 if fast > slow else (-1 if fast < slow else 0))
        if i > 20 and side and side != before and not held and not closed:
            held, entry = side, close[i]
    return trades, made


def fastest(work):
    """The best of some times: wall seconds, CPU seconds, and what came of it."""
    runs = []
    for _ in range(TIMES):
        before = time.perf_counter(), time.thread_time()
        found = work()
        runs.append((time.perf_counter() - before[0], time.thread_time() - before[1]))
    return min(runs)[0], min(cpu for _, cpu in runs), found


def compiled(table, kind=Always):
    numbers = settings()
    return fastest(lambda: kind(numbers, MODES["optimistic"]).bars(table))


def pumped(table):
    """Seconds, and the entries that the pump ordered."""
    numbers = settings()
    config = replace(build.CONFIG, gateway=replace(build.CONFIG.gateway, balance=MILLION))
    config = replace(config, account=replace(config.account, balance_start=MILLION))
    stages = bar_run.with_venue(
        config, numbers, MODES["optimistic"], wiring.thinking(numbers, None)
    )
    orders = []

    def seen(_, message):
        if type(message) is PlaceOrder and message.purpose is Purpose.ENTRY:
            orders.append((message.at, message.side))

    before = time.perf_counter(), time.thread_time()
    bar_run.every(config, numbers, stages, [table], seen)
    return time.perf_counter() - before[0], time.thread_time() - before[1], orders


def peer(name, path):
    """What it prints; None if the interpreter does not have it."""
    python = os.environ.get("PEERS_PYTHON", sys.executable)
    script = Path(__file__).parent / "peers" / PEERS[name]
    done = subprocess.run([python, script, path], capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or "no word").splitlines()[-1]
        print(f"peers: {name} is not here: {why}; see PEERS_PYTHON", file=sys.stderr, flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def rates(name, rows, took, cpu, trades, ticks):
    return {
        f"{name}_bars_per_s": rows / took, f"{name}_bars_per_cpu_s": rows / cpu,
        f"{name}_trades": trades, f"{name}_ticks": ticks,
    }  # fmt: skip


def ticks_of(trades):
    return int((trades[:, 0] * (trades[:, 5] - trades[:, 3])).sum())


def ours(table):
    """The loop and the pump; where they differ, nothing."""
    wall, cpu, trades = compiled(table)
    found = rates("compiled", len(table), wall, cpu, len(trades), ticks_of(trades))
    took, spent, orders = pumped(table[:PUMPED])
    sketch = Always(settings(), MODES["optimistic"])
    same = np.vstack([sketch.bars(table[:PUMPED]), sketch.end()])
    if [(at, side) for side, at in same[:, :2].tolist()] != orders:
        raise SystemExit("peers: the pump's orders are not the loop's: there are no figures")
    return trades, found | {
        "pump_rows": PUMPED, "pump_orders": len(orders),
        "pump_bars_per_s": PUMPED / took, "pump_bars_per_cpu_s": PUMPED / spent,
    }  # fmt: skip


def theirs(table, trades, path):
    found, rows = {}, len(table)
    at = (trades[:, 1] // 10**9 - int(table[0, 0])).tolist()
    for name in PEERS:
        if (told := peer(name, path)) is None:
            continue
        found |= rates(name, rows, told["seconds"], told["cpu_s"], told["trades"], told["ticks"])
        found[f"{name}_entries_apart"] = len(set(at) ^ set(told["entries"]))
        print(f"peers: {name} {told['version']}", file=sys.stderr, flush=True)
    return found


def run(rows=ROWS):
    table, found = walk(rows), {"spin_us": often(spin)[0], "rows": rows}
    columns = np.ascontiguousarray(table[:, 3:6].T)
    compiled(table[:100])
    bare(*columns[:, :50], STOP * TICK, TARGET * TICK)
    wall, cpu, (count, made) = fastest(lambda: bare(*columns, STOP * TICK, TARGET * TICK))
    found |= rates("bare", rows, wall, cpu, count, made / TICK)
    trades, more = ours(table)
    found |= more
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "bars.npz"
        named = dict(
            zip(("end", "open", "high", "low", "close"), table[:, [0, 2, 3, 4, 5]].T, strict=True)
        )
        np.savez(path, stop=STOP * TICK, target=TARGET * TICK, tick=TICK, **named)
        found |= theirs(table, trades, path)
    days = np.vstack(list(market(rows)))
    wall, cpu, trades = compiled(days, Sketch)
    found |= rates("compiled_days", rows, wall, cpu, len(trades), ticks_of(trades))
    return found | {"spin_after_us": often(spin)[0]}
