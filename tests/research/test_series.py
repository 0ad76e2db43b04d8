"""Of a file with many series one market is taken, and what else is in it is told."""

import polars as pl
import pytest

from core.clock import SECOND
from core.errors import UsageError
from research import history, series
from research.series import scan, taken, together
from tests.research.test_history import OPEN, rows, utc
from tests.research.test_stitch import EARLY, LATER, NEW, OLD, market

CASES = {
    "contracts of one future": (["MESH4", "MESM4"], "", ["MESH4", "MESM4"]),
    "with the exchange's numbers": (["MESH4 42", "MESM4 7"], "", ["MESH4 42", "MESM4 7"]),
    "a spread of two is none": (["MESH4", "MESH4-MESM4", "MESM4"], "", ["MESH4", "MESM4"]),
    "the future with most rows": (["MNQH4", "MESH4", "MNQM4"], "", ["MNQH4", "MNQM4"]),
    "the future that is traded": (["MNQH4", "MESH4", "MNQM4"], "F.US.MES", ["MESH4"]),
    "one that is not there": (["MNQH4", "MESH4"], "F.US.MGC", ["MNQH4"]),
    "months by number": (["202403", "2024-06"], "F.US.MES", ["202403", "2024-06"]),
    "coins": (["ETHUSDT", "BTCUSDT"], "COIN.BTC", ["ETHUSDT"]),
    "one": (["ETHUSDT"], "", ["ETHUSDT"]),
    "none": ([], "", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_market_is_taken(case):
    names, meant, found = CASES[case]
    assert together(names, meant) == found


def test_contracts_are_scanned_as_one_series_in_plain_columns(tmp_path, caplog):
    market(EARLY).write_parquet(tmp_path / "all.parquet")
    frame = scan(tmp_path / "all.parquet").collect()
    assert frame.columns == ["start", "open", "high", "low", "close", "volume"]
    assert frame.height == 30 and frame["start"].is_sorted()
    assert [words.rsplit(": ")[-1] for words in caplog.messages] == [f"rolled from {OLD} to {NEW}"]


@pytest.mark.parametrize(
    ("days", "told", "month"),
    [
        (("05/03/2024", "06/03/2024"), True, 5),
        (("05/03/2024", "13/03/2024"), False, 3),
        (("05/03/2024", "05/13/2024"), False, 5),
    ],
)
def test_dates_of_which_no_row_tells_the_month_are_said_to_be_so(
    tmp_path, caplog, days, told, month
):
    path = tmp_path / "days.csv"
    rows = [f"{day} 15:00:00,1,1,1,1,1" for day in days]
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    start = series.scan(path).collect()["start"].cast(pl.Datetime("ns"))
    assert start[0].month == month
    assert any("taken for the month" in words for words in caplog.messages) is told
    assert any("taken for UTC" in words for words in caplog.messages)


def test_rows_whose_date_is_written_in_another_way_are_counted(tmp_path, caplog):
    path = tmp_path / "days.csv"
    rows = [f"{day} 15:00:00Z,1,1,1,1,1" for day in ("2024-05-03", "2024-05-06", "07.05.2024")]
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    assert scan(path).collect().height == 2
    assert [words.split(": ")[-1] for words in caplog.messages] == [
        "1 rows without a stamp left out"
    ]


def test_one_contract_may_be_named(tmp_path, caplog):
    market(EARLY).write_parquet(tmp_path / "all.parquet")
    one = market(EARLY).filter(pl.col("contract") == LATER).drop("contract")
    assert scan(tmp_path / "all.parquet", key=LATER).collect().equals(one)
    with pytest.raises(UsageError, match="no DOGE: there is MESH6, MESM6, MESU6"):
        scan(tmp_path / "all.parquet", key="DOGE")
    assert not caplog.messages


def test_a_row_of_no_series_is_in_none(tmp_path):
    lost = market(EARLY).with_columns(
        contract=pl.when(pl.col("contract") == OLD).then(None).otherwise(pl.col("contract"))
    )
    lost.write_parquet(tmp_path / "all.parquet")
    names, rows = taken(series.bars.opened(tmp_path / "all.parquet"))
    assert names == [NEW, LATER] and rows.collect().height == 60


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"])
def test_a_first_number_above_twelve_tells_that_the_day_comes_first(tmp_path, form):
    """Whatever the first rows are: those of 5 November were taken for 11 May."""
    frame = rows(20, 86_400, OPEN - 14 * 86_400)
    written = utc(frame).with_columns(pl.col("start").dt.strftime(form))
    written.write_csv(tmp_path / "slashes.csv")
    found = history.load([tmp_path / "slashes.csv"], zone="America/New_York").frame
    shift = 4 * 3600 * SECOND
    assert found["start"].to_list() == [start + shift for start in frame["start"]]
