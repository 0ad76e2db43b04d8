"""Rows beside those of the plan: what a safeguard of the log or the wires needs to meet.

A theme's story may do something of its own between two daemons or beside them, and name harm that
neither eye.py nor the audit does.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.clock import SECOND
from core.messages import Bar, ClosePosition, Command, ModifyOrder, PlaceOrder
from core.terms import Purpose
from storage.wal import read
from tests.campaign.audit import Truth
from tests.campaign.trial import WEATHERS
from tests.simulation import stories
from tests.simulation.loop import PROCESS, WALL
from tests.simulation.rows import ROWS, Row
from tests.simulation.weather import CHANGES, at_times, between

EXIT_S = 3.0  # from the decision to leave to the gateway
DEAF_S, IDLE_S = 10.0, 20.0
WAYS = {ClosePosition: "Position/closeContract", ModifyOrder: "Order/modify"}
Story = Callable[[Any, Any], Any]
Deed = Callable[[Any, Any], Any]


@contextmanager
def beside(deed: Any):
    task = asyncio.ensure_future(deed)
    try:
        yield
    finally:
        task.cancel()


def dying(between: Callable[[Any], None] = lambda world: None) -> Story:
    """Three daemons that die, then one that does not."""

    async def story(world: Any, config: Any) -> None:
        for number in range(3):
            await stories.crashing(world, f"daemon-{number}", config)
            between(world)
            await asyncio.sleep(stories.RESTART_S)
        await world.last(config)

    return story


def living(deed: Deed, judge: Callable[[Any], None] = lambda world: None) -> Story:
    """One daemon, and something happens beside it."""

    async def story(world: Any, config: Any) -> None:
        with beside(deed(world, config)):
            await world.last(config)
        judge(world)

    return story


def surviving(deed: Deed, judge: Callable[[Any], None] = lambda world: None) -> Story:
    """As the row C1, and something happens beside it."""

    async def story(world: Any, config: Any) -> None:
        with beside(deed(world, config)):
            await stories.crashes(world, config)
        judge(world)

    return story


async def nothing(world: Any, config: Any) -> None:
    pass


def once(strike: str) -> Deed:
    async def deed(world: Any, config: Any) -> None:
        await asyncio.sleep(world.rng.uniform(3, 15))
        world.strike(strike)

    return deed


def heard(world: Any) -> None:
    """Whether the market was heard to the end."""
    messages = [line.record.message for line in read(Path("wal"))]
    end = next(m.at for m in messages if isinstance(m, Command))
    last = max(m.at for m in messages if isinstance(m, Bar) and not m.filled)
    if end - last > DEAF_S * SECOND:
        world.hurt("end", f"deaf for {(end - last) / SECOND:.0f} s")


def busy(world: Any) -> None:
    """Whether it traded to the end: it wishes to every few seconds."""
    at = [line["at"] for line in Truth(Path("ledger.jsonl")).rows("fill")]
    messages = (line.record.message for line in read(Path("wal")))
    end = next(m.at for m in messages if isinstance(m, Command))
    last = max((each for each in at if each < end), default=0)
    if end - last > IDLE_S * SECOND:
        world.hurt("end", "it trades no more")


async def another(world: Any, config: Any) -> None:
    """Somebody starts a second daemon while the first one lives."""
    while True:
        await asyncio.sleep(world.rng.uniform(5, 15))
        if not world.machine.locks:
            continue
        second, _ = world.start("second", config)
        await asyncio.wait([second], timeout=20)
        if not second.done():
            world.machine.loop.kill("second")
            world.machine.net.bury("second", PROCESS)
            return


async def kill_file(world: Any, config: Any) -> None:
    await asyncio.sleep(world.rng.uniform(10, 40))
    world.killed_ns = WALL + world.machine.loop.clock.ns + SECOND
    Path("state").mkdir(exist_ok=True)
    Path("state/KILL").write_text("by a person\n")


def killed(world: Any) -> None:
    orders = (line.record.message for line in read(Path("wal")))
    tags = {
        order.tag for order in orders
        if isinstance(order, PlaceOrder) and order.purpose is Purpose.ENTRY
    }  # fmt: skip
    for line in Truth(Path("ledger.jsonl")).rows("request"):
        tag = (line["body"] or {}).get("customTag")
        if line["endpoint"] == "Order/place" and tag in tags and line["wall"] > world.killed_ns:
            world.hurt("breach", f"entry {tag} after the kill file")


def prompt(world: Any) -> None:
    """Exits that came to the gateway long after they were decided, and requests in excess."""
    truth = Truth(Path("ledger.jsonl"))
    for line in read(Path("wal")):
        message = line.record.message
        if (way := WAYS.get(type(message))) is None:
            continue
        sent = [row["at"] for row in truth.rows("request") if row["endpoint"] == way]
        late = min((at - message.at for at in sent if at >= message.at), default=0) / SECOND
        if late > EXIT_S:
            world.hurt("late", f"seq {line.seq} {line.kind} was sent {late:.1f} s late")
    if refused := sum(line["status"] == 429 for line in truth.rows("reply")):
        world.hurt("flood", f"{refused} requests were too many")


def rot(world: Any) -> None:
    """Digits of the newest snapshot change on the disk."""
    found = sorted(Path("wal").glob("snap-*.json"))
    if not found:
        return
    raw, rng = bytearray(found[-1].read_bytes()), random.Random(world.seed)
    start, end = raw.index(b'"state"'), raw.rindex(b'"state_sha256"')
    digits = [n for n in range(start, end) if chr(raw[n]).isdigit()]
    for n in rng.sample(digits, min(30, len(digits))):
        raw[n] = ord(rng.choice("123456789"))
    found[-1].write_bytes(raw)


async def slow_disk(world: Any, config: Any) -> None:
    world.machine.disk.sync_s = 0.6


async def half(world: Any, config: Any) -> None:
    """The power fails while an entry's own records are on their way to the disk."""
    machine, disk = world.machine, world.machine.disk
    task, _ = world.start("daemon-0", config)
    struck = stories.deadly(world, "daemon-0")

    def soon() -> None:
        disk.crash_at = disk.calls + 2  # the group is written, and not synced

    machine.orders_left, machine.ordered = 1, soon
    await asyncio.wait([task, struck], timeout=60, return_when=asyncio.FIRST_COMPLETED)
    world.crash("daemon-0", power=True)
    await asyncio.sleep(stories.RESTART_S)
    await world.last(config)


async def garble(world: Any, config: Any) -> None:
    """News of our fills that cannot be read."""
    from venues.topstepx.simulator import world as gateway

    real = gateway.invocation

    def invocation(target: str, arguments: list[Any]) -> str:
        text: str = real(target, arguments)
        bad = target == "GatewayUserTrade" and world.rng.random() < 0.5
        return text.replace('"price":', '"price":null,"was":') if bad else text

    gateway.invocation = invocation


def stuck(rng: Any) -> list[dict[str, Any]]:
    """Some orders never come to the gateway, and nobody says so."""
    return [{"on": "Order/place", "every": 4, "do": "delay", "seconds": 100000}]


def overtaken(rng: Any) -> list[dict[str, Any]]:
    """Changes of an exit that come after it was given up; cancels that come too late for them."""
    slow = ({"do": "delay", "seconds": between(2, 4)},)
    return [row for on in CHANGES[:2] for row in at_times(rng, on, 60, 1, slow)]


def turned(world: Any) -> None:
    rows = (line["position"] for line in Truth(Path("ledger.jsonl")).rows("position"))
    opened = {row["id"] for row in rows if row["size"]}
    if len(opened) > world.eye.sent:
        world.hurt("breach", f"{len(opened) - world.eye.sent} positions that no entry opened")


def lost(rng: Any) -> list[dict[str, Any]]:
    return [{"on": "Order/place", "every": 3, "do": "lose_reply"}]


EARS = {"VENUE_SILENCE_S": "8.0", "FEED_STALE_S": "8.0"}
NARROW = {
    "GATEWAY_REQUESTS_MAX": "60", "VENUE_REQUESTS_MAX": "60", "RECOVERY_RECONCILE_S": "3.0",
    "SUPERVISOR_STOP_TIMEOUT_S": "150.0",
}  # fmt: skip
THEMES: dict[str, Row] = {
    "dying": Row("daemons die over a log without snapshots", dying(),
                 lambda rng: rng.choice(WEATHERS), knobs={"LOG_SNAPSHOT_RECORDS": "1000000"}),
    "rot": Row("digits of a snapshot change", dying(rot)),
    "half": Row("the power fails within an entry's records, wishes live long", half,
                knobs={"SIGNALS_TTL_S": "60.0"}),
    "aged": Row("a slow disk, and wishes soon too old", living(slow_disk),
                knobs={"SIGNALS_TTL_S": "0.3"}),
    "mute": Row("both hubs fall silent once", living(once("mute"), heard), knobs=EARS),
    "cut": Row("all connections are reset once", living(once("cut"), heard), knobs=EARS),
    "stuck": Row("orders that never arrive", living(nothing), stuck),
    "overtaken": Row("exits that come late", living(nothing, turned), overtaken),
    "lost": Row("answers lost, and a gateway that takes a tag twice", living(nothing), lost,
                knobs={"GATEWAY_VENUE_TAG_FOREVER": "false"}),
    "second": Row("a second daemon is started", surviving(another), strikes=("cut",)),
    "kill": Row("somebody writes the kill file", surviving(kill_file, killed), strikes=("cut",)),
    "narrow": Row("a gateway that admits few requests", living(nothing, prompt), knobs=NARROW),
    "short": Row("tokens of half a minute", surviving(nothing), strikes=("cut",),
                 knobs={"GATEWAY_TOKEN_LIFE_S": "30"}),
    "garbled": Row("news of fills that cannot be read", living(garble, busy)),
}  # fmt: skip
NAMED = ROWS | THEMES
