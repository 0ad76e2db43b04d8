"""R1C: stop and target of our own, and daemons that die.

While none lives nobody can give a position its stop: it counts as bare from the next one's first
look at the venue.
"""

import asyncio
from math import inf
from typing import Any

from tests.simulation.stories import crashes


async def alone(world: Any, config: Any) -> None:
    eye, start, looked = world.eye, world.start, [0.0]
    down_until, logged = eye.down_until, eye.logged

    def starting(name: str, config: Any) -> tuple[asyncio.Task[Any], Any]:
        looked[0] = inf
        return start(name, config)

    def hearing(wal: Any, record: Any) -> None:
        if type(record.message).__name__ == "AccountSnapshot":
            looked[0] = min(looked[0], world.machine.loop.time())
        logged(wal, record)

    world.start, eye.logged = starting, hearing
    eye.down_until = lambda: max(looked[0], down_until())
    await crashes(world, config)
