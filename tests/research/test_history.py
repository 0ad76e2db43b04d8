"""Files of any make end as one sorted series, and what was done to them is told."""

import bz2
import io
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.clock import SECOND
from core.errors import UsageError
from research import bars, history, series, sources
from tests.research.test_stitch import EARLY, market

ROOT = Path(__file__).parents[2]
OPEN = 1_718_056_800  # Monday 2024-06-10, 18:00 New York


def rows(count=600, step=60, start=OPEN):
    at = (start + np.arange(count) * step) * SECOND
    close = 5000 + np.sin(np.arange(count)).round(1)
    return pl.DataFrame(
        {"start": at, "open": close, "high": close + 1, "low": close - 1, "close": close,
         "volume": np.arange(count) + 1.0}
    )  # fmt: skip


def utc(frame):
    return frame.with_columns(pl.col("start").cast(pl.Datetime("ns", "UTC")))


def as_csv(frame, path, **how):
    utc(frame).with_columns(pl.col("start").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(
        path, **how
    )


def two_columns(frame, path, day, clock, **how):
    """A date and a time of day, as `day` and `clock` write them."""
    stamps = utc(frame).select(
        pl.col("start").dt.strftime(day).alias("Date"),
        pl.col("start").dt.strftime(clock).alias("Time"), *bars.COLUMNS[1:],
    )  # fmt: skip
    stamps.write_csv(path, **how)


def fixed(frame, path):
    """As Databento writes text unless it is asked for pretty prices."""
    prices = (pl.col(bars.PRICES) * 1e9).round().cast(pl.Int64)
    named = frame.with_columns(prices, rtype=pl.lit(33)).rename({"start": "ts_event"})
    named.write_csv(path)


def again(frame, path, change):
    """A CSV, its bytes changed."""
    as_csv(frame, path)
    path.write_bytes(change(path.read_bytes()))


WRITERS = {
    "ns.parquet": lambda frame, path: frame.write_parquet(path),
    "utc.parquet": lambda frame, path: utc(frame).write_parquet(path),
    "zone.parquet": lambda frame, path: utc(frame).with_columns(
        pl.col("start").dt.convert_time_zone("America/Chicago")
    ).write_parquet(path),
    "names.parquet": lambda frame, path: frame.rename(
        {"start": "Timestamp", "open": "Open", "close": "C", "volume": "Vol"}
    ).write_parquet(path),
    "ms.csv": lambda frame, path: frame.with_columns(pl.col("start") // 10**6).write_csv(path),
    "iso.csv": as_csv,
    "iso.txt": lambda frame, path: as_csv(frame, path, separator=";"),
    "none.txt": lambda frame, path: utc(frame).with_columns(
        pl.col("start").dt.strftime("%Y%m%d %H%M%S")
    ).write_csv(path, separator=";", include_header=False),
    "two.csv": lambda *to: two_columns(*to, "%m/%d/%Y", "%H:%M:%S"),
    "numbers.csv": lambda *to: two_columns(*to, "%Y%m%d", "%-H%M%S"),
    "short.csv": lambda *to: two_columns(*to, "%Y%m%d", "%-H%M"),
    "comma.csv": lambda *to: two_columns(
        *to, "%d.%m.%Y", "%H:%M:%S", separator=";", decimal_comma=True
    ),
    "databento.csv": fixed,
    "a.feather": lambda frame, path: frame.write_ipc(path),
    "a.csv.gz": lambda frame, path: as_csv(frame, path, compression="gzip"),
    "a.csv.bz2": lambda *to: again(*to, bz2.compress),
    "utf16.csv": lambda *to: again(*to, lambda text: text.decode().encode("utf-16")),
    "a.csv.zst": lambda frame, path: as_csv(frame, path, compression="zstd"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_bars_come_out_of_any_make_of_file(tmp_path, name):
    WRITERS[name](rows(), tmp_path / name)
    found = history.load([tmp_path / name])
    assert found.frame.select(bars.COLUMNS).equals(rows())
    naive = name in ("none.txt", "two.csv", "numbers.csv", "short.csv", "comma.csv")
    notes = ["times say no zone: taken for UTC, see --zone"] * naive
    either = "no date tells whether month or day comes first: taken for the month"
    notes += [either] * (name == "two.csv")
    assert (found.step_s, found.notes) == (60, notes)


def test_a_folder_of_partitions_is_one_file(tmp_path):
    for part in range(3):
        (tmp_path / f"2024/{part}").mkdir(parents=True)
        rows().slice(part * 200, 200).write_parquet(tmp_path / f"2024/{part}/bars.parquet")
    assert history.load([tmp_path]).frame.equals(rows())


def test_several_files_are_one_series_whatever_their_order(tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.parquet"]
    as_csv(rows().slice(300), paths[0])
    rows().slice(0, 301).write_parquet(paths[1])
    found = history.load(paths)
    assert found.frame.equals(rows())
    assert found.notes == ["1 rows with the stamp of the row before left out"]


def test_rows_that_no_stage_could_use_are_left_out_and_counted(tmp_path):
    wrong = {  # by the volume of the row
        5: {"high": 0.0}, 6: {"close": float("nan")}, 7: {"low": None},
        8: dict.fromkeys(bars.PRICES, 0.0), 9: dict.fromkeys(bars.PRICES, 9223372036.854776),
        10: {"volume": float("inf")},
    }  # fmt: skip
    bad = rows()
    for volume, values in wrong.items():
        here = pl.when(pl.col("volume") == volume)
        bad = bad.with_columns(**{k: here.then(v).otherwise(k) for k, v in values.items()})
    bad.write_parquet(tmp_path / "bad.parquet")
    found = history.load([tmp_path / "bad.parquet"])
    assert found.frame.equals(rows().filter(~pl.col("volume").is_in([*map(float, wrong)])))
    assert found.notes == ["6 rows without a sound stamp or price left out"]


def test_ends_of_bars_become_their_starts(tmp_path):
    whole = rows(23 * 60)  # a whole session
    whole.with_columns(pl.col("start") + 60 * SECOND).write_parquet(tmp_path / "end.parquet")
    found = history.load([tmp_path / "end.parquet"])
    assert found.frame.equals(whole)
    assert found.notes == ["stamps are ends of bars: shifted by 60 s"]


def test_hours_keep_the_rows_within_them(tmp_path):
    rows(23 * 60).write_parquet(tmp_path / "a.parquet")
    count = {kind: history.load([tmp_path / "a.parquet"], kind).frame.height
             for kind in ("all", "globex", "rth", "eth")}  # fmt: skip
    assert count == {"all": 1380, "globex": 1380, "rth": 390, "eth": 990}


def test_contracts_in_one_file_become_a_continuous_series(tmp_path):
    market(EARLY).write_parquet(tmp_path / "mes.parquet")
    found = history.load([tmp_path / "mes.parquet"])
    assert [roll.new for roll in found.rolls] == ["MESM6"]
    assert found.frame.height == 30


def test_of_several_symbols_the_one_with_most_rows_is_taken_and_named(tmp_path):
    both = pl.concat([
        rows(300).with_columns(symbol=pl.lit("BTCUSDT")),
        rows(400).with_columns(symbol=pl.lit("ETHUSDT")),
    ])  # fmt: skip
    both.write_parquet(path := tmp_path / "coins.parquet")
    found = history.load([path])
    assert (found.frame.height, len(found.notes)) == (400, 1)
    assert "ETHUSDT of 2 series" in found.notes[0]
    assert history.load([path], key="BTCUSDT").frame.height == 300
    with pytest.raises(UsageError, match="no DOGE: there is ETHUSDT, BTCUSDT"):
        history.load([path], key="DOGE")


def test_a_tape_gives_the_bars_of_its_trades():
    frame = history.load([ROOT / "data/es_20231225.parquet"]).frame
    assert frame.height == 988
    assert frame.select("open", "high", "low", "close", "volume", "trades").row(0) == (
        4800.25, 4801.5, 4800.25, 4800.75, 108.0, 42.0
    )  # fmt: skip


def test_chunks_are_whole_trade_dates(tmp_path):
    rows(23 * 60 * 10, 60).write_parquet(tmp_path / "a.parquet")
    lazy = series.scan(tmp_path / "a.parquet")
    parts = list(bars.chunks(lazy, 2000))
    assert pl.concat(parts).equals(lazy.collect())
    from research.hours import date_index

    dates = [set(date_index(part["start"].to_numpy()).tolist()) for part in parts]
    assert len(parts) > 3
    assert not set.intersection(*dates) and sum(map(len, dates)) == len(set.union(*dates))


def test_contracts_beside_a_file_that_names_none_are_refused(tmp_path):
    paths = [tmp_path / "mes.parquet", tmp_path / "other.parquet"]
    market(EARLY).write_parquet(paths[0])
    rows().write_parquet(paths[1])
    with pytest.raises(UsageError, match="some of the files hold contracts"):
        history.load(paths)


HEAD = b"time,open,high,low,close\n"


def locked(content):
    """A ZIP archive whose member wants a password."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.csv", content)
    raw = bytearray(made.getvalue())
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.parquet", b"nothing", "not readable"), ("a.xls", b"", "expected .parquet"),
        ("a.csv", b"x,y\n1,2\n", "no column of times"), ("a.zip", b"PK", "not readable"),
        ("a.dbn", b"nothing", "not a DBN file"), ("a.csv", b"1,2,3\n", "give it a first line"),
        ("a.csv", b"time,bid\n2024-01-02,1\n", "neither bars nor trades"),
        ("a.csv", b"time,open,high,low,close\n", "a.csv: time: no time"),
        ("a.csv", b"", "without names"), ("a.dbn", b"DBN\x02no header", "not a DBN file"),
        ("a.feather", b"ARROW1\x00\x00cut off", "not readable"),
        ("a.csv", HEAD + b"2024-01-02,1,2,0\n2024-01-03,1,2,0,1,5\n", "more fields"),
        ("a.csv", HEAD + b"2024-01-02,one,2,0,1\n", "a.csv: not readable: conversion"),
        ("a.csv.bz2", bz2.compress(HEAD)[:20], "not readable"),
        ("a.zip", locked(HEAD), "not readable: .*password"),
    ],
)  # fmt: skip
def test_what_holds_no_bars_is_refused_in_one_line(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=why) as told:
        history.load([tmp_path / name])
    assert "\n" not in str(told.value)
    with pytest.raises(UsageError, match="no such file"):
        history.load([tmp_path / "none.parquet"])


def test_a_damaged_file_at_which_the_reader_panics_is_refused_in_words():
    """One byte of a Feather or Parquet file is enough; it is not even an Exception."""
    why = r"f\.parquet: not readable: out of range"
    with pytest.raises(UsageError, match=why), sources.reading(Path("f.parquet")):
        raise pl.exceptions.PanicException("out of range")
