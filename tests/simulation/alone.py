"""R1C: stop and target of our own, and daemons that die.

While none lives nobody can give a position its stop: it counts as bare from the next one's start,
which reads the log and asks the venue first.
"""

import asyncio
from typing import Any

from tests.simulation.stories import crashes

READY_S = 2.0  # to have read the log, looked twice; a stop then has 2 s


async def alone(world: Any, config: Any) -> None:
    eye, start, begun = world.eye, world.start, [0.0]
    down_until = eye.down_until

    def starting(name: str, config: Any) -> tuple[asyncio.Task[Any], Any]:
        begun.append(world.machine.loop.time())
        return start(name, config)

    world.start = starting
    eye.down_until = lambda: max(begun[-1] + READY_S, down_until())
    await crashes(world, config)
