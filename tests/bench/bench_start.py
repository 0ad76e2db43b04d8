"""From the command to READY=1, simulator included: without compiled code, then with it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.bench.live import PYTHON, ROOT, environment

LEFT_OUT = shutil.ignore_patterns("__pycache__", ".git", ".*", "state", "wal", "tests")


def start(tree: Path, name: str) -> float:
    """Seconds until the daemon says so to systemd, which we are."""
    address = tree / f"{name}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(address))
        channel.settimeout(120)
        words = ("run", "--state", str(tree / name), "--wal", str(tree / f"{name}-wal"), "--json")
        env = environment(PYTHONPATH=str(tree), NOTIFY_SOCKET=str(address))
        began = time.monotonic()
        daemon = subprocess.Popen(
            [*PYTHON, *words], cwd=tree, env=env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while not channel.recv(4096).startswith(b"READY=1"):
                pass
            return time.monotonic() - began
        finally:
            os.kill(daemon.pid, signal.SIGTERM)
            daemon.wait(60)


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        tree = Path(name) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        told = {"cold_s": start(tree, "cold")}
        for number in range(3):
            told[f"warm_{number + 1}_s"] = start(tree, f"warm{number}")
        return told
