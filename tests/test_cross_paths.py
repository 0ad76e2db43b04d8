"""The averages' cross by every path: live over sockets, its replay, pump and loop over its bars."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from actors.replay import replay
from core.messages import Bar, Hold, Intent, PlaceOrder, RunStarted
from core.reasons import Reason
from core.terms import Purpose
from daemon import wiring
from indicators import crosses
from research import seconds
from research.sketch import unbound
from storage import tape as tapes
from storage.tape import Tape
from storage.wal import read
from tests.research.test_sketch import pumped, sketched

ROOT = Path(__file__).parents[1]
MINUTES, SPEED = 6, 60
NUMBERS = {
    "SIGNALS_STRATEGY": "ema_cross", "SIGNALS_EMA_FAST": "3", "SIGNALS_EMA_SLOW": "9",
    "SIGNALS_STOP_TICKS": "4", "SIGNALS_TARGET_TICKS": "5", "SIGNALS_COOLDOWN_S": "0.0",
    "SIZING_MODE": "fixed", "STOPS_EVEN_R": "0.0", "STOPS_TRAIL_R": "0.0",
    "BREAKERS_SPREAD_PAUSE_TICKS": "50", "BREAKERS_LOSSES_FIRST": "20",
}  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The log of a run with gateway, REST, SignalR and fsync over the first recorded minutes."""
    place, whole = tmp_path_factory.mktemp("run"), tapes.read(ROOT / "data/es_20231225.parquet")
    keep = whole.columns["at"] < whole.start + MINUTES * 60 * 10**9
    tapes.write(
        place / "cut.parquet", Tape(whole.about, {k: v[keep] for k, v in whole.columns.items()})
    )
    env = os.environ | {f"TRADEBOT_{key}": value for key, value in NUMBERS.items()}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "run", "--tape", place / "cut.parquet", "--speed",
         str(SPEED), "--json", "--state", place / "state", "--wal", place / "wal"],
        cwd=ROOT, env=env | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["round_trips"] >= 3
    return [line.record for line in read(place / "wal")]


@pytest.fixture(scope="module")
def settings(records):
    return next(r.message.settings for r in records if isinstance(r.message, RunStarted))


@pytest.fixture(scope="module")
def bars(records):
    return seconds.table([r.message for r in records if isinstance(r.message, Bar)])


def test_a_replay_gives_the_orders_of_the_live_run(records, settings):
    assert list(replay(wiring.thinking(settings, None), records)) == []


def test_compiled_averages_cross_where_the_live_strategy_saw_it(records, settings, bars):
    rules, kept = settings.signals, np.zeros((len(bars), crosses.SIZE))
    crosses.columns(
        np.array(crosses.fresh()), rules.ema_fast, rules.ema_slow, bars[:, 1], bars[:, 5], kept
    )
    found = dict(zip((bars[:, 0] * 1e9).astype(int), kept[:, crosses.CROSSED], strict=True))
    wishes = [r.message for r in records if isinstance(r.message, Intent)]
    assert len(wishes) >= 3 and all(found[wish.at] == wish.side for wish in wishes)
    seen = [
        (found[r.message.at] != 0, check.passed)
        for r in records
        if isinstance(r.message, Hold)
        for check in r.message.checks
        if check.rule is Reason.SIG_NO_CROSS
    ]
    assert len(seen) > 100 and all(one == other for one, other in seen)
    assert any(one for one, _ in seen)


def test_pump_and_loop_over_the_bars_of_the_log_give_the_same_orders(records, settings, bars):
    """Those of the live run filled at its quotes, not at bars: most of its orders are the same."""
    entries, *rest = sketched(unbound(settings), "conservative", [bars])
    assert (entries, *rest) == pumped(unbound(settings), "conservative", bars)
    live = {
        (r.message.at, r.message.side)
        for r in records
        if isinstance(r.message, PlaceOrder) and r.message.purpose is Purpose.ENTRY
    }
    assert len(live & set(entries)) >= 0.6 * len(live)
