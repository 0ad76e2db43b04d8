"""A backtest over bars: features, model, every rule of risk, fills and ledger, years at a time.

`python -m tests.bench.bench_bars ROWS` for more than the million. Two accounts: the shipped one,
which its limits stop early, and one that no loss stops, so that it trades all the way.
"""

import resource
import sys
import time
from collections import Counter
from decimal import Decimal

import numpy as np
from msgspec.structs import replace

from core.clock import SECOND
from core.sessions import days
from daemon import wiring
from indicators.columns import features
from research import bar_run, targets
from tests import build
from tests.bench.spin import often, spin
from venues.fills import MODES

ROWS, STRETCH, TICK = 1_000_000, 1 << 15, 0.25
FIRST = "2019-01-02"


def market(rows, seed=1):
    """(n, 12) each: a walk by ticks over whole trade dates, a third of the seconds empty."""
    random, price, segment = np.random.default_rng(seed), 19_200, 0
    for day in (day for day in days() if day.date >= FIRST):
        count = min((day.close - day.open) // SECOND, rows)
        if not count:
            return
        rows, segment = rows - count, segment + 1
        quiet = random.random(count) < 0.3
        quiet[0] = False
        step = random.integers(-1, 2, count) * (random.random(count) < 0.6) * ~quiet
        close = price + np.cumsum(step)
        opened = np.concatenate([[price], close[:-1]])
        price = int(np.clip(close[-1], 8_000, 40_000))
        wick = (random.random((2, count)) < 0.3) & ~quiet
        volume = np.where(quiet, 0, random.integers(1, 60, count)).astype(float)
        bought = np.floor(volume * random.random(count))
        high, low = np.maximum(opened, close) + wick[0], np.minimum(opened, close) - wick[1]
        bid = np.where(close >= opened, close - 1, close)
        ends = day.open // SECOND + 1 + np.arange(count)
        prices = [column * TICK for column in (opened, high, low, close)]
        table = np.column_stack([
            ends, np.full(count, segment), *prices, volume, bought, volume - bought, quiet,
            bid * TICK, (bid + 1) * TICK,
        ])  # fmt: skip
        for first in range(0, count, STRETCH):
            yield table[first : first + STRETCH]


def accounts():
    """Name -> configuration and settings."""
    rich = replace(build.CONFIG, gateway=replace(build.CONFIG.gateway, balance=Decimal(10**6)))
    rich = replace(rich, account=replace(rich.account, balance_start=Decimal(10**6)))
    never = Decimal(10**7)
    risk = replace(build.SETTINGS.risk, kill_loss_max=never, account_drawdown_max=never)
    return {
        "shipped": (build.CONFIG, build.SETTINGS),
        "trading": (rich, replace(build.SETTINGS, risk=risk)),
    }


def clocks():
    """The wall's, and that of this thread: what runs beside it is not in the second."""
    return time.perf_counter(), time.thread_time()


def backtest(name, rows):
    config, settings = accounts()[name]
    model = wiring.load_model(build.CONFIG, time.time_ns())
    thinking = wiring.thinking(settings, model)
    stages = bar_run.with_venue(config, settings, MODES["conservative"], thinking)
    seen, making = Counter(), [0.0, 0.0]

    def tables():
        made = market(rows)
        while True:
            before = clocks()
            table = next(made, None)
            making[:] = [m + a - b for m, a, b in zip(making, clocks(), before, strict=True)]
            if table is None:
                return
            yield table

    before = clocks()
    outcome = bar_run.skipping(
        config, settings, stages, tables(), lambda _, m: seen.update([type(m).__name__]),
        model.predict_many,
    )  # fmt: skip
    wall, spent = (a - b - m for a, b, m in zip(clocks(), before, making, strict=True))
    return {
        f"{name}_bars_per_s": rows / wall, f"{name}_stages_us_per_bar": spent / rows * 1e6,
        f"{name}_told": outcome.bars_told, f"{name}_round_trips": seen["TradeClosed"],
    }  # fmt: skip


def columns(rows=400_000):
    """Nanoseconds of a core for one row."""
    table = np.vstack(list(market(rows)))
    features(table[:1000], TICK)
    ends, close = table[:, 0].astype(np.int64) * SECOND, np.rint(table[:, 5] / TICK)
    targets.moves(ends[:9], close[:9], table[:9, 1], 30)
    began = time.process_time()
    features(table, TICK)
    middle = time.process_time()
    move = targets.moves(ends, close, table[:, 1], 30)
    targets.classes(move[~np.isnan(move)], 3.0)
    after = time.process_time()
    return {
        "features_ns": (middle - began) / rows * 1e9,
        "target_ns": (after - middle) / rows * 1e9,
    }


def run(rows=ROWS):
    found = {"spin_us": often(spin)[0], **columns()}
    for name in accounts():
        found |= backtest(name, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found | {"rows": rows, "peak_mb": peak, "spin_after_us": often(spin)[0]}


if __name__ == "__main__":
    for key, value in run(int(float(sys.argv[1]))).items():
        print(f"{key:<28} {value:>14,.2f}", flush=True)
