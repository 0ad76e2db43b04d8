"""`tradebot synth` writes what it says, and refuses what makes no sense in one line."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from cli.main import main
from research import synth

ROOT = Path(__file__).parents[2]


def test_rows_go_into_the_file(tmp_path, capsys):
    out = tmp_path / "a.parquet"
    assert main(["synth", "--rows", "5000", "--seed", "3", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"seed": 3, "out": str(out), "rows": 5000, "start": "2022-01-03"}
    assert pl.read_parquet(out).height == 5000


@pytest.mark.parametrize(
    "given",
    [["--rows", "5"], [], ["--rows", "0", "--out", "a"],
     ["--rows", "5", "--out", "/none/a.parquet"], ["--rows", "5", "--out", "a.csv"],
     ["--rows", "5", "--out", "a.parquet", "--start", "soon"]],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["synth", *given]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_calendar_that_ends_is_told_and_what_was_there_stays(tmp_path, capsys):
    (tmp_path / "a.parquet").write_text("of an earlier run")
    given = ["--rows", "500000", "--out", str(tmp_path / "a.parquet"), "--start", "2035-12-20"]
    assert main(["synth", *given]) == 2
    assert "the calendar ends" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
    assert (tmp_path / "a.parquet").read_text() == "of an earlier run"


def test_two_at_once_leave_the_whole_file_of_the_later_one(tmp_path):
    out = tmp_path / "a.parquet"
    words = ["-m", "cli.main", "synth", "--rows", "500", "--seed", "2", "--out", str(out)]

    def meanwhile(rows):
        assert not subprocess.run([sys.executable, *words], cwd=ROOT, check=False).returncode
        assert pl.read_parquet(out).height == 500

    assert synth.write(out, 5000, 1, date(2022, 1, 3), seen=meanwhile) == 5000
    assert pl.read_parquet(out).height == 5000
    assert list(tmp_path.iterdir()) == [out]
