"""`tradebot gateway` prints one line, serves, and ends cleanly; bad input is one line on stderr."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from cli.main import main
from storage.tape import write
from tests.venues.topstepx.gateway import SHORT

ROOT = Path(__file__).parents[2]
CONFIG = ["--config", str(ROOT / "config.toml")]


@pytest.fixture
def tape_file(tmp_path):
    path = tmp_path / "tape.parquet"
    write(path, SHORT)
    return str(path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_where_it_is_serves_and_exits_0(tape_file, tmp_path, number):
    ledger = tmp_path / "ledger.jsonl"
    env = os.environ | {"PYTHONPATH": str(ROOT), "TOPSTEPX_API_KEY": "canary-key"}
    command = [
        sys.executable, "-m", "cli.main", "gateway", "--tape", tape_file, "--speed", "1",
        "--port", "0", "--ledger", str(ledger), *CONFIG,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=ROOT
    ) as process:
        where = json.loads(process.stdout.readline())
        with urllib.request.urlopen(where["rest"] + "/sim/clock") as answer:
            clock = json.load(answer)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
    assert set(where) == {
        "rest", "user_hub", "market_hub", "username", "api_key", "account_id", "contract_id",
    }  # fmt: skip
    assert where["api_key"] == "canary-key" and clock["speed"] == 1.0
    assert (process.returncode, rest) == (0, "") and "canary-key" not in errors
    assert "Traceback" not in errors and ledger.read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("given", "code", "why"),
    [
        (["--tape", "none.parquet"], 2, "no such tape"),
        (["--speed", "-1"], 2, "expected a number from 0"),
        (["--faults", "none.json"], 2, "none.json"),
        (["--ledger", "none/ledger.jsonl"], 2, "No such file"),
        (["--config", "none.toml"], 78, "no such file"),
    ],
)
def test_bad_input_is_one_line_on_stderr(
    tape_file, capsys, monkeypatch, tmp_path, given, code, why
):
    monkeypatch.chdir(tmp_path)
    assert main(["gateway", "--tape", tape_file, *CONFIG, *given]) == code
    out, err = capsys.readouterr()
    assert out == "" and why in err and err.count("\n") == 1


def test_a_tape_of_another_tick_is_refused(tape_file, capsys, monkeypatch):
    monkeypatch.setenv("TRADEBOT_INSTRUMENT_SYMBOL", "MGC")
    monkeypatch.setenv("TRADEBOT_CONTROLS_INSTRUMENTS", '["MGC"]')
    assert main(["gateway", "--tape", tape_file, *CONFIG]) == 2
    assert "set instrument.symbol" in capsys.readouterr().err


def test_a_ledger_on_a_full_disk_is_no_fault_of_the_port(tape_file):
    words = ["gateway", "--tape", tape_file, *CONFIG, "--port", "0", "--ledger", "/dev/full"]
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tradebot: /dev/full: No space left on device\n"


def test_a_port_that_is_taken_is_refused(tape_file, capsys):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["gateway", "--tape", tape_file, *CONFIG, "--port", port]) == 2
    assert "--port" in capsys.readouterr().err
