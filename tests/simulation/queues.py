"""X1: an inbox fills while its actor is away, because what rebuilds it takes too long."""

import asyncio
from typing import Any

from tests.simulation.stories import RESTART_S, ended

ACTORS = ("market", "conditions", "signals", "risk", "executor", "recovery")
WATCHDOG_S = 20.0  # systemd's, of a daemon whose actor does nothing


async def filled(world: Any, config: Any) -> None:
    """Full, it ends by itself; back in time, it goes on; else the watchdog ends it."""
    rng, name = world.rng, ACTORS[world.seed % len(ACTORS)]
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
