"""One seed: a session of the whole daemon against the whole gateway, with everything going wrong.

Real client, real simulator, bus, actors, log and recovery; only time, chance, disk and wires are
the seed's. At the end the faults stop, and within five minutes of its time it must be flat.
"""

import asyncio
import importlib
import json
import os
import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from tests.simulation import safeguards, themes
from tests.simulation.machine import Machine

TAPE = Path(__file__).parents[2] / "data" / "es_20231225.parquet"
SESSION_S, PATIENCE_S = 150.0, 300.0
RESTART_S = 2.0  # as systemd does it
STRIKES = ("cut", "stall", "refuse", "mute")


USED = (
    "aiohappyeyeballs", "cli.gateway", "daemon.main", "tests.campaign.audit",
    "tests.campaign.trial", "venues.topstepx.simulator.server",
)  # fmt: skip


class Outcome(Struct):
    seed: int
    harms: list[tuple[str, str]] = field(default_factory=list)  # row, sentence
    crashes: list[str] = field(default_factory=list)
    orders: int = 0
    fills: int = 0
    rounds: int = 0
    digest: str = ""  # sha256 of the log


class World:
    def __init__(self, seed: int, folder: Path, without: str, weather: str) -> None:
        self.seed, self.folder, self.theme = seed, folder, themes.WHOLE[weather]
        self.rng = random.Random(f"world {seed}")
        self.outcome = Outcome(seed)
        self.machine = Machine(seed, slow_s=self.rng.choice((0.002, 0.05, 0.5)))
        self.kept: list[tuple[Path, bytes]] = []
        self.theme.begin(self)
        self.knobs = self.theme.numbers | safeguards.off(without)

    async def gateway(self, config: Any) -> None:

        from cli.gateway import faults
        from tests.campaign.trial import WEATHERS
        from venues.topstepx.simulator.ledger import Ledger
        from venues.topstepx.simulator.reference_api import Credentials
        from venues.topstepx.simulator.server import Simulator

        script = self.folder / "faults.json"
        usual = self.rng.choice(WEATHERS)
        script.write_text(json.dumps(usual if self.theme.faults is None else self.theme.faults))
        self.simulator = Simulator(
            tape(), 1.0, config.settings().instrument, config.gateway,
            faults.load(script), Ledger(self.folder / "ledger.jsonl"), Credentials("sim", "key"),
        )  # fmt: skip
        self.told = await self.simulator.start()
        await asyncio.Event().wait()

    def config(self) -> Any:
        from core.config import load
        from tests.campaign.rig import ALWAYS

        own = {
            "PATHS_STATE": "state", "PATHS_WAL": "wal",
            "RUN_SPEED": "1", "SIGNALS_CYCLE_S": str(self.rng.choice((5, 9, 20))),
        }  # fmt: skip
        knobs = ALWAYS | own | self.knobs
        env = {f"TRADEBOT_{key}": value for key, value in knobs.items()}
        return load(Path(__file__).parents[2] / "config.toml", env)

    async def story(self) -> None:
        config = self.config()
        self.machine.process("gateway", self.gateway(config))
        while not hasattr(self, "told"):
            await asyncio.sleep(0.01)
        from daemon.reach import pointed

        config = pointed(config, self.told)
        storm = asyncio.ensure_future(self.storm())
        beside = asyncio.ensure_future(self.theme.beside(self, config))
        for number in range(self.theme.crashes or self.rng.randrange(4)):
            await self.crashing(f"daemon-{number}", config)
            self.theme.between(self)
            await asyncio.sleep(RESTART_S)
        storm.cancel()
        self.machine.net.calm()
        await self.last(config)
        beside.cancel()

    async def storm(self) -> None:
        """Wires, from time to time."""
        net = self.machine.net
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / 40))
            match self.rng.choice(self.theme.strikes or STRIKES):
                case "cut":
                    net.cut()
                case "mute":
                    net.mute()
                case "stall":
                    net.stall(self.rng.uniform(0.1, 8))
                case "refuse":
                    net.refuse(self.rng.uniform(0.1, 8))
                    net.cut()

    def start(self, name: str, config: Any) -> tuple[asyncio.Task[Any], Any]:
        from daemon import main as daemon
        from daemon.stopping import Stopping

        stopping = Stopping()
        options = daemon.Options(Path("config.toml"))
        return self.machine.process(name, daemon.run(config, options, stopping)), stopping

    async def crashing(self, name: str, config: Any) -> None:
        """A daemon that does not live long."""
        disk = self.machine.disk
        task, _ = self.start(name, config)
        power = self.rng.random() < self.theme.power
        struck = self.machine.loop.create_future()
        disk.struck = lambda: (self.machine.loop.kill(name), struck.set_result("disk"))
        late = self.rng.uniform(0, SESSION_S / 3)
        match self.rng.choice(("time", "disk", "order")):
            case "disk":
                disk.crash_at = disk.calls + self.rng.randrange(1, 400)
            case "order":
                late, self.machine.orders_left = SESSION_S, self.rng.randrange(1, 6)
                soon = self.rng.choice((0, 0.001, 0.01, 0.1, 1)) * self.rng.random()
                self.machine.ordered = lambda: self.machine.loop.call_later(
                    soon, lambda: struck.done() or disk.struck()
                )
        await asyncio.wait([task, struck], timeout=late, return_when=asyncio.FIRST_COMPLETED)
        if task.done() and not struck.done() and not unreached(task):
            error = task.exception() or f"exit code {task.result()[0]}"
            self.outcome.harms.append(("end", f"{name} ended by itself: {error}"))
        self.machine.orders_left = 0
        self.crash(name, power)

    def crash(self, name: str, power: bool) -> None:
        from tests.campaign.trial import whole

        """What was written must stay; where the power fails, what was synced."""
        self.outcome.crashes.append(f"{name} {'power' if power else 'kill'}")
        wal, safe = self.folder / "wal", dict(self.machine.disk.safe)
        self.kept += [(path, path.read_bytes()) for path in sorted(wal.glob("*.jsonl"))]
        if power:
            self.kept = [(path, was[: safe.get(path, 0)]) for path, was in self.kept]
        self.kept = [(path, whole(was)) for path, was in self.kept if was]
        self.machine.crash(name, power)

    async def last(self, config: Any) -> None:
        """Nothing goes wrong any more: it trades a little, is told to stop, and must be flat."""
        task, stopping = self.start("last", config)
        await asyncio.wait([task], timeout=40)
        stopping.say("end of test", "test")
        done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
        if not done:
            self.outcome.harms.append(("end", f"not flat after {PATIENCE_S:g} s"))
        elif task.exception() or task.result()[0]:
            why = task.exception() or f"exit code {task.result()[0]}"
            self.outcome.harms.append(("end", f"{type(why).__name__} {why}"))

    def run(self) -> Outcome:
        import hashlib

        from core.errors import LogError
        from tests.campaign.audit import Truth, closed, harm

        loop, outcome = self.machine.loop, self.outcome
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self.story())
        truth, wal = Truth(self.folder / "ledger.jsonl"), self.folder / "wal"
        try:
            outcome.harms += harm(truth, wal, self.kept)
            outcome.harms += self.theme.judge(truth, wal)
            if why := closed(wal):
                outcome.harms.append(("end", why))
        except (LogError, OSError) as error:
            outcome.harms.append(("lost", f"the log cannot be read: {error}"))
        outcome.fills, outcome.orders = len(truth.fills()), len(truth.tags())
        outcome.rounds = loop.rounds
        logs = b"".join(path.read_bytes() for path in sorted(wal.glob("*.jsonl")))
        outcome.digest = hashlib.sha256(logs).hexdigest()
        return outcome


@cache
def tape() -> Any:
    from storage import tape as tapes

    return tapes.read(TAPE)


def warm() -> None:
    """What every seed needs, once for all that are forked from here."""
    from core import sessions

    for name in USED:
        importlib.import_module(name)
    tape()
    sessions.rolls()


def unreached(task: asyncio.Task[Any]) -> bool:
    """It found no venue at its start, said so and left: systemd would start it again."""
    text = str(task.exception())
    return text.startswith(("mode sim needs our simulator", "the venue cannot be reached"))


def run(seed: int, folder: Path, without: str = "", weather: str = "") -> Outcome:
    """`without`: safeguards to switch off, by names of safeguards.py; `weather`: of themes.py.

    Changes to the folder: what the log says of its config must not depend on where it is.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(folder)
    os.dup2(os.open("said.log", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    return World(seed, Path(), without, weather).run()
