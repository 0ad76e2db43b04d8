"""A live venue that is down is called again and again, until it answers or we are told to stop."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.contracts import rolls_at
from daemon.reach import past_roll
from tests import build
from tests.daemon.proven import let_pass

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"


def test_a_live_venue_that_is_down_is_tried_again_until_the_stop(tmp_path):
    env = {
        **os.environ, "PYTHONPATH": str(ROOT), "TRADEBOT_LIVE_ARMED": "true",
        "TOPSTEPX_USERNAME": "ann", "TOPSTEPX_API_KEY": "canary-7f3a",
        "TRADEBOT_VENUE_ACCOUNT_ID": "77", "TRADEBOT_VENUE_REST_URL": NOWHERE,
        "TRADEBOT_VENUE_USER_HUB_URL": f"{NOWHERE}/hubs/user",
        "TRADEBOT_VENUE_MARKET_HUB_URL": f"{NOWHERE}/hubs/market",
        "TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_VENUE_BACKOFF_S": "0.01",
        "TRADEBOT_VENUE_READ_TRIES": "1",
        "TRADEBOT_LIVE_EVIDENCE": str(let_pass(tmp_path / "evidence")),
    }  # fmt: skip
    command = [sys.executable, "-m", "cli.main", "run", "--mode", "live"]
    places = ["--state", tmp_path / "state", "--wal", tmp_path / "wal"]
    systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    systemd.bind(str(tmp_path / "notify"))
    env["NOTIFY_SOCKET"] = str(tmp_path / "notify")
    with (
        systemd,
        subprocess.Popen(
            [*command, *places], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
        ) as daemon,
    ):
        said = [daemon.stderr.readline() for _ in range(3)]
        daemon.send_signal(signal.SIGTERM)
        rest = daemon.stderr.read()
        words = systemd.recv(200).decode()
    assert all("cannot be reached" in line for line in said)
    assert words.startswith("EXTEND_TIMEOUT_USEC=600") and "venue cannot be reached" in words
    assert daemon.returncode == 0  # the log is empty: nothing can be open
    assert rest.splitlines()[-1].startswith("tradebot: the venue cannot be reached")
    assert "canary" not in "".join(said) + rest


@pytest.mark.parametrize(("contract", "late", "told"), [
    ("CON.F.US.MES.Z26", -1, False), ("CON.F.US.MES.Z26", 0, True), ("CON.F.US.XYZ.Z26", 0, True),
])  # fmt: skip
def test_a_start_with_a_contract_past_its_roll_is_told_so(contract, late, told):
    at = rolls_at("CON.F.US.MES.Z26", build.CONFIG.session.roll_days) + late
    assert (contract in past_roll(build.CONFIG, contract, at)) is told
