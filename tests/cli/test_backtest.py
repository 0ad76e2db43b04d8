"""A backtest of a short tape: its report, and how it compares with a log."""

import json

import pytest

from tests.cli.conftest import MINUTES
from tests.cli.report import keeps_its_promise


@pytest.fixture(autouse=True)
def busy(monkeypatch):
    """The strategy that trades by the clock, so that two minutes hold round trips."""
    monkeypatch.setenv("TRADEBOT_SIGNALS_STRATEGY", "cycle")
    monkeypatch.setenv("TRADEBOT_SIGNALS_CYCLE_S", "10")


def test_it_prints_one_object_with_all_that_scripts_rely_on(tradebot, tape):
    code, out, err = tradebot("backtest", "--tape", tape, "--json")
    told = json.loads(out)
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert keeps_its_promise(told) and told["mode"] == "backtest"
    assert (told["position"], told["open_orders"]) == (0, 0) and told["round_trips"] >= 2
    assert told["bars"] >= MINUTES * 60 - 5


def test_the_same_tape_gives_the_same_report(tradebot, tape):
    first = tradebot("backtest", "--tape", tape, "--latency", "0.5", "--json")
    assert tradebot("backtest", "--tape", tape, "--latency", "0.5", "--json") == first


def test_a_person_reads_no_line_about_what_a_backtest_has_none_of(tradebot, tape):
    code, out, _ = tradebot("backtest", "--tape", tape)
    names = [line.split()[0] for line in out.splitlines()]
    assert (code, names) == (
        0, ["session", "market", "decisions", "orders", "money", "account", "reasons"],
    )  # fmt: skip


def test_against_a_log_it_tells_what_both_decided_alike(tradebot, tape, log):
    code, out, _ = tradebot("backtest", "--tape", tape, "--against", log[0], "--json")
    parity = json.loads(out)["parity"]
    assert code == 0 and parity["shares"]["Bar"]["live"] == 58
    assert parity["shares"]["Bar"]["same"] == 0  # of another day
    assert sum(row["count"] for row in parity["apart"] if row["backtest"] == "nothing") > 40
    out = tradebot("backtest", "--tape", tape, "--against", log[0])[1]
    assert "\nalike      Bar: 0 of 58 live, " in out and "\napart      " in out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--tape", "none.parquet"], 2, "none.parquet: no such tape"),
        (["--tape", __file__], 2, "not a parquet file"),
        (["--against", "none"], 2, "no such log"),
    ],
)
def test_what_cannot_be_read_is_one_line(tradebot, words, code, says):
    got, out, err = tradebot("backtest", *words)
    assert (got, out, err.count("\n")) == (code, "", 1) and says in err


@pytest.mark.parametrize(
    "words",
    [("--fills", "optimistic"), ("--every",), ("--bars", "F", "--tape", "T"),
     ("--bars", "F", "--against", "wal"), ("--bars", "F", "--latency", "0.5")],
)  # fmt: skip
def test_what_the_run_would_not_heed_is_refused(tradebot, words):
    """A run at other fills than were asked for looks like the one that was."""
    code, out, err = tradebot("backtest", *words)
    assert (code, out, err.count("\n")) == (2, "", 1) and "leave it out" in err


def test_a_tape_of_another_tick_is_refused(tradebot, tape, monkeypatch):
    monkeypatch.setenv("TRADEBOT_INSTRUMENT_SYMBOL", "MGC")
    for words in (["--tape", tape], ["--bars", tape]):
        code, out, err = tradebot("backtest", *words)
        assert (code, out, err.count("\n")) == (2, "", 1) and "set instrument.symbol" in err
