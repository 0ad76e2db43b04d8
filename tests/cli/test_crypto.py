"""The crypto account of docs/crypto.md: its command, on four minutes of real BTC."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import polars as pl
import pytest

from core.messages import Approved, PlaceOrder, SessionOpened
from core.terms import Purpose
from storage.wal import read
from tests.cli.conftest import ROOT

CONFIG = ROOT / "examples/crypto.toml"
LOT = Decimal("0.00001")
D = Decimal


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_command_of_the_page_trades_by_the_rules(tradebot, tmp_path):
    page = (ROOT / "docs/crypto.md").read_text()
    assert "tradebot backtest --config examples/crypto.toml\n" in page
    out = tmp_path / "run"
    code, said, err = tradebot("backtest", "--config", CONFIG, "--json", "--out", out)
    told = json.loads(said)
    assert (code, err) == (0, "")
    assert (told["round_trips"], told["position"], told["open_orders"]) == (5, 0, 0)
    assert (told["fees"], told["net_pnl"], told["balance"]) == ("0.2400", "-0.24", "9999.76")
    trades = pl.read_csv(out / "trades.csv")
    for lots, price in zip(trades["contracts"], trades["entry_price"], strict=True):
        dollars = lots * LOT * D(str(price))
        assert 25 - D(str(price)) * LOT < dollars <= D("25.02")  # half of 50: nothing known yet
    assert trades["entry_time"].str.slice(0, 10).unique().sort().to_list() == [
        "2024-08-08", "2024-08-09",
    ]  # fmt: skip
    page = ("--out", tmp_path / "page.html", "--json", "--config", CONFIG)
    measures = json.loads(tradebot("report", out, *page)[1])
    assert (measures["first_day"], measures["last_day"]) == ("2024-08-08", "2024-08-09")


def test_a_run_over_bars_leaves_out_none(tradebot):
    bars = ("backtest", "--config", CONFIG, "--bars", ROOT / "data/btc_20240808.parquet")
    code, said, err = tradebot(*bars, "--every", "--json")
    assert (code, err, json.loads(said)["round_trips"]) == (0, "", 5)
    for words, says in (([], "add --every"), (["--sketch"], "knows neither")):
        code, said, err = tradebot(*bars, *words)
        assert (code, said, err.count("\n")) == (2, "", 1) and says in err


@pytest.mark.slow
def test_the_daemon_on_the_same_tape_has_a_log_without_a_difference(tradebot, tmp_path):
    """Its verdicts tell every step, and a coin's session ends at midnight UTC."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("TRADEBOT_", "TOPSTEPX_"))}
    given |= {"PYTHONPATH": str(ROOT), "TRADEBOT_LOG_BALLAST_MB": "0"}
    words = [sys.executable, "-m", "cli.main", "run", "--config", CONFIG, "--speed", "60"]
    words += ["--json", "--state", tmp_path / "state", "--wal", tmp_path / "wal"]
    done = subprocess.run(
        words, cwd=ROOT, env=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["position"] == 0
    code, said, _ = tradebot("replay", "--wal", tmp_path / "wal")
    assert code == 0 and " 0 differences" in said
    messages = [line.record.message for line in read(tmp_path / "wal")]
    entries = [one for one in messages if isinstance(one, Approved) and one.checks]
    orders = [
        one for one in messages if isinstance(one, PlaceOrder) and one.purpose is Purpose.ENTRY
    ]
    assert len(entries) >= len(orders) > 0
    days = [one.trade_date for one in messages if isinstance(one, SessionOpened)]
    assert days == ["2024-08-08", "2024-08-09"]
    left = {str(check.rule): check for check in entries[0].checks}
    assert left["RISK_FOLIO_STAKE"].value == 50 and left["RISK_FOLIO_REGIME"].value == 25
    price = entries[0].intent.price
    assert 20 * entries[0].intent.stop_ticks == pytest.approx(price / D("0.01"), abs=20)
    seq = next(n for n, one in enumerate(messages, 1) if one is entries[0])
    explained = tradebot("explain", seq, "--wal", tmp_path / "wal", "--config", CONFIG)[1]
    assert "RISK_FOLIO_REGIME: 25" in explained and "WARN RISK_FOLIO_CROWDED: 1" in explained
