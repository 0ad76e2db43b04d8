"""The unit under a real systemd: start, stop, crash, hang, refusal, and a secret that stays one."""

import subprocess
import time

import pytest

from tests.systemd.host import PLACE, STATE, WAL, unit

systemd = pytest.mark.systemd
CANARY = "canary-7f3a91c0d2e84b56"
READY_S = 120


@systemd
def test_the_sandbox_scores_better_than_two():
    words = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit())]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@systemd
def test_systemd_finds_no_fault_in_the_unit(host):
    host.sh("systemd-analyze verify /etc/systemd/system/tradebot.service")


@systemd
def test_a_start_waits_for_ready_and_a_stop_ends_flat(host):
    host.environment(SIGNALS_STRATEGY="cycle", RUN_SPEED="60")
    began = time.monotonic()
    host.start()
    told("start to ready", began)
    assert host.show("ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}
    assert '"event": "ready"' in host.sh("journalctl -b -u tradebot")
    host.until(lambda: host.records("Fill"), 60)
    began = time.monotonic()
    host.stop()
    told("stop to flat", began)
    last = host.records("RunEnded")[-1]
    assert last["reason"] == "SYS_CLEAN_CLOSE"
    assert (last["msg"]["position"], last["msg"]["open_orders"]) == (0, 0)


@systemd
def test_after_a_kill_it_comes_back_and_goes_on_with_the_same_log(host):
    trade_through_a_gateway(host)
    seen = host.records("PlaceOrder")[-1]["seq"]
    began = time.monotonic()
    restart(host, "KILL")
    told("kill -9 to ready", began)
    host.until(lambda: host.records("PlaceOrder")[-1]["seq"] > seen, 60)
    stop_flat(host)


@systemd
def test_a_hung_daemon_is_ended_by_the_watchdog_and_comes_back(host):
    trade_through_a_gateway(host)
    began = time.monotonic()
    restart(host, "STOP")
    told("hang to ready", began)
    assert "watchdog" in host.sh("journalctl -b -u tradebot").lower()
    stop_flat(host)


@systemd
def test_a_start_that_reads_a_long_log_has_the_time_for_it(host):
    """So too one that waits for the venue: by their word, beyond the limit of the unit."""
    start = "systemd-run -p Type=notify -p TimeoutStartSec=8"
    place = PLACE.removeprefix("Environment=").strip().replace(" ", " -E ")
    python = f"-E {place} /opt/tradebot/.venv/bin/python -c"
    words = "import time; from daemon import health; {}; time.sleep(10); health.notify('READY=1')"
    for said, ends in (("health.more_time('x')", "yes"), ("pass", "no")):
        command = f'{start} {python} "{words.format(said)}" 2>/dev/null && echo yes || echo no'
        assert host.sh(command).strip() == ends


@systemd
def test_a_refused_configuration_fails_once_and_is_not_tried_again(host):
    host.environment(RISK_CONTRACTS="-1")
    assert "failed" in host.sh("systemctl start tradebot 2>&1 || true")
    shown = host.show("ActiveState", "Result", "ExecMainStatus", "NRestarts")
    assert shown == {
        "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "78", "NRestarts": "0",
    }  # fmt: skip
    assert "risk.contracts: expected a finite number above zero" in host.sh("journalctl -b -n 20")


def trade_through_a_gateway(host):
    host.environment(SIGNALS_STRATEGY="cycle")
    host.gateway("canary-user", CANARY, speed=60)
    host.start()
    host.until(lambda: host.records("Fill"), 60)


def restart(host, signal):
    """Hit the daemon and wait until systemd has it ready again, in a new process."""
    old = host.pid()
    host.sh(f"kill -{signal} {old}")
    host.until(lambda: host.pid() not in (0, old), 60)
    host.until(lambda: host.show("ActiveState")["ActiveState"] == "active", READY_S)
    assert int(host.show("NRestarts")["NRestarts"]) == 1
    assert len(host.records("RunStarted")) == 2


def stop_flat(host):
    """Stop it, and look for the key wherever a stranger might."""
    host.stop()
    assert host.records("RunEnded")[-1]["reason"] == "SYS_CLEAN_CLOSE"
    everywhere = f"journalctl -b; systemctl show tradebot; cat {WAL}/* {STATE}/*"
    assert CANARY not in host.sh(f"({everywhere}) 2>/dev/null | tr -d '\\000' || true")
    assert CANARY in host.sh("cat /etc/tradebot/topstepx_api_key")


def told(what, began):
    """Seen with `pytest -s`; docs/systemd.md quotes it."""
    print(f"{what}: {time.monotonic() - began:.1f} s")
