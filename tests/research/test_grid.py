"""The grid in columns is the daemon's; coarser bars and silences keep to the sessions."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from actors.bars import Bars
from core.clock import SECOND
from core.config import load
from core.errors import UsageError
from core.messages import Pulse, Trade
from indicators.columns import matrix
from research import bars, dataset, history
from research.grid import grid, resample, silences
from storage import tape as tapes

ROOT = Path(__file__).parents[2]
SETTINGS = load(ROOT / "config.toml").settings()
GAP = SETTINGS.bars.gap_max_s
OPEN = 1_718_056_800  # Monday 2024-06-10, 18:00 New York
RTH = OPEN + 15 * 3600 + 1800


def frame(seconds, closes=None, volume=1.0):
    closes = np.asarray(closes if closes is not None else [100.0] * len(seconds), float)
    start = np.asarray(seconds, np.int64) * SECOND
    return pl.DataFrame(
        {"start": start, "open": closes, "high": closes, "low": closes, "close": closes,
         "volume": np.full(len(start), volume)}
    )  # fmt: skip


@pytest.mark.parametrize("name", ["es_20231225", "gc_20131007"])
def test_the_grid_of_a_tape_is_the_one_the_daemon_makes(name):
    path = ROOT / f"data/{name}.parquet"
    live = matrix(list(dataset.bars(tapes.read(path), SETTINGS)))
    made = grid(history.load([path]).frame, GAP)
    assert len(live) - len(made) < GAP  # quotes after the last trade make quiet seconds
    assert (made == live[: len(made)]).all()


@pytest.mark.parametrize(
    "seconds", [[OPEN, OPEN], [OPEN + 2, OPEN + 1], [*range(OPEN, OPEN + 99), OPEN]]
)
def test_seconds_that_repeat_or_go_back_are_refused(seconds):
    with pytest.raises(UsageError, match="repeat or go back"):
        grid(frame(seconds), GAP)


@pytest.mark.parametrize("silence", [1, GAP - 1, GAP, GAP + 1, GAP + 2, 5_000])
@pytest.mark.parametrize("start", [OPEN + 50, OPEN + 22 * 3600 + 3000, OPEN + 23 * 3600 - 2])
def test_silence_is_filled_as_the_stage_fills_it(silence, start):
    seconds = [start, start + 1, start + 1 + silence, start + 2 + silence, start + 90_000]
    stage, live = Bars(SETTINGS), []
    for second in seconds:
        live += stage.on(Trade(second * SECOND, 100.0, 1, 1))
    live += stage.on(Pulse((seconds[-1] + 1) * SECOND + stage.late))
    made = grid(frame(seconds).with_columns(buy=1.0, sell=0.0), GAP)
    assert (made == matrix(live)).all()


def test_without_aggressors_the_kernel_goes_by_where_the_close_lies():
    row = {"start": [OPEN * SECOND], "open": [1.0], "high": [4.0], "low": [0.0], "close": [3.0]}
    made = grid(pl.DataFrame({**row, "volume": [8.0]}), GAP)
    assert made[0, 6:9].tolist() == [8.0, 0.0, 0.0]


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_a_row_whose_aggressors_are_unknown_has_none(unknown):
    """As where files with and without them were put together: no NaN reaches kernel or stage."""
    made = grid(frame([5, 6]).with_columns(buy=pl.Series([2.0, unknown]), sell=1.0), GAP)
    assert made[:, 7:9].tolist() == [[2.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("seconds", [5, 15, 60, 300, 900])
def test_coarse_bars_hold_what_the_fine_ones_held(seconds):
    fine = history.load([ROOT / "data/gc_20131007.parquet"]).frame
    made = resample(fine, seconds)
    step = seconds * SECOND
    wanted = (
        fine.group_by(pl.col("start") // step * step, maintain_order=True)
        .agg(
            pl.col("open").first(), pl.col("high").max(), pl.col("low").min(),
            pl.col("close").last(), pl.col("volume").sum(),
        )
    )  # fmt: skip
    assert made.select(bars.COLUMNS).equals(wanted.select(bars.COLUMNS))


def test_coarse_bars_count_from_the_open_and_end_at_the_close():
    made = resample(frame(range(RTH, RTH + 7200), range(7200)), 3600, "rth")
    assert ((made["start"] // SECOND) - RTH).to_list() == [0, 3600]
    night = frame([OPEN - 3601, OPEN])  # the second before the close, and the open
    assert resample(night, 4 * 3600)["start"].len() == 2


def test_markets_that_never_close_count_from_1970():
    assert resample(frame([86_400 * 3 + 61]), 60, "all")["start"].to_list() == [
        (86_400 * 3 + 60) * SECOND
    ]


def test_the_grid_of_a_market_that_never_closes_does_not_end_with_the_exchange():
    close = OPEN + 23 * 3600
    made = grid(frame([close - 2, close + 2]), GAP, kind="all")
    assert made[:, 0].tolist() == [close - 1 + n for n in range(5)] and set(made[:, 1]) == {1.0}


def moment(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.mark.parametrize(
    ("since", "until", "whys"),
    [
        ("2024-06-11T15:00", "2024-06-11T15:10", ["gap"]),
        ("2024-06-11T21:00", "2024-06-11T22:00", ["maintenance"]),
        ("2024-06-11T20:50", "2024-06-11T22:10", ["gap", "maintenance", "gap"]),
        ("2024-06-14T21:00", "2024-06-16T22:00", ["maintenance", "weekend"]),
        ("2024-07-03T17:15", "2024-07-03T22:00", ["early close"]),
        ("2024-12-24T18:15", "2024-12-25T23:00", ["early close", "holiday"]),
        ("2024-06-12T21:00", "2024-06-13T22:00", ["maintenance", "gap", "maintenance"]),
    ],
)
def test_a_silence_is_named_by_what_the_exchange_did(since, until, whys):
    ends = np.array([moment(since) - SECOND, moment(until)])
    assert silences(ends, 1, GAP)["why"].to_list() == whys


def test_a_quiet_second_is_no_silence():
    assert silences(np.array([OPEN, OPEN + 200]) * SECOND, 1, GAP).height == 0
