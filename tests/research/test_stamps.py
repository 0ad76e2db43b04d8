"""Stamps of any make become the same nanoseconds."""

import polars as pl
import pytest

from core.errors import UsageError
from research import stamps

NOON = 1_704_196_800 * 10**9  # 2024-01-02 12:00 UTC


def read(values, zone="UTC", dtype=None):
    column = pl.Series("t", values, dtype)
    first = column[0] if not isinstance(column.dtype, pl.Datetime) else None
    made = stamps.to_utc(pl.col("t"), column.dtype, first, zone)
    return pl.DataFrame({"t": column}).select(made).to_series().to_list()


@pytest.mark.parametrize(
    "value",
    [NOON, NOON // 10**3, NOON // 10**6, NOON // 10**9, NOON / 1e9, "2024-01-02T12:00:00Z",
     "2024-01-02 12:00:00+00:00", "2024-01-02T07:00:00.000-05:00", "20240102 120000",
     "01/02/2024 12:00:00", "2024-01-02 12:00"],
)  # fmt: skip
def test_a_moment_is_the_same_however_it_is_written(value):
    assert read([value]) == [NOON]


@pytest.mark.parametrize("value", [20240102120000, 202401021200, 20240102120000.0])
def test_a_time_written_out_as_a_number_is_that_time(value):
    """Of a CSV such a column comes as numbers: as ms since 1970 they were years that do not fit."""
    assert read([value]) == [NOON]
    assert read([value], "America/New_York") == [NOON + 5 * 3600 * 10**9]
    assert read([20240102]) == [NOON - 12 * 3600 * 10**9]
    assert stamps.told(pl.Int64(), value) == "time without a zone"


def test_a_zone_of_the_file_wins_over_the_one_that_is_given():
    column = pl.Series([NOON]).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone("Asia/Tokyo")
    assert read(column, "America/New_York") == [NOON]


def test_local_stamps_follow_the_clock_change():
    """New York left daylight time on 2013-11-03: the same wall time is an hour later in UTC."""
    before, after = read(["2013-11-01 09:30:00", "2013-11-04 09:30:00"], "America/New_York")
    assert (after - before) // 10**9 == 3 * 86_400 + 3600


def test_a_skipped_hour_is_none_and_a_repeated_one_its_first():
    skipped, again = read(["2024-03-10 02:30:00", "2024-11-03 01:30:00"], "America/New_York")
    assert skipped is None
    assert again == 1_730_611_800 * 10**9  # 01:30 EDT


def test_what_is_no_time_is_refused():
    with pytest.raises(UsageError, match="not a time"):
        read(["yesterday"])
