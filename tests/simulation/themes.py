"""Named weathers of the whole world: what a safeguard of the log or the wires needs to meet.

A theme may change what the seed chose, do something of its own between two daemons or beside them,
and count harm that tests/campaign/audit.py does not.
"""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.clock import SECOND
from core.messages import Bar, ClosePosition, Command, ModifyOrder, PlaceOrder, RunStarted
from core.terms import Purpose
from storage.wal import read
from tests.simulation.loop import PROCESS, WALL

EXIT_S = 3.0  # from the decision to leave to the gateway
SLACK_S = 1.0  # of wires, between the decision that an order may go and the gateway
Harm = tuple[str, str]


class Theme:
    """The seed's own weather."""

    numbers: dict[str, str] = {}
    faults: list[dict[str, Any]] | None = None  # of the gateway
    crashes = 0  # so many daemons that do not live long; 0: as the seed says
    power = 0.5  # how often it is the power that fails
    strikes: tuple[str, ...] = ()

    def begin(self, world: Any) -> None:
        """Before anything of the world is there."""

    async def beside(self, world: Any, config: Any) -> None:
        """Once the gateway is there."""

    def between(self, world: Any) -> None:
        """After a crash, before the restart."""

    def judge(self, truth: Any, wal: Path) -> Iterator[Harm]:
        return iter(())


class Power(Theme):
    """The power fails again and again, over a log without snapshots."""

    numbers = {"LOG_SNAPSHOT_RECORDS": "1000000"}
    crashes, power = 3, 1.0


class Mute(Theme):
    """Both hubs fall silent once, and their connections never end."""

    numbers = {"VENUE_SILENCE_S": "8.0", "FEED_STALE_S": "8.0"}
    crashes = -1

    async def beside(self, world: Any, config: Any) -> None:
        await asyncio.sleep(world.rng.uniform(3, 15))
        world.machine.net.mute()

    def judge(self, truth: Any, wal: Path) -> Iterator[Harm]:
        """Whether the market was heard to the end."""
        messages = [line.record.message for line in read(wal)]
        end = next(m.at for m in messages if isinstance(m, Command))
        heard = max(m.at for m in messages if isinstance(m, Bar) and not m.filled)
        if end - heard > 10 * SECOND:
            yield "end", f"deaf for {(end - heard) / SECOND:.0f} s"


class Cut(Mute):
    """All connections are reset once."""

    async def beside(self, world: Any, config: Any) -> None:
        await asyncio.sleep(world.rng.uniform(3, 15))
        world.machine.net.cut()


class Stuck(Theme):
    """Some orders never come to the gateway, and nobody says so."""

    faults = [{"on": "Order/place", "every": 4, "do": "delay", "seconds": 100000}]
    crashes = -1


class Lost(Theme):
    """Answers to orders get lost, and the gateway takes the same tag twice."""

    numbers = {"GATEWAY_VENUE_TAG_FOREVER": "false"}
    faults = [{"on": "Order/place", "every": 3, "do": "lose_reply"}]


class Late(Theme):
    """A slow disk and wishes that are soon too old."""

    numbers = {"SIGNALS_TTL_S": "0.3"}
    faults: list[dict[str, Any]] | None = []
    strikes = ("mute",)

    def begin(self, world: Any) -> None:
        world.machine.disk.sync_s = 0.6
        world.machine.net.slow_s = 0.002

    def judge(self, truth: Any, wal: Path) -> Iterator[Harm]:
        """Entries that came to the gateway when their time was over, or another run's."""
        records = [line.record for line in read(wal)]
        runs = [(r.message.at, r.message.run) for r in records if isinstance(r.message, RunStarted)]
        entries = {
            r.message.tag: r.message for r in records
            if isinstance(r.message, PlaceOrder) and r.message.purpose is Purpose.ENTRY
        }  # fmt: skip
        for line in truth.rows("request"):
            order = entries.get((line["body"] or {}).get("customTag", ""))
            if line["endpoint"] != "Order/place" or order is None:
                continue
            late = (line["at"] - order.expires_at) / SECOND
            if late > SLACK_S:
                yield "late", f"{order.tag} came {late:.1f} s after its time"
            run = max((at, run) for at, run in runs if at <= line["at"])[1]
            if not order.tag.startswith(run):
                yield "late", f"{order.tag} was sent by run {run}"


class Torn(Late):
    """Crashes in the midst of a group of records, and wishes that live long."""

    numbers = {"SIGNALS_TTL_S": "60.0"}
    crashes, power = 3, 1.0

    def begin(self, world: Any) -> None:
        world.machine.disk.sync_s = 0.3


class Two(Theme):
    """Somebody starts a second daemon beside the first."""

    async def beside(self, world: Any, config: Any) -> None:
        while True:
            await asyncio.sleep(world.rng.uniform(5, 15))
            if not world.machine.locks:
                continue  # there is no first one now
            second, _ = world.start("second", config)
            await asyncio.wait([second], timeout=20)
            if second.done():
                continue
            world.machine.loop.kill("second")
            world.machine.net.bury("second", PROCESS)
            return


class Kill(Theme):
    """Somebody writes the kill file."""

    async def beside(self, world: Any, config: Any) -> None:
        await asyncio.sleep(world.rng.uniform(10, 40))
        self.ns = world.machine.loop.clock.ns + SECOND
        Path("state").mkdir(exist_ok=True)
        Path("state/KILL").write_text("by a person\n")

    def judge(self, truth: Any, wal: Path) -> Iterator[Harm]:
        tags = {
            line.record.message.tag for line in read(wal)
            if isinstance(line.record.message, PlaceOrder)
            and line.record.message.purpose is Purpose.ENTRY
        }  # fmt: skip
        for line in truth.rows("request"):
            tag = (line["body"] or {}).get("customTag")
            if line["endpoint"] == "Order/place" and tag in tags and line["wall"] > WALL + self.ns:
                yield "breach", f"entry {tag} after the kill file"


class Narrow(Theme):
    """A gateway that admits few requests."""

    numbers = {
        "GATEWAY_REQUESTS_MAX": "120", "VENUE_REQUESTS_MAX": "120", "SIGNALS_CYCLE_S": "3",
        "RECOVERY_RECONCILE_S": "3.0", "SUPERVISOR_STOP_TIMEOUT_S": "150.0",
    }  # fmt: skip
    faults: list[dict[str, Any]] | None = []
    strikes = ("cut",)
    crashes = -1

    def judge(self, truth: Any, wal: Path) -> Iterator[Harm]:
        ways = {ClosePosition: "Position/closeContract", ModifyOrder: "Order/modify"}
        for line in read(wal):
            message = line.record.message
            if (way := ways.get(type(message))) is None:
                continue
            sent = [r["at"] for r in truth.rows("request") if r["endpoint"] == way]
            late = min((at - message.at for at in sent if at >= message.at), default=0) / SECOND
            if late > EXIT_S:
                yield "late", f"seq {line.seq} {line.kind} was sent {late:.1f} s late"
        if refused := sum(line["status"] == 429 for line in truth.rows("reply")):
            yield "flood", f"{refused} requests were too many"


class Rot(Theme):
    """Digits of the newest snapshot change on the disk."""

    crashes = 3

    def between(self, world: Any) -> None:
        found = sorted(Path("wal").glob("snap-*.json"))
        if not found:
            return
        raw, rng = bytearray(found[-1].read_bytes()), random.Random(world.seed)
        start, end = raw.index(b'"state"'), raw.rindex(b'"state_sha256"')
        digits = [n for n in range(start, end) if chr(raw[n]).isdigit()]
        for n in rng.sample(digits, min(30, len(digits))):
            raw[n] = ord(rng.choice("123456789"))
        found[-1].write_bytes(raw)


class Tokens(Theme):
    """The gateway forgets its tokens now and then."""

    strikes = ("cut",)

    async def beside(self, world: Any, config: Any) -> None:
        while True:
            await asyncio.sleep(world.rng.uniform(10, 30))
            world.simulator.tokens.secret = world.rng.randbytes(32)


class Short(Theme):
    """Tokens that live for half a minute."""

    numbers = {"GATEWAY_TOKEN_LIFE_S": "30"}


class Garbled(Theme):
    """News of our fills that cannot be read."""

    faults: list[dict[str, Any]] | None = []

    def begin(self, world: Any) -> None:
        from venues.topstepx.simulator import world as gateway

        real, rng = gateway.invocation, world.rng

        def invocation(target: str, arguments: list[Any]) -> str:
            text: str = real(target, arguments)
            bad = target == "GatewayUserTrade" and rng.random() < 0.5
            return text.replace('"price":', '"price":-"') if bad else text

        gateway.invocation = invocation


WHOLE: dict[str, Theme] = {
    "": Theme(), "power": Power(), "mute": Mute(), "cut": Cut(), "stuck": Stuck(), "lost": Lost(), "late": Late(), "torn": Torn(),
    "two": Two(), "kill": Kill(), "narrow": Narrow(), "rot": Rot(), "tokens": Tokens(),
    "short": Short(), "garbled": Garbled(),
}  # fmt: skip
