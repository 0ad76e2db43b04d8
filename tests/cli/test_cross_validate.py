"""`tradebot cross-validate`: paths as runs that `report` shows, and errors in one line."""

import json

from tests.cli.test_walk_forward import SHORT, data

__all__ = ["data"]
WORDS = ("--groups", "3", "--tests", "1", *SHORT[2:])


def test_it_writes_a_run_for_each_path_and_tells_how_far_they_lie_apart(tradebot, data, tmp_path):
    out = tmp_path / "cross"
    code, said, err = tradebot("cross-validate", data, "--out", out, *WORDS, "--json")
    told = json.loads(said)
    assert (code, err) == (1, "")  # no path has a hundred trades
    assert (told["splits"], told["paths"], len(told["each"])) == (3, 1, 1)
    assert told["each"][0]["net_pnl"] == told["net_pnl_mean"]
    page = tmp_path / "page.html"
    assert tradebot("report", out / "path-1", "--out", page)[0] == 0
    assert len(list((out / "models").glob("split-*.onnx"))) == 3


def test_what_cannot_be_is_one_line(tradebot, data, tmp_path):
    for words in ((data, "--tests", "6"), ("none.parquet",)):
        code, out, err = tradebot("cross-validate", *words, "--out", tmp_path / "x")
        assert (code, out, err.count("\n")) == (2, "", 1)
