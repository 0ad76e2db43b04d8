"""The order path in a live session: from the closed bar to the order in the gateway's hands.

Entries come after a pause, as they do in life, with caches gone cold; `hot` is without the pause.
`tick`: one that closes no bar, from `Gateway.hear` until the market actor is done with it.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from tests.bench.bench_wal import percentiles
from tests.bench.rig import Rig

TRIPS, TICKS, BURST, PAUSE_S = 200, 20_000, 100, 0.005


async def entries(rig: Rig, pause_s: float) -> dict[str, float]:
    found = [await rig.trip(1 if number % 2 else -1, pause_s) for number in range(TRIPS)]
    name = "paced" if pause_s else "hot"
    told = {}
    for what, samples in zip(
        ("bar_to_order", "tick_to_order"), zip(*found, strict=True), strict=True
    ):
        p50, p99 = percentiles(list(samples))
        told |= {f"{what}_{name}_p50_us": p50, f"{what}_{name}_p99_us": p99}
    return told


async def ticks(rig: Rig) -> dict[str, float]:
    """Each alone, then `BURST` at once; all within one second of the market."""
    desk, alone, burst = rig.desk, [], []
    at = rig.clock.now
    for number in range(TICKS):
        event = desk.quote(at + number) if number % 2 else desk.trade(at + number)
        began = time.perf_counter_ns()
        desk.hear(event)
        await asyncio.sleep(0)
        alone.append((rig.market.done - began) / 1e3)
    for number in range(TICKS // BURST):
        events = [desk.quote(at + TICKS + number) for _ in range(BURST)]
        began = time.perf_counter_ns()
        for event in events:
            desk.hear(event)
        await asyncio.sleep(0)
        burst.append((rig.market.done - began) / 1e3 / BURST)
    told = {}
    for name, samples in (("alone", alone), ("burst", burst)):
        p50, p99 = percentiles(samples)
        told |= {f"tick_{name}_p50_us": p50, f"tick_{name}_p99_us": p99}
    return told


async def measure(directory: Path) -> dict[str, float]:
    rig = Rig(directory)
    await rig.begin()
    told = {**await entries(rig, PAUSE_S), **await entries(rig, 0.0), **await ticks(rig)}
    await rig.end()
    return told


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        return uvloop.run(measure(Path(directory)))
