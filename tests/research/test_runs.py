"""The folder of a run: what is wrong with one is said in one line."""

import json

import polars as pl
import pytest
from msgspec.structs import replace

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


@pytest.mark.parametrize("last", range(1, 6))
def test_what_was_not_written_to_its_end_is_no_run(folder, monkeypatch, last):
    """Killed in one of its files, over a run that is there: not the one beside the other."""
    count = iter(range(1, 99))

    def writer(write):
        def killed(of, path, *given, **named):
            if next(count) == last:
                path.write_bytes(b"entry_time,exit_time")
                raise KeyboardInterrupt
            write(of, path, *given, **named)

        return killed

    with monkeypatch.context() as patch:
        for name in ("write_csv", "write_parquet"):
            patch.setattr(pl.DataFrame, name, writer(getattr(pl.DataFrame, name)))
        with pytest.raises(KeyboardInterrupt):
            runs.write(folder, with_folds(random_runs.run(2, 30)))
    with pytest.raises(UsageError, match=r"trades\.csv: no such file"):
        runs.read(folder)
    runs.write(folder, with_folds(random_runs.run(2, 30)))
    assert len(runs.read(folder).trades) == 30 and not list(folder.glob("*.part"))


def with_folds(run):
    folds = pl.DataFrame({name: [None] for name in runs.FOLDS}, schema=runs.FOLDS)
    orders = pl.DataFrame({name: [None] for name in runs.ORDERS}, schema=runs.ORDERS)
    return replace(run, folds=folds, orders=orders)


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
