"""Stories of how a session ends: told to stop, without a venue, without a disk."""

import asyncio
from typing import Any

from tests.simulation.disk import Trouble
from tests.simulation.stories import (
    RESTART_S,
    crashing,
    deadly,
    ended,
    moment,
    seldom,
    stop,
    storming,
    unreached,
)

LIMIT_S, PATIENCE_S = 30.0, 300.0  # supervisor.stop_timeout_s of the rig; at most
NOT_FLAT, LOG_FAILED = 73, 74  # exit codes
BACK_S = 10.0  # from the venue's return to a flat account


async def stopped(world: Any, config: Any) -> None:
    """The word comes at any moment, also in start and recovery, also twice, also in a storm."""
    rng, eye, loop = world.rng, world.eye, world.machine.loop
    if rng.random() < 0.3:
        await crashing(world, "daemon-0", config, ("order",))
        await asyncio.sleep(RESTART_S)
    with storming(world):
        task, stopping = world.start("daemon-9", config)
        await asyncio.wait([task], timeout=rng.choice((0.1, 1, 8)) * rng.random())
        await moment(world, rng.choice((0, 20)))
        eye.stopped_at = loop.time()
        for _ in range(rng.choice((1, 2))):
            stopping.say("signal SIGTERM", "operator")
            await asyncio.sleep(0.3 * rng.random())
        await asyncio.wait([task], timeout=rng.choice((0, 5, 20)))
    world.calm()
    calm_at = loop.time()
    await asyncio.wait([task], timeout=PATIENCE_S)
    if task.done() and unreached(task):
        world.outcome.notes.append("no venue at its start")
        world.machine.crash("daemon-9", power=False)
        eye.stopped_at = 0.0
        await world.last(config, 6)
        return
    await world.flat(task)
    if loop.time() - calm_at > LIMIT_S:
        world.hurt("end", f"flat {loop.time() - calm_at:.1f} s after the last fault")


async def down_at_stop(world: Any, config: Any) -> None:
    """No venue for longer than the limit: it says so and leaves what protects the account."""
    rng, eye = world.rng, world.eye
    task, stopping = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=4)
    await moment(world, 20)
    words = [lambda: stopping.say("signal SIGTERM", "operator"),
             lambda: world.venue("down", seconds=LIMIT_S + rng.uniform(10, 300))]  # fmt: skip
    for word in rng.sample(words, 2):
        word()
        await asyncio.sleep(rng.choice((0, 0.1)) * rng.random())
    held = eye.held
    await asyncio.wait([task], timeout=LIMIT_S + 20)
    world.outcome.notes.append(f"held {abs(held)}, left {abs(eye.held)}")
    if not task.done() or ended(task) not in (NOT_FLAT, 0 if not held else NOT_FLAT):
        world.hurt("end", f"exit code {ended(task) if task.done() else None}")
    if ended(task) == NOT_FLAT and last_reason(world) != "SYS_NOT_FLAT":
        world.hurt("end", f"the log ends with {last_reason(world)}")
    eye.exposed()
    if eye.bare_at:
        world.hurt("naked", "left without its stop")
    world.crash("daemon-0", rng.random() < 0.5)
    while eye.down_until() > world.machine.loop.time():
        await asyncio.sleep(1)
    eye.still_bare()
    await asyncio.sleep(RESTART_S)
    await world.last(config, 6)


def last_reason(world: Any) -> str:
    from storage.wal import read

    *_, line = read(world.folder / "wal")
    return str(line.reason)


async def outage(world: Any, config: Any) -> None:
    """The venue is gone while a flatten that a person asked for is under way."""
    seldom()
    rng, eye, loop = world.rng, world.eye, world.machine.loop
    task, stopping = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=4)
    await moment(world, 30)
    down_s = 30 * 40 ** rng.random()
    soon = loop.call_later(
        rng.choice((0, 0.05, 1)) * rng.random(), lambda: world.venue("down", seconds=down_s)
    )
    await asyncio.sleep(rng.choice((0, 0.05, 1)) * rng.random())
    held = eye.held
    await command(world, "flatten")
    await asyncio.sleep(max(0.0, soon.when() - loop.time()) + 0.01)
    await asyncio.sleep(max(0.0, eye.down_until() - loop.time()))
    world.outcome.notes.append(f"down {down_s:.0f} s, held {abs(held)}, then {abs(eye.held)}")
    await asyncio.sleep(BACK_S)
    if eye.held:
        world.hurt("end", f"holds {eye.held} still {BACK_S:g} s after the venue is back")
    await stop(world, task, stopping)


async def command(world: Any, name: str) -> None:
    """As `tradebot flatten` does: through the local API."""
    import json

    from aiohttp import ClientSession

    told = json.loads((world.folder / "state" / "api.json").read_bytes())
    url, token = f"http://127.0.0.1:{told['port']}/command", f"Bearer {told['token']}"
    body = {"name": name, "by": "ada", "why": "a test"}
    async with (
        ClientSession(headers={"Authorization": token}) as http,
        http.post(url, json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def bad_disk(world: Any, config: Any) -> None:
    """Errors at any call; then the disk is mended, and the next daemon has nothing to mend."""
    rng, disk = world.rng, world.machine.disk
    number = rng.choice(world.row.errors)
    if number == 4:  # EINTR is no error: it is asked again
        disk.interrupts = rng.choice((0.05, 0.5))
    else:
        disk.trouble = Trouble(number, disk.calls + rng.randrange(1, 200), rng.random() < 0.5)
    await ending(world, config, number)


async def slow_disk(world: Any, config: Any) -> None:
    """Some syncs take long: entries wait and expire, what reduces goes; the log may fail."""
    world.machine.disk.slow = world.rng.choice((0.02, 0.1, 0.5))
    await ending(world, config, 0)


async def ending(world: Any, config: Any, number: int) -> None:
    """Whatever the disk does: it ends flat or protected, and says by its code what was."""
    rng, disk, eye = world.rng, world.machine.disk, world.eye
    deadly(world, "daemon-0")
    task, stopping = world.start("daemon-0", config)
    await asyncio.wait([task], timeout=rng.uniform(8, 25))
    by_itself = task.done()
    stopping.say("end of test", "test")
    await asyncio.wait([task], timeout=60)
    code = ended(task) if task.done() else None
    failed = world.strangers = any(wal.failed for wal in eye.logs.values())
    world.outcome.notes.append(
        f"{errors(number)} at {'/'.join(disk.trouble.struck[:1]) or 'none'}: exit {code}"
    )
    if code not in (0, LOG_FAILED) or (by_itself and not code) or (failed and not code):
        why = task.exception() if task.done() else "it does not end"
        world.hurt("end", f"exit code {code} after {errors(number)}: {why}")
    if "second sync" in disk.trouble.struck:
        world.hurt("lost", "a file was synced again after it had failed")
    if code and eye.held and eye.bare_at:
        world.hurt("naked", f"left {eye.held} without a stop")
    world.crash("daemon-0", rng.random() < 0.5)
    disk.trouble, disk.slow, disk.interrupts = Trouble(), 0.0, 0.0
    await asyncio.sleep(RESTART_S)
    await world.last(config, 6)


def errors(number: int) -> str:
    import errno

    return errno.errorcode.get(number, "slow syncs")
