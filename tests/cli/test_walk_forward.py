"""`tradebot walk-forward`: a run on disk that `report` shows, evidence, and errors in one line."""

import json
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from research import archive, synth
from tests.research import random_bars

SHORT = ("--train", "1", "--epochs", "1", "--stride", "10")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "bars.parquet"
    random_bars.bars(1, "2024-01-01", "2024-05-09", drift=0.4, every_day=9).write_parquet(path)
    return path


def test_it_writes_a_run_with_its_folds_and_models_and_tells_what_it_came_to(
    tradebot, data, tmp_path
):
    out = tmp_path / "walk"
    code, said, err = tradebot("walk-forward", data, "--out", out, *SHORT, "--json")
    told = json.loads(said)
    assert (code, err) == (1, "")  # no fold has a hundred trades
    assert (told["folds"], told["folds_with_enough_trades"]) == (1, 0)
    assert told["skill"]["rows"] > 1000 and (out / "models" / "fold-01.onnx").is_file()
    page = tmp_path / "page.html"
    assert tradebot("report", out, "--out", page)[0] == 0
    assert "the tests of all folds stitched" in page.read_text()


def test_evidence_is_for_a_model_that_was_made_the_same_way_only(
    tradebot, data, tmp_path, monkeypatch
):
    out, proofs = tmp_path / "walk", tmp_path / "evidence"
    monkeypatch.setenv("TRADEBOT_LIVE_EVIDENCE", str(proofs))
    words = ("walk-forward", data, "--out", out, *SHORT, "--evidence")
    code, _, err = tradebot(*words, "--fills", "optimistic")
    assert code == 2 and "nothing is proven" in err
    code, _, err = tradebot(*words, "--hours", "rth")
    assert code == 2 and "the daemon hears the night" in err
    code, _, err = tradebot(*words)
    assert code == 2 and "made by another plan" in err and not out.exists()
    synth.write(tmp_path / "no.parquet", 1000, 1, date(2024, 1, 2))
    for path in (tmp_path / "no.parquet", tmp_path):  # a folder: any of its files
        code, _, err = tradebot("walk-forward", path, *words[2:])
        assert code == 2 and "made by `tradebot synth`: nothing is proven" in err
    (tmp_path / "no.parquet").unlink()
    assert tradebot(*words[:-1])[0] == 1
    for path in (out / "models").iterdir():
        shutil.copy(path, tmp_path / f"mine{path.suffix}")
    monkeypatch.setenv("TRADEBOT_MODEL_PATH", str(tmp_path / "mine.onnx"))
    assert tradebot(*words)[0] == 1
    items = {row["item"]: row for row in json.loads(tradebot("gate", "--json")[1])["items"]}
    assert "wanted folds >= 1" in items["walk_forward"]["why"]
    assert "balanced_accuracy_low" in items["skill"]["why"]
    assert "over bars.parquet " in items["skill"]["why"]
    monkeypatch.setenv("TRADEBOT_SIGNALS_STOP_TICKS", "4")
    items = {row["item"]: row for row in json.loads(tradebot("gate", "--json")[1])["items"]}
    assert "measured with another strategy" in items["walk_forward"]["why"]


def test_data_that_are_too_short_or_not_there_are_one_line(tradebot, data):
    for words in ((data,), (Path("/none.parquet"),)):
        code, out, err = tradebot("walk-forward", *words)
        assert (code, out, err.count("\n")) == (2, "", 1)


def test_months_as_download_leaves_them_are_walked_like_one_file(tradebot, data, tmp_path):
    frame = pl.read_parquet(data)
    months = archive.Archive(tmp_path / "months", 1)
    months.add((0, int(frame["start"].max()) + 1), frame)
    assert len(months.files()) > 3
    told = [
        tradebot("walk-forward", source, "--out", tmp_path / f"walk{n}", *SHORT, "--json")
        for n, source in enumerate((data, months.folder))
    ]
    assert told[0] == told[1] and told[0][0] == 1
