"""One seed: a session of the whole daemon against the whole gateway, with everything going wrong.

Real client, real simulator, bus, actors, log and recovery; only time, chance, disk and wires are
the seed's. What goes wrong is its row's (rows.py). At the end the faults stop, and within five
minutes of its time it must be flat.
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

from tests.simulation import safeguards
from tests.simulation.machine import Machine, freeze

TAPE = Path(__file__).parents[2] / "data" / "es_20231225.parquet"
PATIENCE_S = 300.0
RESTART_S = 2.0  # as systemd does it
USED = (
    "aiohappyeyeballs", "cli.gateway", "daemon.main", "tests.campaign.audit",
    "tests.campaign.trial", "tests.simulation.eye", "tests.simulation.net",
    "tests.simulation.themes", "venues.topstepx.simulator.server",
)  # fmt: skip


class Outcome(Struct):
    seed: int
    harms: list[tuple[str, str]] = field(default_factory=list)  # counter, sentence
    crashes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what came of the row's own fault
    row: str = "C1"
    strikes: int = 0
    orders: int = 0
    fills: int = 0
    rounds: int = 0
    digest: str = ""  # sha256 of the log


class World:
    def __init__(self, seed: int, folder: Path, without: str, row: str) -> None:
        from tests.simulation.themes import NAMED

        self.seed, self.folder = seed, folder
        self.row, plain = NAMED[row], row == "C1"
        self.rng = random.Random(f"world {seed}" if plain else f"{row} {seed}")
        self.outcome = Outcome(seed, row=row)
        slow_s = self.rng.choice((0.002, 0.05, 0.5))
        self.machine = Machine(seed if plain else f"{row} {seed}", slow_s)
        self.eye = self.machine.eye
        self.eye.most = self.row.most
        self.kept: list[tuple[Path, bytes]] = []
        self.knobs, self.strangers = safeguards.off(without), False

    async def gateway(self, config: Any) -> None:
        self.simulator = self.venue_of(config)
        self.eye.down_until = lambda: self.simulator.world.down_until
        self.told = await self.simulator.start()
        await asyncio.Event().wait()

    def venue_of(self, config: Any) -> Any:
        from cli.gateway import faults
        from tests.simulation.eye import ledger
        from venues.topstepx.simulator.reference_api import Credentials
        from venues.topstepx.simulator.server import Simulator

        script, books = self.folder / "faults.json", self.folder / "ledger.jsonl"
        script.write_text(json.dumps(self.row.script(self.rng)))
        return Simulator(
            self.tape(), 1.0, config.settings().instrument, config.gateway,
            faults.load(script), ledger(self.eye, books), Credentials("sim", "key"),
        )  # fmt: skip

    def tape(self) -> Any:
        return tape()

    def config(self) -> Any:
        from core.config import load
        from tests.campaign.rig import ALWAYS

        own = {
            "PATHS_STATE": "state", "PATHS_WAL": "wal",
            "RUN_SPEED": "1", "SIGNALS_CYCLE_S": str(self.rng.choice(self.row.cycles_s)),
        }  # fmt: skip
        knobs = ALWAYS | own | self.row.knobs | self.knobs
        env = {f"TRADEBOT_{key}": value for key, value in knobs.items()}
        return load(Path(__file__).parents[2] / "config.toml", env)

    async def story(self) -> None:
        config = self.config()
        self.machine.process("gateway", self.gateway(config))
        while not hasattr(self, "told"):
            await asyncio.sleep(0.01)
        from daemon.reach import pointed

        await self.row.story(self, pointed(config, self.told))

    async def storm(self) -> None:
        """Strikes of the row, from time to time."""
        every_s = self.row.every_s
        if self.outcome.row != "C1":
            every_s *= self.rng.choice((1, 3, 10))
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / every_s))
            self.outcome.strikes += 1
            self.strike(self.rng.choice(self.row.strikes))

    def strike(self, what: str) -> None:
        net = self.machine.net
        match what:
            case "cut":
                net.cut()
            case "mute":
                net.mute()
            case "stall":
                net.stall(self.rng.uniform(0.1, 8))
            case "refuse":
                net.refuse(self.rng.uniform(0.1, 8))
                net.cut()
            case "expire":
                self.simulator.tokens.secret = self.rng.randbytes(32)
                if self.rng.random() < 0.5:
                    self.venue("reset", hub=self.rng.choice(("market", "user")))
            case "market" | "user":
                self.venue("reset", hub=what)

    def venue(self, deed: str, **terms: Any) -> None:
        """Have the venue do what one of its scripted faults would."""
        from venues.topstepx.simulator.faults import Fault

        self.simulator.world.deeds([Fault("start", deed, **terms)])

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self.machine.net.calm()
        self.simulator.world.faults.by_trigger.clear()

    def start(self, name: str, config: Any) -> tuple[asyncio.Task[Any], Any]:
        from daemon import main as daemon
        from daemon.stopping import Stopping

        stopping = Stopping()
        options = daemon.Options(Path("config.toml"))
        return self.machine.process(name, daemon.run(config, options, stopping)), stopping

    def crash(self, name: str, power: bool) -> None:
        """What was written must stay; where the power fails, what was synced."""
        from tests.campaign.trial import whole

        self.outcome.crashes.append(f"{name} {'power' if power else 'kill'}")
        wal, safe = self.folder / "wal", dict(self.machine.disk.safe)
        self.kept += [(path, path.read_bytes()) for path in sorted(wal.glob("*.jsonl"))]
        if power:
            self.kept = [(path, was[: safe.get(path, 0)]) for path, was in self.kept]
        self.kept = [(path, whole(was)) for path, was in self.kept if was]
        self.machine.crash(name, power)

    def hurt(self, counter: str, sentence: str) -> None:
        self.outcome.harms.append((counter, sentence))

    async def last(self, config: Any, live_s: float = 40) -> None:
        """Nothing goes wrong any more: it trades a little, is told to stop, and must be flat."""
        task, stopping = self.start("last", config)
        await asyncio.wait([task], timeout=live_s)
        stopping.say("end of test", "test")
        await self.flat(task)

    async def flat(self, task: asyncio.Task[Any]) -> None:
        """It was told to stop, and ends well."""
        done, _ = await asyncio.wait([task], timeout=PATIENCE_S)
        if not done:
            self.hurt("end", f"not flat after {PATIENCE_S:g} s")
        elif task.exception() or task.result()[0]:
            why = task.exception() or f"exit code {task.result()[0]}"
            self.hurt("end", f"{type(why).__name__} {why}")

    def run(self) -> Outcome:
        import hashlib

        loop, outcome = self.machine.loop, self.outcome
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self.story())
        outcome.harms += [(name, sentence) for name, sentence in self.eye.harms.items()]
        self.audit()
        outcome.rounds = loop.rounds
        outcome.notes += ["crossed zero"] * self.eye.crossed
        logs = b"".join(path.read_bytes() for path in sorted((self.folder / "wal").glob("*.jsonl")))
        outcome.digest = hashlib.sha256(logs).hexdigest()
        return outcome

    def audit(self) -> None:
        """Once more, as a whole, of what ledger and log say."""
        from core.errors import LogError
        from tests.campaign.audit import Truth, closed, harm

        truth, wal = Truth(self.folder / "ledger.jsonl"), self.folder / "wal"
        try:
            found = harm(truth, wal, self.kept, self.row.most)
            if self.eye.down_until():  # the audit does not know when nobody could help it
                found = [row for row in found if row[0] != "naked"]
            if self.strangers:  # theirs, or closed without a log: foreign, so it halts
                found = [row for row in found if not row[1].startswith("halted: ORD_FOREIGN")]
            self.outcome.harms += found
            if why := closed(wal):
                self.hurt("end", why)
        except (LogError, OSError) as error:
            self.hurt("lost", f"the log cannot be read: {error}")
        self.outcome.fills, self.outcome.orders = len(truth.fills()), len(truth.tags())


@cache
def tape() -> Any:
    from storage import tape as tapes

    return tapes.read(TAPE)


def warm() -> None:
    """What every seed needs, once for all that are forked from here, and no garbage of theirs."""
    from core import sessions

    for name in USED:
        importlib.import_module(name)
    tape()
    sessions.rolls()
    freeze()


def run(seed: int, folder: Path, without: str = "", row: str = "C1") -> Outcome:
    """`without`: safeguards of safeguards.py to switch off; `row`: of rows.py or themes.py.

    Changes to the folder: what the log says of its config must not depend on where it is.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.chdir(folder)
    os.dup2(os.open("said.log", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    return World(seed, Path(), without, row).run()
