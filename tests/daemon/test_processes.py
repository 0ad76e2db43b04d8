"""The daemon as its users meet it: exit codes and one line on stderr, from real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from core.reasons import Reason
from storage import lock
from storage.wal import read
from tests.campaign.audit import Truth
from tests.campaign.rig import ROOT, Rig, ended, wait
from tests.daemon.parts import record, wal
from tests.daemon.proven import let_pass

pytestmark = pytest.mark.slow


def run(folder, *words, stdin=None, **env):
    """`tradebot run` to its end: code, last line of stdout, lines of stderr."""
    command = [sys.executable, "-m", "cli.main", "run", "--json"]
    command += ["--state", str(folder / "state"), "--wal", str(folder / "wal"), *words]
    given = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEBOT_", "TOPSTEPX_"))}
    given |= {"PYTHONPATH": str(ROOT), "TRADEBOT_LOG_BALLAST_MB": "0"}
    given |= {"TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_VENUE_BACKOFF_S": "0.01"}
    done = subprocess.run(
        command, env=given | env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


NOWHERE = {
    "TRADEBOT_VENUE_REST_URL": "http://127.0.0.1:9",
    "TOPSTEPX_USERNAME": "a",
    "TOPSTEPX_API_KEY": "b",
}
LIVE = {
    "TRADEBOT_RUN_MODE": "live",
    "TRADEBOT_LIVE_ARMED": "true",
    "TRADEBOT_VENUE_ACCOUNT_ID": "5",
    "TRADEBOT_VENUE_USER_HUB_URL": "http://127.0.0.1:9/hubs/user",
    "TRADEBOT_VENUE_MARKET_HUB_URL": "http://127.0.0.1:9/hubs/market",
}


@pytest.mark.parametrize(
    ("env", "code", "line"),
    [
        ({"TRADEBOT_RISK_CONTRACTS": "many"}, 78, "risk.contracts: expected a whole number"),
        ({"TRADEBOT_RUN_MODE": "paper"}, 78, "run.mode: paper is not built"),
        ({"TRADEBOT_RUN_MODE": "live"}, 78, "run.mode: live needs live.armed"),
        ({"TRADEBOT_PATHS_TAPE": "/none.parquet"}, 2, "/none.parquet: no such tape"),
        ({"TRADEBOT_VENUE_REST_URL": "http://127.0.0.1:9"}, 78, "TOPSTEPX_USERNAME: no credential"),
        (NOWHERE, 70, "mode sim needs our simulator at venue.rest_url"),
    ],
)
def test_what_cannot_start_says_why_in_one_line(tmp_path, env, code, line):
    got, out, errors = run(tmp_path, **env)
    assert (got, out, len(errors)) == (code, "", 1), errors
    assert line in errors[0]
    assert not list((tmp_path / "wal").glob("*.jsonl")) or "venue" in line


@pytest.mark.parametrize("key", ["state", "wal"])
def test_a_path_that_is_a_file_is_one_line_about_the_key(tmp_path, key):
    (tmp_path / key).write_text("")
    code, _, errors = run(tmp_path)
    assert (code, len(errors)) == (78, 1), errors
    assert errors[0].startswith(f"tradebot: config.toml: paths.{key}: {tmp_path / key}: ")


@pytest.mark.parametrize("place", ["wal", "state"])
def test_a_second_daemon_leaves_at_once_without_touching_anything(tmp_path, place):
    """Of the same state too: it would take the first one's commands, then its way to hear them."""
    (tmp_path / place).mkdir()
    held = lock.take(tmp_path / place)
    try:
        began = time.monotonic()
        code, _, errors = run(tmp_path, TRADEBOT_VENUE_REST_URL="http://127.0.0.1:9")
        took = time.monotonic() - began
    finally:
        os.close(held)
    assert (code, len(errors)) == (75, 1), errors
    assert "another daemon" in errors[0]
    assert [path.name for path in (tmp_path / place).iterdir()] == [lock.NAME]
    assert took < 20  # most of it the interpreter's start on a busy machine


@pytest.fixture
def rig(tmp_path):
    with Rig(tmp_path / "rig", 20.0, {"SIGNALS_CYCLE_S": "20"}, []) as rig:
        yield rig


def last_line(rig):
    return rig.errors.read_text().splitlines()[-1]


def test_wrong_credentials_and_a_corrupt_log_are_one_line_each(rig):
    key = rig.env["TOPSTEPX_API_KEY"]
    rig.env["TOPSTEPX_API_KEY"] = "CANARY"
    assert ended(rig.start(), 30) == 78
    assert "TOPSTEPX_API_KEY" in last_line(rig) and "CANARY" not in rig.errors.read_text()
    rig.env["TOPSTEPX_API_KEY"] = key
    daemon = rig.start()
    assert wait(lambda: '"event": "ready"' in rig.errors.read_text(), daemon, 30)
    daemon.kill()
    daemon.wait()
    (segment,) = rig.segments()
    raw = bytearray(segment.read_bytes())
    raw[100] ^= 1  # in the first record: others follow, however soon the kill came
    segment.write_bytes(raw)
    assert ended(rig.start(), 30) == 74
    assert f"{segment}:" in last_line(rig) and "damage with true records after it" in last_line(rig)
    assert segment.read_bytes() == raw


def test_a_log_that_is_held_keeps_a_second_daemon_from_the_venue(rig):
    daemon = rig.start()
    assert wait(lambda: '"event": "ready"' in rig.errors.read_text(), daemon, 30)
    logins = rig.ledger.read_text().count("Auth/loginKey")
    assert ended(rig.start(), 30) == 75
    assert rig.ledger.read_text().count("Auth/loginKey") == logins
    daemon.send_signal(signal.SIGTERM)
    assert ended(daemon, 30) == 0


def test_the_simulator_dies_with_a_killed_daemon(tmp_path):
    folder = tmp_path
    ledger = folder / "state" / "gateway-ledger.jsonl"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TRADEBOT_SIGNALS_STRATEGY": "cycle"}
    command = [sys.executable, "-m", "cli.main", "run", "--json"]
    command += ["--state", str(folder / "state"), "--wal", str(folder / "wal")]
    with (folder / "errors").open("wb") as errors:
        daemon = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=errors
        )
    assert wait(lambda: b'"ready"' in (folder / "errors").read_bytes(), daemon, 30)
    daemon.kill()
    daemon.wait()
    ended_at = time.monotonic() + 10
    while '"kind":"stop"' not in ledger.read_text() and time.monotonic() < ended_at:
        time.sleep(0.05)
    assert '"kind":"stop"' in ledger.read_text()


def test_a_sigterm_to_the_whole_group_still_ends_flat(tmp_path):
    command = [sys.executable, "-m", "cli.main", "run", "--json"]
    command += ["--state", str(tmp_path / "state"), "--wal", str(tmp_path / "wal")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TRADEBOT_SIGNALS_STRATEGY": "cycle"}
    with (tmp_path / "errors").open("wb") as errors, (tmp_path / "report").open("wb") as report:
        daemon = subprocess.Popen(
            command, env=env, cwd=ROOT, stdout=report, stderr=errors, start_new_session=True
        )
    assert wait(lambda: b'"ready"' in (tmp_path / "errors").read_bytes(), daemon, 30)
    os.killpg(daemon.pid, signal.SIGTERM)
    assert ended(daemon, 30) == 0
    told = json.loads((tmp_path / "report").read_bytes())
    assert (told["position"], told["open_orders"], told["ended"]) == (0, 0, "signal SIGTERM")


@pytest.mark.parametrize(("crashed", "code"), [(False, 0), (True, 73)])
def test_a_stop_before_the_venue_was_reached_tells_by_the_log_if_anything_is_open(
    tmp_path, crashed, code
):
    if crashed:
        with wal(tmp_path / "wal") as log:
            log.append(record(log.seq + 1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        here = {"TRADEBOT_VENUE_REST_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        env = {**os.environ, **NOWHERE, **LIVE, **here, "PYTHONPATH": str(ROOT)}
        env |= {"TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_VENUE_REQUEST_TIMEOUT_S": "0.5"}
        env["TRADEBOT_LIVE_EVIDENCE"] = str(let_pass(tmp_path / "evidence"))
        command = [sys.executable, "-m", "cli.main", "run", "--json"]
        command += ["--state", str(tmp_path / "state"), "--wal", str(tmp_path / "wal")]
        with (tmp_path / "errors").open("wb") as errors:
            daemon = subprocess.Popen(command, env=env, cwd=ROOT, stderr=errors)
        with silent.accept()[0]:
            daemon.send_signal(signal.SIGTERM)
            assert ended(daemon, 30) == code
    assert "the venue cannot be reached" in (tmp_path / "errors").read_text()


def test_a_venue_that_is_down_at_the_stop_leaves_the_stop_in_place_and_exit_73(tmp_path):
    exits = ("Order/modify", "Position/closeContract")
    down = [{"on": on, "nth": 1, "do": "down", "seconds": 9} for on in exits]
    down += [{"on": on, "nth": 1, "do": "lose_request"} for on in exits]
    knobs = {"SIGNALS_CYCLE_S": "20", "SUPERVISOR_STOP_TIMEOUT_S": "3.0"}
    with Rig(tmp_path / "rig", 20.0, knobs, down) as rig:
        daemon = rig.start()
        assert wait(lambda: b'"kind":"fill"' in rig.ledger.read_bytes(), daemon, 60)
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)  # its exit takes the venue down
        code, took = ended(daemon, 30), time.monotonic() - began
        assert code == 73 and (took < 8 or not standing(rig)[0])
        held, stops = standing(rig)
        assert not held or stops
        *_, last = read(rig.wal)
        assert (last.kind, last.reason) == ("RunEnded", Reason.SYS_NOT_FLAT)
        time.sleep(max(0.0, began + 10 - time.monotonic()))
        again = rig.start()
        assert wait(lambda: rig.errors.read_text().count('"event": "ready"') > 1, again, 30)
        again.send_signal(signal.SIGTERM)
        assert ended(again, 30) == 0
        assert rig.open_at_venue() == ([], [])


def standing(rig):
    """Contracts held, and stops that work, by the gateway's own books."""
    truth = Truth(rig.ledger)
    orders = {line["order"]["id"]: line["order"] for line in truth.rows("order")}
    working = [row for row in orders.values() if (row["status"], row["type"]) == (1, 4)]
    return ([0, *truth.positions()])[-1], working
