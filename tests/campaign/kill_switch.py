"""python -m tests.campaign.kill_switch [--triggers N] [--seed S]: throw it at a live daemon (K4).

A real daemon trades on a real gateway all the time. At random moments it is killed: by command, by
signal or by file, in turn. Then the gateway's ledger tells when the last entry came in, the venue
whether it is flat, a second daemon on the same log whether it stays halted, until it is re-armed by
name. Prints each trial and the worst; exit 1 on any harm.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from cli import control
from storage import sentinel
from tests.campaign.audit import Truth
from tests.campaign.rig import Rig, ended, wait

WAYS = ("command", "signal", "file")
LAST_ENTRY_S = 0.05  # after the trigger, on the wire
FLAT_S, STAYS_S = 30.0, 1.5


def main(argv: list[str]) -> int:
    words = argparse.ArgumentParser(prog="python -m tests.campaign.kill_switch")
    words.add_argument("--triggers", type=int, default=30)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args(argv)
    rng, worst, harms = random.Random(given.seed), -60.0, 0
    knobs = {"SIGNALS_CYCLE_S": "2", "SUPERVISOR_CRITICAL_RESTARTS_MAX": "3"}
    with tempfile.TemporaryDirectory() as folder, Rig(Path(folder) / "k", 6.0, knobs, []) as rig:
        for number in range(given.triggers):
            way = WAYS[number % len(WAYS)]
            late, said = trial(rig, rng, way)
            worst, harms = max(worst, late), harms + bool(said)
            print(
                f"{number:>4} {way:<8} last entry {late * 1e3:+.1f} ms {said or 'well'}", flush=True
            )
        trades = len(entries(rig))
    print(f"{given.triggers} triggers, {trades} entries, {harms} with harm, "
          f"worst last entry {worst * 1e3:+.1f} ms after the trigger")  # fmt: skip
    return 1 if harms else 0


def entries(rig: Rig) -> list[int]:
    """When each came in at the gateway; with native brackets nothing else is placed."""
    rows = Truth(rig.ledger).rows("request")
    return [row["wall"] for row in rows if row["endpoint"] == "Order/place"]


def trial(rig: Rig, rng: random.Random, way: str) -> tuple[float, str]:
    """Seconds from the trigger to the last entry, and what went wrong."""
    daemon = rig.start()
    before = len(entries(rig))
    if not wait(lambda: len(entries(rig)) > before, daemon, 60):
        daemon.send_signal(signal.SIGTERM)
        return -60.0, f"never traded: {status(rig).get('why')}, exit code {ended(daemon, 60)}"
    time.sleep(rng.uniform(0, 1.0))
    at = time.time_ns()
    match way:
        case "command":
            body = {"name": "kill", "by": "test", "why": "trial"}
            control.call(rig.state, "POST", "/command", body)
        case "signal":
            daemon.send_signal(signal.SIGUSR1)
        case "file":
            (rig.state / sentinel.NAME).touch()
    flat = wait(lambda: flat_told(rig), daemon, FLAT_S)
    open_ = rig.open_at_venue()
    killed = len(entries(rig))
    late = (entries(rig)[-1] - at) / 1e9
    daemon.send_signal(signal.SIGTERM)
    said = "" if flat and open_ == ([], []) else f"not flat: {open_}"
    said = said or ("" if late <= LAST_ENTRY_S else "an entry came late")
    said = said or ("" if ended(daemon, 60) == 0 else "no clean end")
    return late, said or restarted(rig, killed)


def flat_told(rig: Rig) -> bool:
    status = control.call(rig.state, "GET", "/status")
    return bool(status["state"] == "HALTED" and status["flat"])


def restarted(rig: Rig, killed: int) -> str:
    """It stays halted over a restart; a named person ends it."""
    daemon = rig.start()
    ready = wait(lambda: status(rig).get("ready", False), daemon, 60)
    time.sleep(STAYS_S)
    halted = status(rig).get("state")
    sent = len(entries(rig)) - killed
    word = {"name": "rearm", "by": "ada", "why": "trial over"}
    control.call(rig.state, "POST", "/command", word)
    active = status(rig).get("state")
    daemon.send_signal(signal.SIGTERM)
    code = ended(daemon, 60)
    if not ready or halted != "HALTED" or sent or active != "ACTIVE" or code:
        return json.dumps({"ready": ready, "state": halted, "sent": sent, "then": active,
                           "code": code})  # fmt: skip
    return ""


def status(rig: Rig) -> dict:
    try:
        return control.call(rig.state, "GET", "/status")
    except control.NoDaemon:
        return {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
