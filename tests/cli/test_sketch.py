"""A sketch from the command line: the numbers of the loop, or one line of what is wrong."""

import json

import pytest

from tests.cli.recorded import sold


@pytest.fixture(scope="module")
def bars(tmp_path_factory):
    return sold(tmp_path_factory.mktemp("bars") / "seconds.parquet", 3600)


@pytest.fixture
def crossing(monkeypatch):
    monkeypatch.setenv("TRADEBOT_SIGNALS_STRATEGY", "ema_cross")


def test_it_says_what_the_cross_alone_would_have_made(tradebot, bars, crossing, monkeypatch):
    made = []
    for slow in (21, 60):
        monkeypatch.setenv("TRADEBOT_SIGNALS_EMA_SLOW", str(slow))
        code, out, err = tradebot("backtest", "--bars", bars, "--sketch", "--json")
        told = json.loads(out)
        assert (code, err, told["bars"]) == (0, "", 3600)
        assert sum(told["ends"].values()) == told["round_trips"] > told["wins"] > 0
        net = told["ticks"] * 1.25 - told["round_trips"] * 0.84
        assert float(told["net_pnl"]) == pytest.approx(net)
        made.append(told["round_trips"])
    assert made[0] > made[1]


@pytest.mark.parametrize("words", [
    ["--sketch"], ["--sketch", "--bars", "x", "--every"], ["--sketch", "--bars", "x", "--out", "y"],
    ["--sketch", "--bars", "x", "--fills", "realistic"],
])  # fmt: skip
def test_what_it_cannot_do_is_one_line(tradebot, crossing, words):
    code, out, err = tradebot("backtest", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_another_strategy_is_one_line(tradebot, bars):
    code, _, err = tradebot("backtest", "--sketch", "--bars", bars)
    assert (code, err.count("\n")) == (2, 1) and "ema_cross" in err
