"""Row C6: whatever of risk, orders and log hangs in a real process, systemd hears nothing more."""

import socket
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tests.campaign.rig import ROOT, Rig, ended, wait

pytestmark = pytest.mark.slow
PERIOD_S, SILENT_S = 0.25, 3.0  # of the watchdog here: a quarter of its limit; for ten of them
HANG = """
import sys, time, threading
from pathlib import Path
from cli.main import main
here, what = Path(sys.argv.pop(1)), sys.argv.pop(1)

def hanging(kind, name):
    real = getattr(kind, name)
    def hang(*given):
        while here.exists():
            (here.parent / "hung").touch()
            time.sleep(0.01)
        return real(*given)
    setattr(kind, name, hang)

if what == "log":
    from storage.disk import Disk
    hanging(Disk, "fdatasync")
elif what == "order path":
    from daemon.gateway import Gateway
    hanging(Gateway, "take")
else:
    import importlib
    hanging(getattr(importlib.import_module(f"actors.{what}"), what.capitalize()), "on")
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)
        yield channel


def pings(channel):
    said = []
    with suppress(BlockingIOError):
        while True:
            said.append(channel.recv(100).decode())
    return said.count("WATCHDOG=1")


@pytest.mark.parametrize("what", ["risk", "executor", "recovery", "order path", "log"])
def test_a_hang_is_not_talked_over(tmp_path, systemd, what):
    with Rig(tmp_path / "rig", 20.0, {"SIGNALS_CYCLE_S": "20"}, []) as rig:
        env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": str(int(PERIOD_S * 4e6))}
        hang = tmp_path / "hang"
        command = [sys.executable, "-c", HANG, str(hang), what, "run", "--json", "--mode", "sim"]
        command += ["--state", str(rig.state), "--wal", str(rig.wal), "--speed", "20"]
        with rig.errors.open("ab") as errors:
            daemon = subprocess.Popen(
                command, env=rig.env | env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors
            )
        rig.daemons.append(daemon)
        assert wait(lambda: '"event": "ready"' in rig.errors.read_text(), daemon, 60)
        heard = []
        assert wait(lambda: heard.append(pings(systemd)) or sum(heard) > 1, daemon, 20)
        hang.touch()
        assert wait((tmp_path / "hung").exists, daemon, 20)
        time.sleep(2.5 if what == "log" else 4 * PERIOD_S)  # log.sync_timeout_s: then it has failed
        pings(systemd)
        time.sleep(SILENT_S)
        assert pings(systemd) == 0
        hang.unlink()
        assert what != "log" or ended(daemon, 60) == 74
