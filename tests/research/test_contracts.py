"""Contracts of one future in files as vendors give them: one each, or numbered by the exchange."""

import polars as pl

from research import history
from tests.research.test_stitch import EARLY, market


def test_contracts_in_a_file_each_become_a_continuous_series(tmp_path):
    """In any order of the files; two of the same contract are no roll."""
    whole, paths = market(EARLY), []
    for (name,), part in whole.group_by("contract", maintain_order=True):
        paths.append(tmp_path / f"{name}.parquet")
        part.rename({"contract": "symbol"}).write_parquet(paths[-1])
    whole.write_parquet(tmp_path / "mes.parquet")
    one = history.load([tmp_path / "mes.parquet"])
    for order in (paths, paths[::-1]):
        found = history.load(order)
        assert found.rolls == one.rolls and found.frame.equals(one.frame)
    again = history.load([paths[0], paths[0]])
    assert not again.rolls and again.frame.height == 30


def test_contracts_that_the_exchange_numbers_too_become_a_continuous_series(tmp_path):
    """As in Databento's texts: a symbol, and an instrument_id that changes with it."""
    number = pl.col("contract").rank("dense").cast(pl.Int64) + 17_000
    both = market(EARLY).with_columns(instrument_id=number).rename({"contract": "symbol"})
    both.write_csv(tmp_path / "mes.csv")
    found = history.load([tmp_path / "mes.csv"])
    assert [roll.new for roll in found.rolls] == ["MESM6"] and found.frame.height == 30
