"""A word with the daemon: over its local API where one runs, by the kill file where none does."""

import asyncio
import json
import socket
from contextlib import contextmanager
from pathlib import Path
from threading import Thread, Timer

import pytest

from cli import control
from daemon.api import Api
from storage import sentinel

STATUS = {
    "state": "ACTIVE", "why": "RISK_PASS", "ready": True, "position": -1, "average": "5000.25",
    "price": 5000.5, "flat": True, "equity": "999.5", "realised": "0", "budget_left": "49.50",
    "basis": "dollars", "tightened": [
        {"reason": "RISK_SPREAD", "why": "a spread of 3 ticks", "by": "risk",
         "reopens": "by itself at 1 tick"},
    ],
    "limits": [{"rule": "RISK_KILL", "used": "0.5", "limit": "300.00", "left": "299.5"}],
    "counts": [{"rule": "RISK_LOSSES_IN_ROW", "used": 2, "limit": 5, "left": 3}],
    "orders": [{"tag": "r1-1-SL", "purpose": "STOP", "side": 1, "left": 1, "price": "5002.25",
                "life": "WORKING"}],
    "actors": {"risk": {"waiting": 3, "conflated": 0}}, "at": 1, "reopens": "", "off": [],
    "alarm_at": 0, "rules": [{"rule": "RISK_KILL", "says": "ok   RISK_KILL: 0.50 against 300.00"}],
}  # fmt: skip

LOSSES = "limit      RISK_LOSSES_IN_ROW: 2 of 5 used, 3 left"
TIGHT = "tightened  RISK_SPREAD by risk: a spread of 3 ticks; ends: by itself at 1 tick"


@contextmanager
def daemon(state, seen, seq=42):
    """The daemon's own API in a thread, with a canned status; `seen` gets the commands."""
    loop, api = asyncio.new_event_loop(), None
    api = Api(state, 0, lambda: STATUS, lambda *word: seen.append(word) or seq)
    thread = Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(api.start(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(api.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_flat_means_our_contract_and_others_are_named(tradebot, tmp_path, monkeypatch):
    monkeypatch.setitem(STATUS, "others", 2)
    with daemon(tmp_path, []):
        said = tradebot("kill", "--state", tmp_path, "--by", "ada", "--why", "news")[1]
        told = json.loads(tradebot("flatten", "--state", tmp_path, "--json")[1])
        shown = tradebot("status", "--state", tmp_path)[1]
    assert said.endswith(", proven flat at the venue, 2 in other contracts left as they are\n")
    assert (told["flat"], told["others"]) == (True, 2)
    assert ", 2 in other contracts left as they are\n" in shown


@pytest.mark.parametrize("verb", ["pause", "resume", "flatten", "kill", "rearm", "enable", "ack"])
def test_a_command_reaches_the_daemon_with_who_and_why(tradebot, tmp_path, verb):
    seen = []
    with daemon(tmp_path, seen):
        told = tradebot(verb, "--state", tmp_path, "--by", "ada", "--why", "news at 14:30")
        shown = tradebot(verb, "--state", tmp_path, "--by", "ada", "--why", "news", "--json")
    proof = ", proven flat at the venue" if verb in ("kill", "flatten") else ""
    assert told == (0, f"{verb}: record 42{proof}\n", "")
    assert json.loads(shown[1])["seq"] == 42
    assert seen == [(verb, "ada", "news at 14:30"), (verb, "ada", "news")]
    assert sentinel.read(tmp_path) is None  # where a daemon runs, the file is its own


@pytest.mark.parametrize("verb", ["kill", "flatten"])
def test_a_flatten_is_not_done_before_the_venue_is_proven_flat(
    tradebot, tmp_path, monkeypatch, verb
):
    monkeypatch.setitem(STATUS, "flat", False)
    with daemon(tmp_path, []):
        code, out, _ = tradebot(verb, "--state", tmp_path, "--wait", "0.2")
        assert (code, out.partition(":")[0]) == (73, verb) and "NOT proven flat" in out
        assert tradebot(verb, "--state", tmp_path, "--wait", "0")[0] == 0
        Timer(0.3, STATUS.update, [{"flat": True}]).start()
        assert tradebot(verb, "--state", tmp_path)[0] == 0


def test_who_and_why_need_not_be_given_but_for_a_rearm(tradebot, tmp_path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "grace")
    seen = []
    with daemon(tmp_path, seen):
        assert tradebot("pause", "--state", tmp_path)[0] == 0
        for verb in ("rearm", "enable"):
            code, out, err = tradebot(verb, "--state", tmp_path, "--by", "ada")
            said = f"tradebot: {verb} needs --by NAME and --why TEXT\n"
            assert (code, out, err) == (2, "", said)
    assert seen == [("pause", "grace", "pause")]


def test_who_has_no_name_kills_by_number(tradebot, tmp_path, monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    assert tradebot("kill", "--state", tmp_path)[0] == 73
    assert "by user 54321" in sentinel.read(tmp_path)


def test_status_is_a_screen_or_one_object(tradebot, tmp_path):
    with daemon(tmp_path, []):
        code, out, _ = tradebot("status", "--state", tmp_path)
        shown = tradebot("status", "--state", tmp_path, "--json")[1]
    assert code == 0 and json.loads(shown) == STATUS
    assert out.splitlines()[:4] == [
        "state      ACTIVE (RISK_PASS), ready",
        TIGHT,
        "position   -1 @ 5000.25, price 5000.5",
        "equity     999.50 dollars, realised 0.00",
    ]
    assert "limit      RISK_KILL: 0.50 of 300.00 used, 299.50 left\n" + LOSSES in out
    assert "order      r1-1-SL STOP +1 x 1 at 5002.25, WORKING" in out


def test_a_watcher_who_has_only_that_token_sees_and_cannot_command(tradebot, tmp_path):
    seen = []
    with daemon(tmp_path, seen):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "watch.json").write_text((tmp_path / "watch.json").read_text())
        looked = tradebot("status", "--state", tmp_path / "mine", "--json")
        tried = tradebot("pause", "--state", tmp_path / "mine")
        killed = tradebot("kill", "--state", tmp_path / "mine")
    assert looked[0] == 0 and json.loads(looked[1]) == STATUS
    assert tried[0] == 1 and seen == []
    assert killed[:2] == (2, "") and "nothing was done" in killed[2]
    assert sentinel.read(tmp_path / "mine") is None


def test_risk_is_a_line_a_rule_or_one_object(tradebot, tmp_path, monkeypatch):
    monkeypatch.setitem(STATUS, "state", "PAUSED")
    monkeypatch.setitem(STATUS, "reopens", "tradebot resume")
    with daemon(tmp_path, []):
        code, out, _ = tradebot("risk", "--state", tmp_path)
        shown = json.loads(tradebot("risk", "--state", tmp_path, "--json")[1])
    assert code == 0 and out.splitlines() == [
        "state      PAUSED (RISK_PASS), re-opened by: tradebot resume",
        "equity     999.50 dollars, 49.50 of budget left",
        "limits     in dollars",
        TIGHT,
        LOSSES,
        "ok   RISK_KILL: 0.50 against 300.00",
    ]
    assert shown["rules"] == STATUS["rules"] and "orders" not in shown


@pytest.mark.parametrize("verb", ["status", "risk", "pause", "resume", "flatten"])
@pytest.mark.parametrize(
    "left", [None, "{}", "[1]", "half a li", '{"port": 9, "token": "t", "pid": 1}']
)
def test_where_no_daemon_answers_one_line_says_so(tradebot, tmp_path, verb, left):
    if left is not None:
        (tmp_path / "api.json").write_text(left)
    code, out, err = tradebot(verb, "--state", tmp_path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert f"no daemon answers for {tmp_path}" in err and "tradebot run" in err


def test_a_daemon_that_hangs_is_not_told_to_be_started(tradebot, tmp_path, monkeypatch):
    monkeypatch.setattr(control, "TIMEOUT_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as hung:  # the kernel connects, nobody reads
        where = {"port": hung.getsockname()[1], "token": "t", "pid": 1}
        (tmp_path / "api.json").write_text(json.dumps(where))
        code, out, err = tradebot("status", "--state", tmp_path)
    assert (code, out) == (1, "")
    assert err.endswith(": one is there, and says nothing for 0.1 s\n")


def test_kill_and_rearm_work_without_a_daemon_by_the_file(tradebot, tmp_path):
    state = tmp_path / "state"
    code, out, _ = tradebot("kill", "--state", state, "--by", "ada", "--why", "storm")
    assert code == 73 and out.startswith(f"kill: no daemon answers for {state}: the kill file is")
    assert "NOT proven flat yet" in out and "look at the venue" in out
    assert "by ada, why storm" in sentinel.read(state)
    code, out, _ = tradebot("rearm", "--state", state, "--by", "ada", "--why", "sun", "--json")
    assert code == 0 and json.loads(out)["seq"] is None
    assert sentinel.read(state) is None
    elsewhere = tmp_path / "elsewhere"
    for nothing in (state, elsewhere):  # a rearm of the wrong place is none
        code, out, err = tradebot("rearm", "--state", nothing, "--by", "ada", "--why", "sun")
        assert (code, out) == (1, "") and f"no daemon answers for {nothing}" in err
    assert not elsewhere.exists()


@pytest.mark.parametrize(
    ("text", "code"), [('state = "{}"\nspeed = 1', 0), ("state = 5", 78), ("state = ", 78)]
)
def test_a_config_that_could_not_start_a_daemon_stops_no_kill(tradebot, tmp_path, text, code):
    """The one that runs was started before somebody edited it."""
    config, state, seen = tmp_path / "edited.toml", tmp_path / "state", []
    config.write_text("[paths]\n" + text.format(state))
    state.mkdir()
    with daemon(state, seen):
        got, _, err = tradebot("kill", "--config", config, "--by", "ada", "--why", "storm")
    assert got == code and seen == ([] if code else [("kill", "ada", "storm")])
    assert err.count("\n") == bool(code) and (str(config) in err or not code)


@pytest.mark.parametrize("writable", [True, False])
def test_a_kill_needs_no_file_of_the_daemons_that_is_readable(
    tradebot, tmp_path, monkeypatch, writable
):
    """Its token is another user's; the state directory may be a group's."""

    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", forbidden)
    if not writable:
        monkeypatch.setattr(sentinel, "create", forbidden)
    code, out, err = tradebot("kill", "--state", tmp_path, "--by", "ada", "--why", "storm")
    assert (tmp_path / sentinel.NAME).exists() is writable
    assert code == (73 if writable else 2) and (out + err).count("\n") == 1
    assert ("NOT proven flat" in out) is writable
    assert tradebot("pause", "--state", tmp_path)[0] == 2


def test_a_kill_that_cannot_be_written_is_one_line_and_no_success(tradebot, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = tradebot("kill", "--state", tmp_path / "file", "--by", "ada")
    assert (code, out, err.count("\n")) == (78, "", 1)
    assert "paths.state" in err and str(tmp_path / "file") in err


def test_a_refused_word_is_passed_on(tradebot, tmp_path):
    with daemon(tmp_path, []):
        where = json.loads((tmp_path / "api.json").read_text())
        (tmp_path / "api.json").write_text(json.dumps({**where, "token": "stolen"}))
        code, _, err = tradebot("pause", "--state", tmp_path)
        killed = tradebot("kill", "--state", tmp_path, "--by", "ada", "--why", "storm")
    assert code == 2 and err == "tradebot: bad token\n"
    assert killed[0] == 73 and "bad token" in killed[1] and "NOT proven flat" in killed[1]
    assert "by ada, why storm" in sentinel.read(tmp_path)  # its daemon may have a new token
