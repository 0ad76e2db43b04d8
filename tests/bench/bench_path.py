"""The order path in a live session: from the closed bar to the order in the gateway's hands.

`paced`: entries come after a pause, as in life, with caches gone cold; `busy`: so too, while the
market tells `EVENTS` a second; `hot`: without the pause; `late`: so too, after `TRIPS` more round
trips. `tick`: an event that closes no bar, from `Gateway.hear` until the market actor is done with
it, alone and `BURST` at once.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop

from tests.bench.bench_wal import percentiles
from tests.bench.rig import Rig
from tests.bench.spin import often, spin

TRIPS, TICKS, BURST, PAUSE_S = 100, 20_000, 100, 0.005
EVENTS = 800  # a second; the busiest minute in data/ has 29


async def entries(rig: Rig, name: str, pause_s: float = 0.0) -> dict[str, float]:
    found = [await rig.trip(1 if number % 2 else -1, pause_s) for number in range(TRIPS)]
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


async def lively(rig: Rig) -> None:
    """Quotes and trades at the price that is, as many as are due whenever the loop has time."""
    clock, due, then = rig.clock, 0.0, time.perf_counter()
    while True:
        await asyncio.sleep(0.001)
        due, then = due + (time.perf_counter() - then) * EVENTS, time.perf_counter()
        while due > 1:
            due, clock.now = due - 1, clock.now + 1_000
            make = rig.desk.quote if int(due) % 2 else rig.desk.trade
            rig.desk.hear(make(clock.now))


async def paced(directory: Path) -> dict[str, float]:
    rig = Rig(directory)
    await rig.begin()
    told = await entries(rig, "paced", PAUSE_S)
    market = asyncio.create_task(lively(rig))
    told |= await entries(rig, "busy", PAUSE_S)
    market.cancel()
    await rig.end()
    return told


async def hot(directory: Path) -> dict[str, float]:
    rig = Rig(directory)
    await rig.begin()
    told = await entries(rig, "hot")
    for number in range(TRIPS):
        await rig.trip(1 if number % 2 else -1, 0.0)
    told |= {**await entries(rig, "late"), **await ticks(rig)}
    await rig.end()
    return told


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        return {
            "spin_before_us": often(spin)[0],
            **uvloop.run(paced(Path(directory) / "paced")),
            **uvloop.run(hot(Path(directory) / "hot")),
            "spin_after_us": often(spin)[0],
        }
