"""The unit hung, stopped and restarted, again and again at one gateway, judged by its ledger.

`TRIALS=20 pytest -m systemd tests/systemd/test_again.py -s` tries each so often.
"""

import json
import os
import random
import time

from tests.campaign.audit import Truth, closed, harm
from tests.campaign.rig import ALWAYS
from tests.systemd.host import LEDGER
from tests.systemd.test_unit import CANARY, READY_S, systemd, told

TRIALS = int(os.environ.get("TRIALS", "1"))
SPEED = 2  # the tape's hour then lasts half an hour


@systemd
def test_hangs_stops_and_restarts_do_no_harm(host, tmp_path):
    chance = random.Random(f"{TRIALS} trials")
    host.environment(**ALWAYS, SIGNALS_CYCLE_S=6)
    host.gateway("canary-user", CANARY, SPEED, **ALWAYS)
    host.start()
    for _ in range(TRIALS):
        for ending in (hang, stop, restart):
            more = orders(host) + 1
            host.until(lambda more=more: orders(host) >= more, 60)
            time.sleep(chance.uniform(0, 4))  # wherever it is then: entering, in, getting out
            began = time.monotonic()
            ending(host)
            told(f"{ending.__name__}, {orders(host)} orders so far", began)
            host.sh("systemctl reset-failed")  # and forget how often it was started
    host.stop()
    host.fetch(tmp_path)
    assert harm(Truth(tmp_path / "ledger.jsonl"), tmp_path / "wal", []) == []
    assert closed(tmp_path / "wal") is None


def orders(host):
    return len(host.records("PlaceOrder"))


def hang(host):
    old = host.pid()
    host.sh(f"kill -STOP {old}")
    host.until(lambda: host.pid() not in (0, old), 60)
    host.until(lambda: host.show("ActiveState")["ActiveState"] == "active", READY_S)


def stop(host):
    """Flat by the gateway's own books; then started anew."""
    host.stop()
    assert flat(host)
    host.start()


def restart(host):
    before = len(host.records("RunEnded"))
    host.sh("systemctl restart tradebot")
    ended = host.records("RunEnded")
    assert len(ended) == before + 1
    assert ended[-1]["reason"] == "SYS_CLEAN_CLOSE"


def flat(host):
    rows = [json.loads(line) for line in host.sh(f"cat {LEDGER}").splitlines()]
    held = [row["position"]["size"] for row in rows if row["kind"] == "position"]
    return not held or held[-1] == 0
