"""Loading, filtering, completing and making months of seconds; each in a process of its own.

`ROWS` rows of synthetic seconds, by default 33.2 million. `load_over_polars`: to bare
`polars.read_parquet` of the same file, in CPU time, the smallest of three each. Times of the clock
stand beside.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS, ROUNDS = int(os.environ.get("ROWS", 33_200_000)), 3
SPEAK = """
import json, resource, sys, time
from pathlib import Path
def done(begun, **more):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"cpu_s": time.process_time() - begun[0], "s": time.time() - begun[1],
                      "peak_gib": peak, **more}))
def begin(): return time.process_time(), time.time()
path = Path(sys.argv[1])
"""
POLARS = """
import polars
begun = begin(); frame = polars.read_parquet(path); done(begun, rows=frame.height)
"""
LOAD = """
from research import bars, history, hours
hours.edges("rth")
begun = begin(); frame = history.load([path]).frame; done(begun, rows=frame.height)
begun = begin(); rth = bars.within(frame, "rth"); done(begun, rows=rth.height)
import polars as pl
begun = begin()
plain = frame.filter(pl.Series(hours.inside(frame["start"].to_numpy(), "rth")))
done(begun, rows=plain.height)
"""
GRID = """
from research import bars, grid, series
rows = 0
for part in bars.chunks(series.scan(path).head(1000)): grid.grid(part, 300)
begun = begin()
for part in bars.chunks(series.scan(path)): rows += len(grid.grid(part, 300))
done(begun, rows=rows)
begun, rows = begin(), 0
for part in bars.chunks(series.scan(path)): rows += grid.resample(part, 60).height
done(begun, rows=rows)
"""
# All that a model may learn from, one row a second: loaded, filtered, completed, measured, labelled
# and split by the calendar in 70, 15 and 15 parts of 100.
PIPELINE = """
import numpy as np
from core.config import load
from indicators.schema import NAMES
from indicators.state import fresh
from research import bars, lessons, series, targets
from research.train import Plan
known = lessons.Walk(load(Path("config.toml"), {}), Plan(), None, None, path, "", "", 1)
first = bars.within(series.scan(path).head(100_000).collect(), "rth")
lessons.rows_of(lessons.seen(first, known), known)
begun, state, x, label = begin(), fresh(), [], []
for days in bars.chunks(series.scan(path)):
    seen = lessons.seen(bars.within(days, "rth"), known)
    for part, made in seen.features(state):
        use = made.ready & ~np.isnan(seen.move[part])
        x.append(made.values[use].astype(np.float32))
        label.append(targets.classes(seen.move[part][use], 3.0).astype(np.int8))
cuts = np.cumsum([len(part) for part in x])
split = np.searchsorted(cuts, cuts[-1] * np.array([0.7, 0.85]))
sets = [list(zip(x[a:b], label[a:b])) for a, b in zip((0, *split), (*split, len(x)))]
assert all(sets)
done(begun, rows=int(cuts[-1]))
"""
SYNTH = """
from datetime import date
from research import synth
synth.write(path, 1000, 1, date(2022, 1, 3))
begun = begin(); done(begun, rows=synth.write(path, int(sys.argv[2]), 1, date(2022, 1, 3)))
"""


def told(code: str, *given: object) -> list[dict[str, float]]:
    words = [sys.executable, "-c", SPEAK + code, *map(str, given)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path.cwd())
    return [json.loads(line) for line in ran.stdout.splitlines()]


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        path = Path(name) / "mes.parquet"
        [made] = told(SYNTH, path, ROWS)
        bare = [told(POLARS, path)[0] for _ in range(ROUNDS)]
        ours = [told(LOAD, path) for _ in range(ROUNDS)]
        completed, minutes = told(GRID, path)
        [learned] = told(PIPELINE, path)
    load, rth, plain = (
        {key: min(row[key] for row in rows) for key in rows[0]} for rows in zip(*ours, strict=True)
    )
    alone = {key: min(row[key] for row in bare) for key in bare[0]}
    assert alone["rows"] == load["rows"] == ROWS and rth["rows"] == plain["rows"]
    return {
        "rows": float(ROWS), "synth_s": made["s"], "synth_cpu_s": made["cpu_s"],
        "synth_peak_gib": made["peak_gib"], "polars_s": alone["s"], "polars_cpu_s": alone["cpu_s"],
        "load_s": load["s"], "load_cpu_s": load["cpu_s"],
        "load_over_polars": load["cpu_s"] / alone["cpu_s"], "load_peak_gib": load["peak_gib"],
        "rth_rows": rth["rows"], "rth_s": rth["s"], "rth_by_mask_s": plain["s"],
        "rth_peak_gib": rth["peak_gib"], "grid_rows": completed["rows"], "grid_s": completed["s"],
        "grid_cpu_s": completed["cpu_s"], "grid_peak_gib": completed["peak_gib"],
        "minutes": minutes["rows"], "minutes_s": minutes["s"], "minutes_cpu_s": minutes["cpu_s"],
        "pipeline_rows": learned["rows"], "pipeline_s": learned["s"],
        "pipeline_cpu_s": learned["cpu_s"], "pipeline_peak_gib": learned["peak_gib"],
    }  # fmt: skip
