"""One tape, three runners: live over real sockets, backtest and replay say the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.replay import replay
from core import config as configs
from core.messages import Bar, Intent, Prediction, RunStarted
from daemon import wiring
from research.backtest import backtest
from research.parity import compare
from storage import tape as tapes
from storage.tape import Tape
from storage.wal import read

ROOT = Path(__file__).parents[1]
MINUTES, SPEED = 6, 60


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """The first minutes of the recorded hour."""
    whole = tapes.read(ROOT / "data/es_20231225.parquet")
    keep = whole.columns["at"] < whole.start + MINUTES * 60 * 10**9
    path = tmp_path_factory.mktemp("tape") / "cut.parquet"
    tapes.write(path, Tape(whole.about, {k: v[keep] for k, v in whole.columns.items()}))
    return path


@pytest.fixture(scope="module")
def live(cut, tmp_path_factory):
    """A real run: gateway in its own process, REST and SignalR, fsync; its report and its log."""
    place = tmp_path_factory.mktemp("live")
    env = {**os.environ, "TRADEBOT_SIGNALS_STRATEGY": "cycle", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "run", "--tape", cut, "--speed", str(SPEED), "--json",
         "--state", place / "state", "--wal", place / "wal"],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), [line.record for line in read(place / "wal")]


def test_a_live_run_ends_flat_and_its_books_balance(live):
    report, _ = live
    assert report["ended"] == "end of tape"
    assert (report["position"], report["open_orders"]) == (0, 0)
    assert report["round_trips"] >= 3 and report["wal"]["verified"]
    assert float(report["balance"]) == pytest.approx(1000 + float(report["net_pnl"]), abs=1e-9)


def test_a_replay_of_the_live_log_finds_no_difference(live):
    records = live[1]
    settings = next(r.message.settings for r in records if isinstance(r.message, RunStarted))
    assert list(replay(wiring.thinking(settings, None), records)) == []


def test_a_backtest_decides_as_the_live_run_did(cut, live):
    env = {"TRADEBOT_SIGNALS_STRATEGY": "cycle", "TRADEBOT_RUN_SPEED": str(SPEED)}
    config, seen = configs.load(ROOT / "config.toml", env), []
    backtest(
        config, tapes.read(cut), lambda s: wiring.thinking(s, None),
        lambda actor, message: seen.append(message), latency_s=0.5,
    )  # fmt: skip
    shares = compare([record.message for record in live[1]], seen)
    bars, intents = shares[Bar.__name__], shares[Intent.__name__]
    assert bars.same >= MINUTES * 60 - 10  # all but those after the end of the tape
    assert intents.same >= 0.9 * intents.live > 0  # the rest: orders that were still on their way
    assert shares[Prediction.__name__].live == 0  # this strategy asks no model
