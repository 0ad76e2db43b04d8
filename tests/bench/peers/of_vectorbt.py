"""The averages' cross in vectorbt: `python of_vectorbt.py BARS.npz`, prints what it made as JSON.

It runs by itself, in an interpreter that has vectorbt; the rules are those of bench_peers.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import vectorbt as vbt

NUDGE = 1e-6  # levels are shares of the entry: by so much they round to the near side of the tick


def trade(bars, stop, target):
    close = pd.Series(bars["close"])
    fast = vbt.MA.run(close, 9, ewm=True).ma
    slow = vbt.MA.run(close, 21, ewm=True).ma
    above, below = (fast > slow).to_numpy(), (fast < slow).to_numpy()
    long, short = above.copy(), below.copy()
    long[1:] &= ~above[:-1]
    short[1:] &= ~below[:-1]
    long[:21] = short[:21] = False
    made = vbt.Portfolio.from_signals(
        close, entries=long, short_entries=short, open=bars["open"], high=bars["high"],
        low=bars["low"], sl_stop=(stop - NUDGE) / bars["close"],
        tp_stop=(target - NUDGE) / bars["close"], size=1.0, init_cash=1e9, fees=0.0,
        upon_opposite_entry="ignore", freq="1s",
    )  # fmt: skip
    return made.trades.records


def main():
    bars = dict(np.load(sys.argv[1]))
    stop, target, tick = (float(bars.pop(name)) for name in ("stop", "target", "tick"))
    trade({name: column[:5000] for name, column in bars.items()}, stop, target)  # compiles
    began, cpu = time.perf_counter(), time.process_time()
    found = trade(bars, stop, target)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    over = found[found["status"] == 1]
    print(json.dumps({
        "seconds": took, "cpu_s": spent, "trades": len(over),
        "ticks": float(over["pnl"].sum() / tick), "entries": over["entry_idx"].tolist(),
        "version": vbt.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
