import json
import os
import shutil
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from cli import doctor, machine
from core.config import load
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from daemon.build import folding
from storage import lock, sentinel, snapshot
from storage.segments import segments
from tests.cli.test_wal import GOLDEN
from tests.storage.logs import fill_log
from tests.venues.topstepx.gateway import gateway

CONFIG = Path(__file__).parents[2] / "config.toml"
MACHINE = {"clock", "disk state", "disk wal"}
CANARY = "canary-5d1e0c77"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """State and log of our own, and no credentials from outside."""
    monkeypatch.setenv("TRADEBOT_PATHS_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TRADEBOT_PATHS_WAL", str(tmp_path / "wal"))
    for name in ("TOPSTEPX_USERNAME", "TOPSTEPX_API_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def examined(capsys, config=CONFIG):
    """The exit code and, by check, what was said."""
    code = doctor.main(["--config", str(config), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] == (code == EXIT_OK)
    return code, {row["check"]: row for row in told["checks"]}


def test_a_fresh_checkout_is_well_and_nothing_is_left_behind(place, capsys):
    code, rows = examined(capsys)
    assert code == EXIT_OK
    # What hangs on the machine of the moment, its clock and a slow disk, may warn.
    assert {row["state"] for row in rows.values() if row["check"] not in MACHINE} == {"ok"}
    assert list(place.iterdir()) == []


def test_each_check_is_one_line_for_a_person(place, capsys):
    assert doctor.main(["--config", str(CONFIG)]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert [line[:5].strip() in ("ok", "warn") for line in lines] == [True] * 12


@pytest.mark.parametrize(
    ("key", "value", "check", "says"),
    [
        ("RISK_CONTRACTS", "-1", "config", "risk.contracts: expected a finite number above zero"),
        ("RUN_MODE", "live", "config", "live needs live.armed = true"),
        ("MODEL_PATH", "none.onnx", "model", "no such file"),
        ("MODEL_SHA256", "00", "model", "differs from the pin"),
        ("PATHS_TAPE", "none.parquet", "tape", "no such tape"),
        ("INSTRUMENT_SYMBOL", "MGC", "tape", "is not MGC's"),
        ("PATHS_STATE", f"{CONFIG}/below", "disk state", "Not a directory"),
        ("LOG_BALLAST_MB", "999999", "disk wal", "MB free"),
        ("LOG_SYNC_TIMEOUT_S", "0.0000001", "disk wal", "slowest of 5 syncs"),
        ("VENUE_REST_URL", "http://127.0.0.1:1", "credentials", "no credential"),
        ("VENUE_REST_URL", "http://127.0.0.1:1", "venue", "ClientConnectorError"),
        ("VENUE_REST_URL", "nonsense", "venue", "InvalidUrl"),
    ],
)
def test_what_would_stop_a_run_fails_here(place, capsys, monkeypatch, key, value, check, says):
    monkeypatch.setenv(f"TRADEBOT_{key}", value)
    monkeypatch.setenv("TRADEBOT_CONTROLS_INSTRUMENTS", '["MES", "MGC"]')
    code, rows = examined(capsys)
    assert code == EXIT_DIFFERENCE
    assert rows[check]["state"] == "FAIL"
    assert says in rows[check]["says"]


def test_a_sound_log_is_read_whole(place, capsys):
    fill_log(place / "wal", 9)
    _, rows = examined(capsys)
    assert rows["log"]["says"] == f"{place / 'wal'}: 9 records verified, no daemon writes it"


def test_of_a_long_log_the_newest_is_read(place, capsys, monkeypatch):
    """All of a year's would take minutes, and `wal verify` reads it."""
    shutil.copytree(GOLDEN, place / "wal")
    first, newest = segments(place / "wal")
    monkeypatch.setattr(doctor, "LONG", 1)
    first.path.write_bytes(first.path.read_bytes().replace(b"MES", b"MNQ", 1))
    _, rows = examined(capsys)
    count = 42 - newest.first
    says = f"{place / 'wal'}: 41 records, the newest {count} verified, no daemon writes it"
    assert (rows["log"]["says"].split(", no newer")[0], count < 41) == (says, True)


@pytest.mark.parametrize(("by", "state"), [(folding(), "ok"), ("another", "warn"), (None, "warn")])
def test_a_start_that_has_to_read_a_long_log_is_told_of(place, capsys, monkeypatch, by, state):
    """After an update no snapshot holds."""
    monkeypatch.setattr(doctor, "LONG", 9)
    fill_log(place / "wal", 9)
    if by:
        snapshot.save(place / "wal", 8, {"build": by}, 3)
    _, rows = examined(capsys)
    assert rows["log"]["state"] == state
    assert ("the next start reads 9 of them" in rows["log"]["do"]) == (state == "warn")


def test_a_torn_log_warns_and_a_corrupt_one_fails(place, capsys):
    lines = fill_log(place / "wal", 9)
    (path,) = (place / "wal").glob("*.jsonl")
    path.write_bytes(b"".join(lines)[:-9])
    code, rows = examined(capsys)
    assert (code, rows["log"]["state"]) == (EXIT_OK, "warn")
    path.write_bytes(b"".join(lines[:3] + lines[4:]))
    code, rows = examined(capsys)
    assert (code, rows["log"]["state"]) == (EXIT_DIFFERENCE, "FAIL")


def test_a_log_of_another_user_fails_and_the_other_checks_are_told(place, capsys, monkeypatch):
    def forbidden(directory):
        raise PermissionError(13, "Permission denied", f"{directory}/wal.lock")

    fill_log(place / "wal", 9)
    monkeypatch.setattr(doctor.lock, "held", forbidden)
    _, rows = examined(capsys)
    assert rows["log"]["says"] == f"{place / 'wal'}/wal.lock: Permission denied"
    assert (rows["log"]["state"], rows["kill switch"]["state"]) == ("FAIL", "ok")


def test_half_a_line_of_a_live_daemon_is_no_damage(place, capsys):
    lines = fill_log(place / "wal", 9)
    (path,) = (place / "wal").glob("*.jsonl")
    path.write_bytes(b"".join(lines)[:-9])
    held = lock.take(place / "wal")
    try:
        _, rows = examined(capsys)
    finally:
        os.close(held)
    assert rows["log"]["state"] == "ok"
    assert rows["log"]["says"].endswith("8 records verified, a daemon writes it")


def test_a_thrown_kill_switch_is_named_with_its_remedy(place, capsys):
    sentinel.create(place / "state", "ada", "storm", 1_700_000_000_000_000_000)
    _, rows = examined(capsys)
    assert rows["kill switch"]["state"] == "warn"
    assert "by ada, why storm" in rows["kill switch"]["says"]
    assert "rearm" in rows["kill switch"]["do"]


async def test_login_names_account_and_contract_and_never_the_key(place, monkeypatch):
    async with gateway() as client:
        rows = await venue_rows(monkeypatch, client.where, client.where["api_key"])
        assert [row.state for row in rows] == ["ok", "ok"]
        assert f"account {client.where['account_id']}" in rows[1].says
        assert client.where["api_key"] not in repr(rows)


async def test_a_wrong_key_fails_the_login_and_is_not_shown(place, monkeypatch):
    async with gateway() as client:
        rows = await venue_rows(monkeypatch, client.where, CANARY)
        assert [row.state for row in rows] == ["ok", "FAIL"]
        assert "TOPSTEPX_API_KEY" in rows[1].says
        assert CANARY not in repr(rows)


async def test_an_account_that_may_only_leave_is_a_warning(place, monkeypatch):
    async with gateway(faults=[{"on": "start", "do": "can_trade"}]) as client:
        monkeypatch.setenv("TRADEBOT_VENUE_ACCOUNT_ID", str(client.where["account_id"]))
        rows = await venue_rows(monkeypatch, client.where, client.where["api_key"])
        assert [row.state for row in rows] == ["ok", "warn"]
        assert "may not trade: exits only" in rows[1].says


async def venue_rows(monkeypatch, where, key):
    monkeypatch.setenv("TOPSTEPX_USERNAME", where["username"])
    monkeypatch.setenv("TOPSTEPX_API_KEY", key)
    monkeypatch.setenv("TRADEBOT_VENUE_REST_URL", where["rest"])
    return await doctor.gateway(load(CONFIG))


def test_credentials_are_found_but_not_shown(place, capsys, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(place))
    monkeypatch.setenv("TRADEBOT_VENUE_REST_URL", "http://127.0.0.1:1")
    for name in ("topstepx_username", "topstepx_api_key"):
        (place / name).write_text(CANARY)
        (place / name).chmod(0o600)
    _, rows = examined(capsys)
    assert rows["credentials"]["says"] == f"both there, from {place}"
    assert CANARY not in repr(rows)
    (place / "topstepx_api_key").chmod(0o644)
    _, rows = examined(capsys)
    assert rows["credentials"]["state"] == "warn"


@pytest.mark.parametrize(
    ("date", "now_s", "skew"),
    [
        (formatdate(1000, usegmt=True), 1000.5, 0.0),
        (formatdate(1000, usegmt=True), 990.5, 10.0),
        ("", 1000.0, None),
        ("yesterday", 1000.0, None),
    ],
)
def test_the_venues_clock_is_read_from_its_date(date, now_s, skew):
    assert doctor.skew_s(date, now_s) == skew


def test_a_clock_that_goes_back_fails(monkeypatch):
    times = iter(range(1000, 0, -1))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(times))
    assert machine.clock().state == "FAIL"
