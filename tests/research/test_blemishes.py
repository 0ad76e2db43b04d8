"""Each kind of blemish is put into sound data and found: that one, so often, and no other."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.clock import SECOND
from core.sessions import days
from research import blemishes, picture
from research.check_time import closed_share

ROOT = Path(__file__).parents[2]
WEEK = [day for day in days() if "2024-06-10" <= day.date <= "2024-06-14"]


def minutes(dates=WEEK):
    """Sound bars of a minute, each minute of each session."""
    start = np.concatenate([np.arange(day.open, day.close, 60 * SECOND) for day in dates])
    close = 5000 + np.cumsum(np.random.default_rng(1).integers(-2, 3, len(start))) * 0.25
    return pl.DataFrame(
        {"start": start, "open": close, "high": close + 0.5, "low": close - 0.5, "close": close,
         "volume": np.random.default_rng(2).integers(10, 90, len(start))}
    )  # fmt: skip


def at(rows, **values):
    """Other values in some rows."""

    def change(frame):
        places = pl.Series(np.isin(np.arange(frame.height), rows))
        return frame.with_columns(
            pl.when(places).then(value).otherwise(pl.col(name)).alias(name)
            for name, value in values.items()
        )

    return change


def local(zone):
    return lambda frame: frame.with_columns(
        pl.col("start").cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone)
        .dt.replace_time_zone(None)
    )  # fmt: skip


INJURIES = {
    "STAMP_NULL": (at([7], start=None), 1),
    "STAMP_UNIT": (at([0, 1], start=pl.col("start") // 10**9), 2),
    "STAMP_BACKWARD": (lambda f: pl.concat([f.slice(5, 1), f.slice(0, 5), f.slice(6)]), 1),
    "STAMP_DUPLICATE": (lambda f: pl.concat([f.head(10), f.slice(9)]), 1),
    "STAMP_NOT_UTC": (local("America/Chicago"), 6900),
    "STAMP_NO_ZONE": (local("UTC"), 6900),
    "STAMP_ZONE": (lambda f: f.with_columns(pl.col("start").cast(
        pl.Datetime("ns", "UTC")).dt.convert_time_zone("Asia/Tokyo")), 6900),
    "STAMP_AT_END": (lambda f: f.with_columns(pl.col("start") + 60 * SECOND), 6900),
    "STAMP_JITTER": (at([3, 4, 5], start=pl.col("start") + 1_000_000), 3),
    "GAP": (lambda f: pl.concat([f.head(200), f.slice(210)]), 1),
    "MISSING_BARS": (lambda f: pl.concat([f.head(200), f.slice(203)]), 3),
    "MISSING_DATES": (lambda f: pl.concat([f.head(1380), f.slice(2 * 1380)]), 1),
    "CUT_DATE": (lambda f: f.head(4 * 1380 + 200), 1),
    "CLOSED_HOURS": (lambda f: pl.concat([f.head(1380), f.slice(1379, 1).with_columns(
        pl.col("start") + 60 * SECOND), f.slice(1380)]), 1),
    "OHLC_BROKEN": (at([3, 9], high=pl.col("low") - 0.25), 2),
    "PRICE_NULL": (at([3], open=None), 1),
    "PRICE_NOT_POSITIVE": (at([3], low=0.0), 1),
    "PRICE_OFF_TICK": (at([3, 4], close=pl.col("close") + 0.1), 2),
    "PRICE_JUMP": (at([300], close=pl.col("close") + 50, high=pl.col("high") + 50), 1),
    "VOLUME_NULL": (at([3], volume=None), 1),
    "VOLUME_NEGATIVE": (at([3], volume=-1), 1),
    "VOLUME_ZERO": (at([3, 4], volume=0), 2),
    "VOLUME_EXTREME": (at([3], volume=10**7), 1),
    "NO_VOLUME": (lambda f: f.drop("volume"), 6900),
}  # fmt: skip


def found(frame, path):
    frame.write_parquet(path)
    return blemishes.find(path)


def test_sound_bars_have_no_blemish(tmp_path):
    told = found(minutes(), tmp_path / "sound.parquet")
    assert told.blemishes == []
    assert (told.kind, told.rows, told.step_s, told.hours) == ("bars", 6900, 60.0, "Globex")


@pytest.mark.parametrize("kind", INJURIES)
def test_a_blemish_is_found_and_counted(tmp_path, kind):
    change, count = INJURIES[kind]
    told = found(change(minutes()), tmp_path / "a.parquet")
    counts = {b.kind: b.count for b in told.blemishes}
    assert counts.pop(kind) == count
    also = {  # what cannot be had without another
        "STAMP_NULL": {"MISSING_BARS"},
        "STAMP_UNIT": {"CLOSED_HOURS", "MISSING_DATES", "CUT_DATE", "STAMP_JITTER"},
        "STAMP_NOT_UTC": {"STAMP_NO_ZONE", "CLOSED_HOURS", "GAP", "CUT_DATE"},
        "STAMP_AT_END": {"CLOSED_HOURS"},
        "CLOSED_HOURS": {"STAMP_DUPLICATE"},
    }  # fmt: skip
    assert set(counts) <= also.get(kind, set())


def quotes(**columns):
    count = 500
    start = WEEK[0].open + np.arange(count) * SECOND
    return pl.DataFrame(
        {"ts_event": start, "bid_px": [5000.0] * count, "ask_px": [5000.25] * count,
         "bid_sz": [3] * count, "ask_sz": [4] * count} | columns
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "count", "columns"),
    [
        ("CROSSED", 2, {"ask_px": [4999.0] * 2 + [5000.25] * 498}),
        ("LOCKED", 3, {"ask_px": [5000.0] * 3 + [5000.25] * 497}),
        ("ONE_SIDED", 1, {"bid_px": [None] + [5000.0] * 499}),
        ("DEPTH_ZERO", 1, {"ask_sz": [0] + [4] * 499}),
        ("CLOCK_OFF", 500, {"ts_recv": WEEK[0].open + np.arange(500) * SECOND - 1_300_000_000}),
        ("CLOCK_SLOW", 500, {"ts_recv": WEEK[0].open + np.arange(500) * SECOND - 1_000_000}),
        ("STAMP_STALE", 500, {"ts_recv": WEEK[0].open + (np.arange(500) + 7200) * SECOND}),
    ],
)  # fmt: skip
def test_a_blemish_of_quotes_is_found(tmp_path, kind, count, columns):
    told = found(quotes(**columns), tmp_path / "a.parquet")
    assert {b.kind: b.count for b in told.blemishes if b.kind != "CUT_DATE"} == {kind: count}


@pytest.mark.parametrize(
    "written",
    [
        pl.col("ts_recv") // 1000,
        pl.col("ts_recv").cast(pl.Datetime("ns", "UTC")),
        pl.col("ts_recv").cast(pl.Datetime("ns", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%S%.9fZ"),
    ],
)
@pytest.mark.parametrize(("late_s", "kinds"), [(0.25, set()), (-1.25, {"CLOCK_OFF"})])
def test_a_time_of_receipt_is_understood_in_any_make(tmp_path, written, late_s, kinds):
    frame = quotes().with_columns(ts_recv=pl.col("ts_event") + int(late_s * SECOND))
    frame = frame.with_columns(ts_recv=written)
    told = found(frame, tmp_path / "a.parquet")
    assert {b.kind for b in told.blemishes} - {"CUT_DATE"} == kinds


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize(("name", "kind"), [("close", "PRICE_NULL"), ("volume", "VOLUME_NULL")])
def test_what_is_no_number_is_no_price_and_no_volume(tmp_path, name, kind, value):
    frame = minutes().with_columns(pl.col("volume").cast(pl.Float64))
    report = found(at([3], **{name: value})(frame), tmp_path / "f.parquet")
    assert kind in {blemish.kind for blemish in report.blemishes}


def test_a_row_without_a_stamp_is_not_one_of_closed_hours(tmp_path):
    late = at([9], start=WEEK[0].close + SECOND)(at([7], start=None)(minutes()))
    counts = {b.kind: b.count for b in found(late, tmp_path / "a.parquet").blemishes}
    assert (counts["STAMP_NULL"], counts["CLOSED_HOURS"]) == (1, 1)


def test_a_book_without_a_snapshot_and_one_with_a_hole(tmp_path):
    book = pl.DataFrame(
        {"ts_event": WEEK[0].open + np.arange(6) * SECOND, "msg": np.arange(6),
         "first_id": [1, 11, 21, 41, 51, 61], "last_id": [10, 20, 30, 50, 60, 70],
         "px": 1.0, "qty": 1.0, "side": 1, "is_snapshot": False}
    )  # fmt: skip
    kinds = [b.kind for b in found(book, tmp_path / "a.parquet").blemishes]
    assert kinds == ["CUT_DATE", "NO_SNAPSHOT", "SEQUENCE_GAP"]
    with_state = book.with_columns(is_snapshot=pl.col("msg") == 2)
    kinds = [b.kind for b in found(with_state, tmp_path / "b.parquet").blemishes]
    assert "BEFORE_SNAPSHOT" in kinds and "NO_SNAPSHOT" not in kinds


def test_series_of_other_intervals_units_and_sides_are_named(tmp_path):
    def one(name, hours, size, side, count=200):
        return pl.DataFrame(
            {"ts": (1_700_006_400 + np.arange(count) * hours * 3600) * SECOND, "venue": name,
             "coin": "BTC", "size_usd": [size] * count, "side": side}
        )  # fmt: skip

    frame = pl.concat([
        one("a", 8, 1.0, ["buy", "sell"] * 100), one("b", 8, 2.0, ["buy", "sell"] * 100),
        one("c", 4, 9e6, ["S"] * 200),
    ])  # fmt: skip
    told = {b.kind: b for b in found(frame, tmp_path / "binance.parquet").blemishes}
    assert told["INTERVAL_DIFFERS"].example == "c BTC"
    assert told["SIDE_CONSTANT"].example == "c: always S"
    assert told["SCALE_DIFFERS"].series == "c BTC"


def test_a_market_that_never_closes_is_not_measured_by_the_exchange(tmp_path):
    start = WEEK[0].open + np.arange(7 * 1440) * 60 * SECOND
    frame = minutes().head(1).select(pl.exclude("start"))
    coins = pl.concat([frame] * len(start)).with_columns(start=pl.Series(start))
    told = found(coins, tmp_path / "a.parquet")
    assert (told.hours, told.blemishes) == ("always open", [])
    assert closed_share(start) > 0.25


def test_the_first_hour_of_a_holiday_is_no_gap_and_the_old_halt_has_its_name(tmp_path):
    dates = [day for day in days() if "2019-07-01" <= day.date <= "2019-07-08"]
    frame = minutes(dates)
    halts = [(day.rth_open + (6 * 60 + 45) * 60 * SECOND) for day in dates]
    in_halt = pl.any_horizontal(
        ((pl.col("start") >= at) & (pl.col("start") < at + 900 * SECOND)) for at in halts
    )
    told = found(frame.filter(~in_halt), tmp_path / "a.parquet")
    assert {b.kind: b.count for b in told.blemishes} == {"HALT": 4}  # 3 and 4 July close early


def test_files_of_one_folder_are_looked_at_beside_each_other(tmp_path):
    parts = {"a": minutes().head(600), "b": minutes().head(500),
             "c": minutes().head(600).with_columns(pl.col("start") // 1000),
             "d": minutes().head(600)}  # fmt: skip
    told = [found(frame, tmp_path / f"{name}.parquet") for name, frame in parts.items()]
    assert [(place, b.kind) for place, b in blemishes.beside(told)] == [
        (1, "ENDS_EARLY"), (2, "UNITS_DIFFER")
    ]  # fmt: skip


def test_what_cannot_be_read_is_a_finding(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    told = blemishes.find(tmp_path / "a.parquet")
    assert told.grave and [b.kind for b in told.blemishes] == ["UNREADABLE"]


@pytest.mark.parametrize("name", ["es_20231225", "gc_20131007", "gc_20131008"])
def test_our_own_tapes_have_no_grave_blemish(name):
    told = blemishes.find(ROOT / f"data/{name}.parquet")
    assert not told.grave, told.blemishes


def test_the_picture_needs_nothing_but_itself(tmp_path):
    told = [found(minutes(), tmp_path / "a.parquet"), blemishes.find(tmp_path / "none.parquet")]
    text = picture.page(told)
    assert text.count("<h2>") == 2 and text.count('class="plotly-graph-div"') == 1
    assert 'src="http' not in text and "<link" not in text
