"""`tradebot download` by its command line: what it says, and what it refuses."""

import json

import pytest

from cli.main import main
from tests.research.standin import KEY, Standin, serving
from tests.research.test_download import MARKET

WEEK = ["--since", "2024-06-09T22:00", "--until", "2024-06-14T21:00", "--step", "60"]


def test_a_week_is_fetched_and_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DATABENTO_API_KEY", KEY)
    with serving(Standin(MARKET).app) as url:
        given = ["download", "databento", "MES.v.0", *WEEK, "--out", str(tmp_path), "--url", url]
        assert main([*given, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert main(given) == 0
    assert told["folder"] == str(tmp_path / "databento/MES.v.0/60s")
    assert (told["bars"], told["files"], told["left"]) == (6900, 1, 0)
    assert "0 new bars in 0 requests" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["databento", "MES.v.0", *WEEK], 78), (["databento", "MES.v.0", "--since", "soon"], 2),
        (["nobody", "MES", *WEEK], 2), (["databento", "MES.v.0", *WEEK[:4], "--step", "7"], 2),
        (["ccxt", "BTC/USDT", "--exchange", "nowhere", *WEEK], 2),
        (["topstepx", "CON", "--since", "2024-02-01", "--until", "2024-01-01"], 2),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_line(given, code, tmp_path, monkeypatch, capsys):
    for name in ("DATABENTO_API_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["download", *given, "--out", str(tmp_path)]) == code
    assert capsys.readouterr().err.count("\n") == 1
