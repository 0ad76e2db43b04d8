"""The folder of a run: what is wrong with one is said in one line."""

import json

import pytest

from core.errors import UsageError
from research import runs
from tests.research import random_runs


@pytest.fixture
def folder(tmp_path):
    runs.write(tmp_path, random_runs.run(1, 20))
    return tmp_path


def test_optional_tables_that_are_absent_are_empty(folder):
    (folder / "predictions.parquet").unlink()
    run = runs.read(folder)
    assert not len(run.predictions) and not len(run.orders) and len(run.trades) == 20


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "trades.csv").unlink(), "trades.csv: no such file"),
        (lambda f: (f / "trades.csv").write_text("entry_time\n1\n"), "exit_time is missing"),
        (lambda f: (f / "equity.parquet").write_bytes(b"no"), "equity.parquet: not readable"),
        (lambda f: (f / "run.json").write_text("{"), "run.json: not readable as JSON"),
        (lambda f: (f / "run.json").write_text("[]"), "run.json: expected one JSON object"),
        (lambda f: text(f, "direction", "north"), "trades.csv"),
    ],
    ids=["no trades", "a column lacks", "no parquet", "no json", "a list", "no number"],
)
def test_what_is_wrong_is_named(folder, spoil, words):
    spoil(folder)
    with pytest.raises(UsageError, match=words):
        runs.read(folder)


def text(folder, column, value):
    head, *rows = (folder / "trades.csv").read_text().splitlines()
    place = head.split(",").index(column)
    cells = rows[0].split(",")
    cells[place] = value
    (folder / "trades.csv").write_text("\n".join([head, ",".join(cells), *rows[1:]]))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such run"):
        runs.read(tmp_path / "none")


def test_the_start_is_told_beside_the_tables(folder):
    assert json.loads((folder / "run.json").read_text())["balance_start"] == 1000.0
    (folder / "run.json").unlink()
    assert runs.read(folder).balance_start == runs.read(folder).equity["equity"][0]
