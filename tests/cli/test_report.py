"""`tradebot report`: a page of a backtest and of a log, and what is wrong in one line."""

import json
import os
import shutil

import pytest

from core.messages import TradeClosed
from storage import lock


def test_a_backtest_and_its_log_become_a_page(tradebot, tape, tmp_path, monkeypatch):
    monkeypatch.setenv("TRADEBOT_SIGNALS_STRATEGY", "cycle")
    monkeypatch.setenv("TRADEBOT_SIGNALS_CYCLE_S", "10")
    run, page = tmp_path / "run", tmp_path / "page.html"
    told = json.loads(tradebot("backtest", "--tape", tape, "--out", run, "--json")[1])
    code, out, err = tradebot("report", run, "--tape", tape, "--out", page, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["trades"], f"{found['net_pnl']:.2f}") == (told["round_trips"], told["net_pnl"])
    assert "Implementation shortfall" in page.read_text()


def test_a_log_of_the_daemon_becomes_a_page(tradebot, log, tmp_path):
    (folder, records), page = log, tmp_path / "page.html"
    assert tradebot("report", folder, "--out", page) == (0, f"wrote {page}\n", "")
    found = json.loads(tradebot("report", folder, "--out", page, "--json")[1])
    closed = [r.message.net for r in records if isinstance(r.message, TradeClosed)]
    assert found["trades"] == len(closed) > 0
    assert f"{found['net_pnl']:.2f}" == f"{sum(closed):.2f}"
    assert f"{len(closed):,}" in page.read_text() and "Equity" in page.read_text()


def test_a_run_that_is_not_there_is_one_line(tradebot, tmp_path):
    code, out, err = tradebot("report", tmp_path / "none")
    assert (code, out, err.count("\n")) == (2, "", 1) and "no such run" in err


def test_a_place_that_cannot_be_written_is_one_line(tradebot, log, tmp_path):
    code, _, err = tradebot("report", log[0], "--out", tmp_path / "no" / "page.html")
    assert code == 2 and err.count("\n") == 1 and "cannot be written" in err


@pytest.mark.parametrize("verb", ["report", "gate"])
def test_half_a_line_of_a_live_daemon_is_no_damage(tradebot, log, tmp_path, monkeypatch, verb):
    wal = shutil.copytree(log[0], tmp_path / "wal")
    with max(wal.glob("*.jsonl")).open("ab") as stream:
        stream.write(b'{"v":1,"seq":')
    monkeypatch.setenv("TRADEBOT_LIVE_EVIDENCE", str(tmp_path / "evidence"))
    words = (wal, "--out", tmp_path / "a.html") if verb == "report" else ("--log", wal)
    assert tradebot(verb, *words)[0] == 74
    held = lock.take(wal)
    code, _, err = tradebot(verb, *words)
    os.close(held)
    assert (code, err) == (0 if verb == "report" else 1, "")
