"""A chain whose connections are mistreated: by a proxy that knows nothing of either side.

Each trial is a stretch of one trouble or of several, some with a `kill -9` in it. At the end all is
well again, the daemon is told to stop, and must be flat.
"""

import random
import shutil
import signal
import time
from pathlib import Path

from tests.campaign.proxy import ALL, Proxy
from tests.campaign.rig import Rig, wait
from tests.campaign.trial import MOMENTS, Chain, Outcome, whole

CALM_S, TROUBLE_S, BORN_S, SETTLED_S = (0.5, 4.0), (0.5, 6.0), 1.5, 5.0
PATIENT = {
    "VENUE_REQUEST_TIMEOUT_S": "2.0", "VENUE_SILENCE_S": "8.0", "VENUE_PING_S": "3.0",
}  # fmt: skip
HUBS = ("REST_URL", "USER_HUB_URL", "MARKET_HUB_URL")


class Wires(Chain):
    def connect(self, seed: int) -> None:
        """From now on all goes through the proxy."""
        port = self.rig.told["rest"].rpartition(":")[2]
        self.proxy = Proxy(int(port), f"wires {seed}")
        self.proxy.start()
        self.proxy.listening.wait()
        for name in HUBS:
            key = f"TRADEBOT_VENUE_{name}"
            self.rig.env[key] = self.rig.env[key].replace(port, str(self.proxy.port))

    def trouble(self) -> None:
        rng, proxy = self.rng, self.proxy
        time.sleep(rng.uniform(*CALM_S))
        proxy.trouble = rng.choice(ALL)
        self.outcome.moments.append(proxy.trouble)
        time.sleep(rng.uniform(*TROUBLE_S))
        if rng.random() < 0.25:
            self.outcome.moments.append("kill")
            self.daemon.kill()
            self.daemon.wait()
            self.kept += [(p, whole(p.read_bytes())) for p in self.rig.segments()]
        if rng.random() < 0.7:
            proxy.trouble = ""
        self.revive()

    def revive(self) -> None:
        """As systemd does; a venue that a start cannot reach ends it with 70."""
        code = self.daemon.poll()
        if code not in (None, 70, -signal.SIGKILL):
            self.hurt("end", f"ended by itself with {code}: {self.last_words()}")
        if code is not None:
            self.daemon = self.rig.start()
            time.sleep(BORN_S)

    def end(self) -> None:
        """All is well once more, and it is told to stop. A start in trouble may still give up."""
        self.proxy.trouble, (ready, _, _) = "", MOMENTS["ready"]
        said = self.tails()["errors"]
        for _ in range(2):
            self.revive()
            wait(lambda: ready in said.new(), self.daemon, SETTLED_S)
        self.outcome.moments.append("stop")
        self.stopped((signal.SIGTERM,), "trouble")


def run(folder: Path, seed: int, trials: int, keep: bool = False) -> Outcome:
    rng, outcome = random.Random(f"wires {seed}"), Outcome(seed, "wires", trials)
    speed = rng.choice((5.0, 10.0))
    cycle = {"SIGNALS_CYCLE_S": str(int(speed * rng.choice((1, 2, 3))))}
    shutil.rmtree(folder, ignore_errors=True)
    with Rig(folder, speed, cycle | PATIENT, []) as rig:
        chain = Wires(rig, rng, outcome)
        chain.connect(seed)
        chain.daemon = chain.begin("ready")
        for _ in range(trials):
            chain.trouble()
        chain.end()
        chain.audit()
    if not outcome.harms and not keep:
        shutil.rmtree(folder)
    return outcome
