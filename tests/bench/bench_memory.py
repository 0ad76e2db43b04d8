"""Is memory flat over a session? A day of gold through the real daemon, its RSS each second.

The slope is taken after a quarter of the tape, when caches and buffers have their size.
"""

import tempfile
from pathlib import Path

from tests.bench.live import ROOT, play, slope

TAPE, SPEED = ROOT / "data/gc_20131008.parquet", 720.0


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        played = play(Path(name), TAPE, SPEED, 1.0, TRADEBOT_INSTRUMENT_SYMBOL="MGC")
    samples = [sample for sample in played.samples if sample.rss]
    warm = samples[len(samples) // 4 :]
    hours = slope([(sample.wall * SPEED / 3600, sample.rss) for sample in warm])
    return {
        "tape_hours": played.wall * SPEED / 3600,
        "records": float(played.report["wal"]["records"]),
        "round_trips": float(played.report["round_trips"]),
        "rss_first_mib": samples[0].rss, "rss_warm_mib": warm[0].rss,
        "rss_last_mib": warm[-1].rss, "rss_max_mib": max(sample.rss for sample in samples),
        "slope_mib_per_tape_hour": hours,
        "slope_mib_per_wall_minute": hours * SPEED / 60,
        "cpu_of_one_core": (warm[-1].cpu - warm[0].cpu) / (warm[-1].wall - warm[0].wall),
        "inbox_depth_max": max(sample.waiting for sample in samples),
    }  # fmt: skip
