"""The real daemon beside the real simulator, as processes on a core each, watched from outside."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE, HZ = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")
PYTHON = (sys.executable, "-m", "cli.main")


class Sample(NamedTuple):
    wall: float  # s since READY
    rss: float  # MiB
    cpu: float  # s
    waiting: int  # messages in the fullest inbox
    conflated: int
    bars: int
    asked_ms: float  # how long the daemon took to tell


class Played(NamedTuple):
    report: dict
    samples: list[Sample]
    wall: float  # s from the first sample to the end of the process


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TRADEBOT_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def pinned(core: int, *words: str) -> list[str]:
    cores = sorted(os.sched_getaffinity(0))
    return ["taskset", "-c", str(cores[core % len(cores)]), *PYTHON, *words]


def play(directory: Path, tape: Path, speed: float, period_s: float = 0.5, **more: str) -> Played:
    """Run the tape to its end."""
    env = environment(**more)
    simulator = subprocess.Popen(
        pinned(1, "gateway", "--tape", str(tape), "--speed", str(speed)),
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        told = json.loads(simulator.stdout.readline())
        venue = {
            "TRADEBOT_VENUE_REST_URL": told["rest"], "TOPSTEPX_USERNAME": told["username"],
            "TRADEBOT_VENUE_USER_HUB_URL": told["user_hub"], "TOPSTEPX_API_KEY": told["api_key"],
            "TRADEBOT_VENUE_MARKET_HUB_URL": told["market_hub"],
        }  # fmt: skip
        daemon = subprocess.Popen(
            pinned(0, "run", "--mode", "sim", "--speed", str(speed), "--json", "--state",
                   str(directory / "state"), "--wal", str(directory / "wal")),
            cwd=ROOT, env={**env, **venue}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        samples = watch(daemon, directory / "state", period_s)
        said, errors = daemon.communicate()
        assert daemon.returncode == 0, (daemon.returncode, errors[-2000:])
        return Played(json.loads(said), samples, samples[-1].wall - samples[0].wall)
    finally:
        simulator.terminate()
        simulator.wait()
        simulator.stdout.close()


def watch(daemon: subprocess.Popen, state: Path, period_s: float) -> list[Sample]:
    samples, began, due = [], 0.0, time.monotonic()
    while daemon.poll() is None:
        status, took = ask(state)
        if status and status["ready"]:
            now = time.monotonic()
            began = began or now
            rows = status["actors"].values()
            samples.append(Sample(
                now - began, rss(daemon.pid), cpu(daemon.pid), max(r["waiting"] for r in rows),
                sum(r["conflated"] for r in rows), status["bars"], took,
            ))  # fmt: skip
        due += period_s
        time.sleep(max(0.0, due - time.monotonic()))
    return samples


def ask(state: Path) -> tuple[dict | None, float]:
    """The daemon's status, and the milliseconds it took; None while there is none."""
    began = time.perf_counter()
    try:
        where = json.loads((state / "api.json").read_text())
        request = urllib.request.Request(
            f"http://127.0.0.1:{where['port']}/status",
            headers={"Authorization": f"Bearer {where['token']}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            status = json.loads(answer.read())
    except (OSError, ValueError):
        return None, 0.0
    return status, (time.perf_counter() - began) * 1e3


def rss(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20
    except OSError:
        return 0.0


def cpu(pid: int) -> float:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(words[11]) + int(words[12])) / HZ


def slope(points: list[tuple[float, float]]) -> float:
    """Least squares: y per x."""
    count = len(points)
    mean_x, mean_y = (sum(column) / count for column in zip(*points, strict=True))
    over = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return over / sum((x - mean_x) ** 2 for x, _ in points)
