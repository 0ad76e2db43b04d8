"""Each stage's own time: in a live session (`live`), and alone, again and again.

The difference is what caches are worth: a live stage finds them filled by all the others.
"""

import tempfile
import time
from pathlib import Path

import uvloop

from core.clock import SECOND
from daemon import wiring
from storage import model as models
from tests import build
from tests.bench.bench_wal import percentiles
from tests.bench.rig import START, Rig
from tests.bench.spin import ROUNDS, often, spin

TRIPS = 50
WATCHED = (
    ("market", "Quote"), ("features", "Bar"), ("inference", "Features"),
    ("signals", "Prediction"), ("risk", "Intent"), ("executor", "Approved"),
)  # fmt: skip


def alone() -> dict[str, tuple[float, float]]:
    thinker = models.load(Path(build.CONFIG.model.path), wiring.FINGERPRINT, time.time_ns())
    stages = wiring.thinking(build.SETTINGS, thinker)
    bars = [build.bar(at=START + number * SECOND) for number in range(ROUNDS + 1)]
    features = often(stages["features"].on, bars.__getitem__)
    (asked,) = stages["features"].on(bars[-1])
    return {
        "features": features,
        "inference": often(stages["inference"].on, lambda _: asked),
        "predict": often(thinker.predict, lambda _: asked.values),
        "spin": often(spin),
    }


async def live(directory: Path) -> dict[str, tuple[float, float]]:
    rig = Rig(directory, every_stage=True)
    await rig.begin()
    rig.spent.clear()
    for number in range(TRIPS):
        await rig.trip(1 if number % 2 else -1, 0.0)
    await rig.end()
    return {f"{name}_live": percentiles(rig.spent[name, kind]) for name, kind in WATCHED}


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        found = {**alone(), **uvloop.run(live(Path(directory)))}
    return {
        f"{name}_p{share}_us": value
        for name, pair in found.items()
        for share, value in zip((50, 99), pair, strict=True)
    }
