"""A chain: one gateway, and on it one daemon after another, each ended at a seeded moment.

Kill chains end with one SIGTERM, so that recovery is followed to a flat account. In SIGTERM chains
every daemon is asked to end, some of them after a crash, some twice, some by SIGINT.
"""

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from msgspec import Struct, field

from tests.campaign.audit import Truth, closed, harm
from tests.campaign.rig import Rig, Tail, ended, wait

MOMENT_S = 15.0  # a moment that does not come by then is passed over
EXIT_S = 60.0
YOUNG_S = 0.8  # a process so young has not reached its first own line for sure
# moment: what to wait for, where, and how long after it at most to strike
MOMENTS: dict[str, tuple[bytes, str, float]] = {
    "start": (b"", "", 2.5),
    "ready": (b'"event": "ready"', "errors", 3.0),
    "query": (b"Order/v2/query", "ledger", 0.1),
    "order": (b'"endpoint":"Order/place"', "ledger", 0.03),
    "fill": (b'"kind":"fill"', "ledger", 0.03),
    "exit": (b'"endpoint":"Order/modify"', "ledger", 0.03),
    "intent": (b'"kind":"PlaceOrder"', "wal", 0.01),
    "approval": (b'"kind":"Approved"', "wal", 0.005),
    "recovery": (b'"kind":"RunStarted"', "wal", 0.3),
}
# What the wires do to a chain, besides the crashes. Delayed orders arrive after their sender died.
WEATHERS: tuple[list[dict], ...] = (
    [],
    [],
    [{"on": "Order/place", "every": 3, "do": "delay", "seconds": 1.5}],
    [{"on": "Order/place", "every": 3, "do": "delay_reply", "seconds": 1.0}],
    [{"on": "Order/place", "every": 4, "do": "lose_reply"}],
    [{"on": "Order/place", "every": 3, "do": "lose_request"}],
    [{"on": "Order/modify", "every": 2, "do": "lose_reply"}],
    [{"on": "GatewayUserTrade", "every": 3, "do": "drop"},
     {"on": "GatewayUserOrder", "every": 4, "do": "duplicate"}],
    [{"on": "Order/search", "every": 3, "do": "status"}],
    [{"on": "Order/place", "every": 5, "do": "reset", "hub": "user"}],
    [{"on": "Position/closeContract", "every": 2, "do": "lose_reply"}],
)  # fmt: skip


class Outcome(Struct):
    seed: int
    mode: str
    trials: int = 0
    moments: list[str] = field(default_factory=list)
    harms: list[tuple[str, str]] = field(default_factory=list)  # row, sentence
    ready_s: list[float] = field(default_factory=list)
    exit_s: list[float] = field(default_factory=list)
    orders: int = 0
    fills: int = 0


class Chain:
    """One seed's story. The seed decides everything but the scheduling of the machine."""

    def __init__(self, rig: Rig, rng: random.Random, outcome: Outcome) -> None:
        self.rig, self.rng, self.outcome = rig, rng, outcome
        self.daemon: subprocess.Popen
        self.kept: list[tuple[Path, bytes]] = []

    def until(self, daemon: subprocess.Popen, moment: str, tails: dict[str, Tail]) -> None:
        """Wait for the moment, and a little longer."""
        sign, where, late_s = MOMENTS[moment]
        self.outcome.moments.append(moment)
        if sign:
            tail, seen = tails[where], b""

            def came() -> bool:
                nonlocal seen
                seen = seen[-100:] + tail.new()
                return sign in seen

            if not wait(came, daemon, MOMENT_S):
                self.outcome.moments[-1] += "?"
        time.sleep(self.rng.uniform(0, late_s))

    def tails(self) -> dict[str, Tail]:
        rig = self.rig
        return {
            "ledger": Tail(lambda: [rig.ledger]),
            "errors": Tail(lambda: [rig.errors]),
            "wal": Tail(rig.segments),
        }

    def begin(self, moment: str) -> subprocess.Popen:
        tails, began = self.tails(), time.monotonic()
        daemon = self.rig.start()
        if moment in ("ready", "order", "fill", "exit", "approval", "intent"):
            tail = Tail(tails["errors"].files)
            if wait(lambda: MOMENTS["ready"][0] in tail.new(), daemon, MOMENT_S * 2):
                self.outcome.ready_s.append(time.monotonic() - began)
            else:
                self.hurt("end", f"not ready, exit code {daemon.poll()}: {self.last_words()}")
        self.until(daemon, moment, tails)
        return daemon

    def kill(self, moment: str) -> None:
        daemon = self.begin(moment)
        if (code := daemon.poll()) is not None:
            self.hurt("end", f"ended by itself with {code}: {self.last_words()}")
        daemon.kill()
        daemon.wait()
        self.kept += [(p, whole(p.read_bytes())) for p in self.rig.segments()]

    def stop(self, moment: str, numbers: tuple[signal.Signals, ...]) -> None:
        """Ask it to end, and prove by direct query that nothing is left."""
        self.daemon = self.begin(moment)
        if (code := self.daemon.poll()) is not None:
            self.hurt("end", f"ended by itself with {code}: {self.last_words()}")
        self.stopped(numbers, moment)

    def stopped(self, numbers: tuple[signal.Signals, ...], moment: str) -> None:
        daemon, began = self.daemon, time.monotonic()
        for number in numbers:
            daemon.send_signal(number)
            time.sleep(self.rng.uniform(0, 0.3) if len(numbers) > 1 else 0)
        code = ended(daemon, EXIT_S)
        self.outcome.exit_s.append(time.monotonic() - began)
        if code in (-signal.SIGTERM, -signal.SIGINT) and moment == "start":
            self.outcome.moments[-1] = "unborn"  # the interpreter itself was still starting
            return
        if code != 0:
            self.hurt("end", f"exit code {code} after {moment}: {self.last_words()}")
        elif why := closed(self.rig.wal):
            self.hurt("end", f"{why} after {moment}")
        self.check_flat(moment)

    def check_flat(self, moment: str) -> None:
        positions, orders = self.rig.open_at_venue()
        if positions or orders:
            self.hurt("end", f"after {moment} at the venue: {positions} {orders}")

    def hurt(self, row: str, sentence: str) -> None:
        self.outcome.harms.append((row, sentence))

    def last_words(self) -> str:
        return " | ".join(self.rig.errors.read_text().splitlines()[-2:])[-300:]

    def audit(self) -> None:
        truth = Truth(self.rig.ledger)
        self.outcome.harms += harm(truth, self.rig.wal, self.kept)
        self.outcome.fills = len(truth.fills())
        self.outcome.orders = len(truth.tags())


def whole(raw: bytes) -> bytes:
    """Up to the last whole line: what was written must stay."""
    return raw[: raw.rfind(b"\n") + 1]


def run(folder: Path, mode: str, seed: int, trials: int, keep: bool = False) -> Outcome:
    """One chain of `trials` kills or SIGTERMs. The folder stays when there was harm."""
    rng = random.Random(f"{mode} {seed}")
    outcome = Outcome(seed, mode, trials)
    speed = rng.choice((5.0, 10.0, 20.0))
    cycle = {"SIGNALS_CYCLE_S": str(int(speed * rng.choice((1, 2, 3))))}
    weather = rng.choice(WEATHERS)
    shutil.rmtree(folder, ignore_errors=True)
    with Rig(folder, speed, cycle, weather) as rig:
        chain = Chain(rig, rng, outcome)
        for _ in range(trials):
            if mode == "kill":
                chain.kill(rng.choice(list(MOMENTS)))
                continue
            if rng.random() < 0.3:
                chain.kill(rng.choice(("order", "fill", "exit", "intent")))
            how = rng.choice(((signal.SIGTERM,), (signal.SIGTERM,), (signal.SIGINT,),
                              (signal.SIGTERM, signal.SIGTERM)))  # fmt: skip
            chain.stop(rng.choice(list(MOMENTS)), how)
        if mode == "kill" or outcome.moments[-1] == "unborn":
            chain.stop("ready", (signal.SIGTERM,))
        chain.audit()
    if not outcome.harms and not keep:
        shutil.rmtree(folder)
    return outcome
