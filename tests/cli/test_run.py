"""`tradebot run` twice in a row, as real processes: its report, and its log moved aside."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest

from cli.run import chosen, parser, placed
from core.config import load
from core.errors import EXIT_CONFIG
from tests.cli.conftest import ROOT
from tests.cli.report import START, keeps_its_promise

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("a place with spaces")


@pytest.fixture(scope="module")
def runs(place, tape):
    """Two runs into the same folders."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEBOT_", "TOPSTEPX_"))}
    given |= {"TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_SIGNALS_CYCLE_S": "20"}
    given |= {"PYTHONPATH": str(ROOT), "TRADEBOT_LOG_BALLAST_MB": "0"}
    words = [sys.executable, "-m", "cli.main", "run", "--json", "--tape", tape, "--speed", "60"]
    words += ["--state", place / "state", "--wal", place / "wal"]
    return [
        subprocess.run(
            words, cwd=ROOT, env=given, capture_output=True, text=True, timeout=120, check=False
        )
        for _ in range(2)
    ]


def test_stdout_is_one_object_with_all_that_scripts_rely_on(runs):
    for done in runs:
        told = json.loads(done.stdout)
        assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
        assert keeps_its_promise(told)
        assert (told["mode"], told["ended"]) == ("sim", "end of tape")
        assert (told["position"], told["open_orders"]) == (0, 0) and told["round_trips"] > 0
        assert told["wal"]["verified"] and told["latency_us"]["bar_to_order"]["p50"] > 0


def test_the_gateways_own_books_say_the_same_money(runs, place):
    ledger = (place / "state/gateway-ledger.jsonl").read_text()
    rows = map(json.loads, ledger.splitlines())
    balances = [Decimal(row["balance"]) for row in rows if row["kind"] in ("start", "balance")]
    firsts = [i for i, balance in enumerate(balances) if balance == START]
    told = [Decimal(json.loads(done.stdout)["net_pnl"]) for done in runs]
    assert balances[-1] == START + told[1]
    assert balances[firsts[-1] - 1] == START + told[0]


def test_stderr_is_one_json_object_a_line(runs):
    for done in runs:
        assert all(json.loads(line)["event"] for line in done.stderr.splitlines())


def test_the_second_run_says_where_the_first_ones_log_is_and_keeps_it_whole(runs, place, tradebot):
    lines = [json.loads(line) for line in runs[1].stderr.splitlines()]
    (moved,) = [line for line in lines if "moved aside" in line["event"]]
    assert "moved aside" not in runs[0].stderr
    for folder, done in ((moved["to"], runs[0]), (place / "wal", runs[1])):
        code, out, _ = tradebot("wal", "verify", "--wal", folder, "--json")
        assert code == 0
        assert json.loads(out)["records"] == json.loads(done.stdout)["wal"]["records"]


def test_the_command_line_wins_over_the_config():
    words = ["--mode", "live", "--speed", "0", "--tape", "t", "--state", "s", "--wal", "w"]
    config = chosen(load(ROOT / "config.toml"), parser().parse_args(words))
    assert (config.run.mode, config.run.speed) == ("live", 0)
    assert (config.paths.tape, config.paths.state, config.paths.wal) == ("t", "s", "w")


@pytest.mark.parametrize(("said", "told"), [
    ("run.mode: paper is not built yet", "etc/config.toml: run.mode: paper is not built yet"),
    ("models/mlp.onnx: DATA: not there", "models/mlp.onnx: DATA: not there"),
    ("TOPSTEPX_API_KEY: no credential", "TOPSTEPX_API_KEY: no credential"),
])  # fmt: skip
def test_what_is_found_wrong_with_a_key_after_the_start_names_the_file_too(said, told):
    assert placed(said, "etc/config.toml") == told


def test_a_mode_that_is_not_there_is_one_line_with_file_and_key(place):
    words = [sys.executable, "-m", "cli.main", "run", "--mode", "paper", "--state", place / "s"]
    done = subprocess.run(
        [*words, "--wal", place / "w"], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == EXIT_CONFIG
    assert "config.toml: run.mode: paper" in done.stderr.splitlines()[-1]
