"""What happens in a session, row by row. Each story gets a world and the daemon's config."""

import asyncio
from contextlib import contextmanager
from typing import Any

from tests.simulation.points import NAMES

SESSION_S = 150.0
LATE_S = 300.0  # no order comes later than that
KNOWN_S = 85.0  # from the answer that is missing, which has 5: whether an order was placed
AT_START = tuple(
    f"{when} {what}"
    for when in ("before", "after")
    for what in ("RunStarted", "FeedState", "AccountSnapshot", "Agreed", "fdatasync log",
                 "Auth/loginKey", "Order/v2/query")
)  # fmt: skip


def unreached(task: asyncio.Task[Any]) -> bool:
    """It found no venue at its start, said so and left: systemd would start it again."""
    text = str(task.exception())
    return text.startswith(("mode sim needs our simulator", "the venue cannot be reached"))


def ended(task: asyncio.Task[Any]) -> int:
    """The exit code of a daemon that has ended."""
    error = task.exception()
    return getattr(error, "code", 70) if error else task.result()[0]


async def crashes(world: Any, config: Any) -> None:
    """Up to three daemons that die, then one that does not."""
    storm = asyncio.ensure_future(world.storm())
    for number in range(world.rng.randrange(4)):
        await crashing(world, f"daemon-{number}", config)
        await asyncio.sleep(RESTART_S)
    storm.cancel()
    world.machine.net.calm()
    await world.last(config)


async def crashing(world: Any, name: str, config: Any, kinds: Any = None) -> None:
    """A daemon that does not live long."""
    machine, rng = world.machine, world.rng
    disk = machine.disk
    task, _ = world.start(name, config)
    power = rng.random() < 0.5
    struck = deadly(world, name)
    late = rng.uniform(0, SESSION_S / 3)
    match rng.choice(kinds or ("time", "disk", "order")):
        case "disk":
            disk.crash_at = disk.calls + rng.randrange(1, 400)
        case "order":
            late, machine.orders_left = SESSION_S, rng.randrange(1, 6)
            soon = rng.choice((0, 0.001, 0.01, 0.1, 1)) * rng.random()
            machine.ordered = lambda: machine.loop.call_later(
                soon, lambda: struck.done() or disk.struck()
            )
        case "soon":
            late = rng.uniform(0, 4)
        case "first calls":
            late, disk.crash_at = 20, disk.calls + rng.randrange(1, 60)
    await asyncio.wait([task, struck], timeout=late, return_when=asyncio.FIRST_COMPLETED)
    if task.done() and not struck.done() and not unreached(task):
        error = task.exception() or f"exit code {task.result()[0]}"
        world.hurt("end", f"{name} ended by itself: {error}")
    machine.orders_left = 0
    world.crash(name, power)


def deadly(world: Any, name: str) -> asyncio.Future[str]:
    """Done when the daemon of that name has died in the midst of something."""
    loop = world.machine.loop
    struck: asyncio.Future[str] = loop.create_future()
    world.machine.disk.struck = lambda: (loop.kill(name), struck.set_result("disk"))
    return struck


RESTART_S = 2.0


@contextmanager
def storming(world: Any):
    """Strikes, until the block ends."""
    storm = asyncio.ensure_future(world.storm()) if world.row.strikes else None
    try:
        yield
    finally:
        if storm is not None:
            storm.cancel()


async def trading(world: Any, config: Any, seconds: float) -> tuple[asyncio.Task[Any], Any]:
    """A daemon that trades so long; if it found no venue at its start, another."""
    until, number = world.machine.loop.time() + seconds, 0
    while True:
        name = f"daemon-{number}"
        task, stopping = world.start(name, config)
        await asyncio.wait([task], timeout=max(0.01, until - world.machine.loop.time()))
        if not task.done() or not unreached(task):
            return task, stopping
        world.machine.crash(name, power=False)
        number += 1
        await asyncio.sleep(RESTART_S)


async def stop(world: Any, task: asyncio.Task[Any], stopping: Any, trouble_s: float = 0) -> None:
    """Tell it to end while things still go wrong for a while; then all is well, and it must."""
    if task.done():
        world.hurt("end", f"ended by itself: {task.exception() or task.result()[0]}")
        return
    stopping.say("end of test", "test")
    await asyncio.wait([task], timeout=trouble_s)
    world.calm()
    await world.flat(task)


async def session(world: Any, config: Any) -> None:
    """One daemon, and nothing dies."""
    with storming(world):
        task, stopping = await trading(world, config, world.rng.uniform(*world.row.live_s))
    await stop(world, task, stopping, world.rng.choice((0, 3, 10, 20)))


async def overdue(world: Any, config: Any) -> None:
    """Orders that come minutes late, or never; it is told to stop when none can be on its way."""
    seldom()
    eye = world.eye
    eye.known_s = KNOWN_S
    task, stopping = await trading(world, config, world.rng.uniform(*world.row.live_s))
    world.calm()
    await asyncio.wait([task], timeout=LATE_S)
    await stop(world, task, stopping)
    if eye.doubts:
        world.hurt("end", f"never known whether placed: {sorted(eye.doubts)}")
    world.outcome.notes += ["never came, proven absent"] * len(eye.absent - eye.arrived)


def seldom() -> None:
    """Fifty looks a second for a kill file would take half of what minutes of trading cost."""
    from daemon import watches

    watches.KILL_S = 0.5


async def expiry(world: Any, config: Any) -> None:
    """The token dies now and then, and again while it is flattening."""
    with storming(world):
        task, stopping = await trading(world, config, world.rng.uniform(*world.row.live_s))
    world.machine.loop.call_later(world.rng.uniform(0, 1), world.strike, "expire")
    await stop(world, task, stopping, world.rng.uniform(1, 10))


async def point(world: Any, config: Any) -> None:
    """Dead before or after one deed, for the nth time; a stop brings on those of the end."""
    name, rng = NAMES[world.seed % len(NAMES)], world.rng
    power, struck = rng.random() < 0.5, deadly(world, "daemon-0")
    world.machine.points.arm(name, rng.choice((1, 1, 1, 2, 3)))
    task, stopping = world.start("daemon-0", config)
    both = {"fs": [task, struck], "return_when": asyncio.FIRST_COMPLETED}
    await asyncio.wait(**both, timeout=rng.uniform(8, 16))
    stopping.say("end of test", "test")
    await asyncio.wait(**both, timeout=60)
    world.outcome.notes.append(f"{name}{'' if struck.done() else ': not reached'}")
    if not struck.done() and ended(task):
        world.hurt("end", f"exit code {ended(task)}")
    world.crash("daemon-0", power)
    await asyncio.sleep(RESTART_S)
    await world.last(config, 6)


async def deep(world: Any, config: Any) -> None:
    """Dead on an order, then dead again while it recovers, up to five times."""
    with storming(world):
        await crashing(world, "daemon-0", config, ("order",))
        for number in range(1, 1 + world.rng.randrange(1, 6)):
            await asyncio.sleep(RESTART_S)
            await crashing(world, f"daemon-{number}", config, ("soon", "first calls"))
    world.calm()
    await asyncio.sleep(RESTART_S)
    await world.last(config, 6)


async def every_start(world: Any, config: Any) -> None:
    """Dead on an order, then at each start at the same point, until systemd lets it be."""
    rng, eye = world.rng, world.eye
    await crashing(world, "daemon-0", config, ("order",))
    entries, others, name = eye.sent, len(eye.asked) + eye.closes, rng.choice(AT_START)
    for number in range(1, 5):
        await asyncio.sleep(RESTART_S)
        struck = deadly(world, f"daemon-{number}")
        world.machine.points.arm(name, 1)
        task, _ = world.start(f"daemon-{number}", config)
        await asyncio.wait([task, struck], timeout=20, return_when=asyncio.FIRST_COMPLETED)
        world.outcome.notes.append(name if struck.done() else f"{name}: not reached")
        world.crash(f"daemon-{number}", rng.random() < 0.5)
    entries, others = eye.sent - entries, len(eye.asked) + eye.closes - others
    if entries > 1 or others - entries > 2:
        world.hurt("dup", f"{entries} entries and {others - entries} exits of dying starts")
    world.machine.points.arm("", 0)
    await asyncio.sleep(60)
    eye.still_bare()
    await world.last(config, 6)


async def moment(world: Any, most_s: float) -> None:
    """Some time, or until a position is held."""
    until = world.machine.loop.time() + most_s
    held = world.rng.random() < 0.7
    while world.machine.loop.time() < until and not (held and world.eye.held):
        await asyncio.sleep(0.05)
    await asyncio.sleep(world.rng.choice((0, 0.1, 2)) * world.rng.random())


async def pause(world: Any, config: Any) -> None:
    """SIGSTOP for a minute; awake again, it enters nothing before it has asked the venue."""
    loop, eye = world.machine.loop, world.eye
    task, stopping = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=world.rng.uniform(1, 6))
    await moment(world, 20)
    loop.freeze("daemon-0")
    await asyncio.sleep(world.rng.uniform(40, 100))
    eye.wake()
    loop.thaw("daemon-0")
    await asyncio.wait([task], timeout=20)
    await stop(world, task, stopping)


async def stalls(world: Any, config: Any) -> None:
    """Its loop stands still now and then: told when it goes on; no entry until it is on time."""
    loop, rng = world.machine.loop, world.rng
    task, stopping = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=rng.uniform(3, 6))
    for _ in range(rng.randrange(3, 7)):
        still_s = rng.choice((0.2, 0.5, 1.2, 3.0))
        loop.freeze("daemon-0")
        await asyncio.sleep(still_s)
        loop.thaw("daemon-0")
        await asyncio.wait([task], timeout=0.3)
        if still_s > config.supervisor.lag_max_s and not world.eye.late:
            world.hurt("mute", f"nothing said of {still_s} s without a turn")
        await asyncio.wait([task], timeout=rng.uniform(1, 8))
    await stop(world, task, stopping)
