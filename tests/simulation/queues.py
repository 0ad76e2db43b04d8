"""X1: a queue fills. An inbox, while its actor is away because what rebuilds it takes too long; the
log's, while the disk is slow."""

import asyncio
from typing import Any

from tests.simulation.endings import ending
from tests.simulation.stories import RESTART_S, ended

ACTORS = ("market", "conditions", "signals", "risk", "executor", "recovery")
QUEUES = (*ACTORS * 6, *("log",) * 6)  # of seeds in a row, each as often as any other
WATCHDOG_S = 20.0  # systemd's, of a daemon whose actor does nothing


async def filled(world: Any, config: Any) -> None:
    """Full, it ends by itself; back in time, it goes on; else the watchdog ends it."""
    rng, name = world.rng, QUEUES[world.seed % len(QUEUES)]
    if name == "log":
        return await waiting(world, config)
    task, _ = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=rng.uniform(5, 15))
    away(name, rng.choice((0.2, 5, 15, 60)), depth=rng.choice((10, 30, 100)))
    await asyncio.wait([task], timeout=WATCHDOG_S)
    what = "went on"
    if task.done():
        what = "full" if "is full with" in str(task.exception()) else "ended"
        if (what, ended(task)) != ("full", 70):
            world.hurt("end", f"{name} away: {task.exception()!r}, exit code {ended(task)}")
    world.outcome.notes.append(f"{name} {what}")
    world.crash("daemon-0", rng.random() < 0.5)
    await asyncio.sleep(RESTART_S)
    await world.last(config)


async def waiting(world: Any, config: Any) -> None:
    """Full, the log has failed: no entries, flat, and exit code 74."""
    from storage import wal

    whole, crash = wal.QUEUE_MAX, world.crash

    def mended(name: str, power: bool) -> None:
        wal.QUEUE_MAX = whole
        crash(name, power)

    world.crash = mended
    world.machine.disk.slow, wal.QUEUE_MAX = 0.5, world.rng.choice((10, 20, 30))
    await ending(world, config, 0)
    failed = [log.failed for log in world.eye.logs.values() if log.failed]
    world.outcome.notes += ["log full" for error in failed if "records wait" in str(error)]


def away(name: str, seconds: float, depth: int) -> None:
    """Time, or the market, breaks the stage of that name; it is built anew after so many seconds.

    depth: messages that its inbox then takes, fewer than a config may say."""
    from core.messages import Bar, Pulse, Quote, Trade
    from daemon.supervisor import Supervisor
    from daemon.turns import Turns

    step, rebuild = Turns.step, Supervisor.rebuild

    def broken(message: Any) -> list[Any]:
        raise RuntimeError("broken for a test")

    def breaking(turns: Any, actor: Any) -> None:
        light = isinstance(actor.inbox.items[0].message, (Bar, Pulse, Quote, Trade))
        if actor.name == name and light:  # who misses an order may have to halt
            Turns.step = step
            actor.stage.on, actor.inbox.depth = broken, depth
        step(turns, actor)

    async def slow(supervisor: Any, who: str, seq: int) -> Any:
        await asyncio.sleep(seconds if who == name else 0)
        return await rebuild(supervisor, who, seq)

    Turns.step, Supervisor.rebuild = breaking, slow
