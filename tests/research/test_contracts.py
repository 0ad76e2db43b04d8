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
    assert found.notes == ["rolled from MESH6 to MESM6"]


def test_a_series_that_goes_on_under_one_name_is_whole_and_its_jumps_are_told(tmp_path):
    """MES.v.0 with the number of each contract was taken for several, all but one left out."""
    rolled = history.load([write(tmp_path / "mes.parquet", market(EARLY))], how="none").frame
    number = pl.col("contract").rank("dense").cast(pl.Int64)
    one = rolled.with_columns(instrument_id=number, symbol=pl.lit("MES.v.0"))
    kept = one.drop("contract", "shift", "factor")
    found = history.load([write(tmp_path / "v.parquet", kept)])
    assert found.frame.equals(rolled.select(found.frame.columns)) and found.frame.height == 30
    assert found.notes == ["2 contracts under one name: its rolls are jumps"]


def write(path, frame):
    frame.write_parquet(path)
    return path
