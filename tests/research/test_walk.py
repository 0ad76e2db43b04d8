"""A walk: nothing of the quarantine reaches a model, and the same seed gives the same bytes."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from actors.features import Catalogue
from core.clock import SECOND
from core.config import load
from core.decisions import Prediction
from core.errors import UsageError
from daemon import wiring
from indicators.schema import FINGERPRINT
from research import grid, history, learn, runs, seconds, walk
from research.folds import Loader, Months, begins
from research.lessons import Walk
from research.train import Plan
from research.walk import Result
from storage.model import QUARANTINE, Manifest
from storage.model import load as load_model
from tests.research import random_bars, random_runs
from venues.fills import MODES

ROOT = Path(__file__).parents[2]
CONFIG = load(ROOT / "config.toml", {"TRADEBOT_CONTROLS_DRIFT_ORDERS": "50"})
MONTHS = Months(train=1, valid=1, test=1)
SPAN = ("2024-01-01", "2024-05-09")


def way(folder, **changes):
    first = Walk(
        CONFIG, Plan(epochs_max=2), MODES["realistic"], wiring.thinking, folder, "chance",
        "0" * 64, stride_s=5,
    )  # fmt: skip
    return replace(first, **changes)


def market(seed=1, **terms):
    return random_bars.bars(seed, *SPAN, drift=0.4, every_day=5, **terms)


def walked(folder, bars):
    loader = Loader(bars.lazy(), MONTHS, 30, "globex")
    done = walk.forward(loader, way(folder / "models"), lambda words: None)
    runs.write(folder, walk.stitched(done))
    return done


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("once")
    return folder, walked(folder, market())


def test_a_model_that_sees_the_lean_of_the_market_earns_by_it(once):
    """The known strategy: the market leans for a minute at a time, and looking back shows it."""
    _, done = once
    run = walk.stitched(done)
    found = walk.summary(done, run, seed=1)
    assert found["folds"] == 1 and found["trades"] >= 10
    assert found["net_pnl"] > 0 and found["gross_pnl"] > found["net_pnl"]
    assert found["skill"]["balanced_accuracy_low"] > 1 / 3
    assert found["folds_with_enough_trades"] == 0 and not run.folds["enough"][0]


def test_the_same_seed_gives_the_same_bytes(once, tmp_path):
    folder, _ = once
    walked(tmp_path, market())
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    assert len(files) >= 6
    for path in files:
        assert (tmp_path / path).read_bytes() == (folder / path).read_bytes(), path


def test_what_comes_after_the_lesson_changes_no_bit_of_the_model(once, tmp_path):
    """The future is scrambled from the quarantine on."""
    folder, done = once
    cut = done[0].fold.valid[1]
    other = market(seed=2)
    bars = pl.concat([market().filter(pl.col("start") < cut), other.filter(pl.col("start") >= cut)])
    loader = Loader(bars.lazy(), MONTHS, 30, "globex")
    walk.taught(loader.lesson(loader.folds[0]), way(tmp_path))
    for name in ("fold-01.onnx", "fold-01.json"):
        assert (tmp_path / name).read_bytes() == (folder / "models" / name).read_bytes()


def test_the_manifest_of_a_fold_says_what_it_saw_and_the_daemon_would_take_it(once):
    folder, done = once
    told = json.loads((folder / "models" / "fold-01.json").read_text())
    assert set(told) == set(Manifest.__struct_fields__)
    ends = begins(done[0].fold.valid_end)
    assert told["quarantine_end"] > told["valid_end"] > told["train_end"] > told["train_start"]
    assert begins(done[0].fold.test_start) - ends >= QUARANTINE.total_seconds() * SECOND


def test_trades_of_a_test_lie_within_it(once):
    _, done = once
    for part in done:
        first, last = part.fold.test
        entries = part.run.trades["entry_time"].dt.epoch("ns").to_numpy()
        assert entries.min() >= first and entries.max() < last
        told = part.run.predictions["at"].to_numpy()
        assert told.min() > first and told.max() <= last


def test_the_equity_of_a_walk_is_marked_at_bars_that_were_left_out_too(once):
    """While a trade is on, each second has the worth of the position at its own close."""
    _, done = once
    part = done[0]
    rows = part.run.equity.filter(pl.col("at") % SECOND == 0)
    closes = dict(market().select(pl.col("start") + SECOND, "close").iter_rows())
    trade = part.run.trades.sort(pl.col("exit_time") - pl.col("entry_time"))[-1]
    began, ended = (trade[name].dt.epoch("ns")[0] for name in ("entry_time", "exit_time"))
    held = rows.filter((pl.col("at") > began) & (pl.col("at") < ended))
    marks = [5.0 * trade["direction"][0] * trade["contracts"][0] * closes[at]
             for at in held["at"] if at in closes]  # fmt: skip
    worth = [row["equity"] for row in held.iter_rows(named=True) if row["at"] in closes]
    assert len(marks) > 20 and len(set(marks)) > 5
    np.testing.assert_allclose(np.diff(worth), np.diff(marks), atol=1e-6)


def test_folds_are_stitched_without_a_step_and_thin_ones_are_left_out_of_the_mean(once):
    _, (real,) = once
    parts = [Result(real.fold, random_runs.run(n, count)) for n, count in ((1, 150), (2, 40))]
    run = walk.stitched(parts)
    total = sum(part.run.trades["net_pnl"].sum() for part in parts)
    assert run.equity["equity"][-1] == pytest.approx(1000 + total)
    steps = np.abs(np.diff(run.equity["equity"].to_numpy()))
    assert steps.max() < 400 and run.folds["enough"].to_list() == [True, False]
    found = walk.summary(parts, run, 1)
    assert found["folds_with_enough_trades"] == 1
    assert found["fold_sharpe_mean"] == pytest.approx(run.folds["sharpe"][0])


@pytest.mark.parametrize("place", [0, 1])
def test_a_test_month_without_a_row_trades_nothing_and_ends_no_walk(once, tmp_path, place):
    """The other folds keep what they came to, and the equity its start."""
    _, (real,) = once
    made = way(tmp_path)
    model = load_model(once[0] / "models" / "fold-01.onnx", FINGERPRINT, now=2**62)
    nothing = walk.traded(market()[:0], model, made)
    parts = [Result(real.fold, run) for run in (real.run, nothing)]
    found = walk.stitched(parts if place else parts[::-1])
    assert found.balance_start == real.run.balance_start and found.about["symbol"] == "MES"
    assert found.equity.equals(real.run.equity) and found.trades.equals(real.run.trades)
    assert sorted(found.folds["trades"]) == [0, len(real.run.trades)]


def test_a_lesson_that_is_all_warm_up_is_refused_in_words():
    bars = random_bars.bars(1, *SPAN, seconds=600, every_day=5)
    loader = Loader(bars.lazy(), MONTHS, 30)
    with pytest.raises(UsageError, match="no row to learn from"):
        walk.taught(loader.lesson(loader.folds[0]), way(Path("/nowhere")))


def test_boosted_trees_walk(tmp_path):
    told_as_by_the_daemon("lightgbm", 1, tmp_path)


def told_as_by_the_daemon(kind, length, tmp_path):
    """Its predictions are those that the stage makes of the same seconds, gaps and all."""
    plan = learn.kind(kind).Plan(network=kind, window=length, epochs_max=1)
    bars = market().filter(pl.col("start") // SECOND % 5_000 > 100)
    loader = Loader(bars.lazy(), MONTHS, 30, "globex")
    own = way(tmp_path, plan=plan, stride_s=20)
    (done,) = walk.forward(loader, own, lambda words: None)
    about = json.loads((tmp_path / "fold-01.json").read_text())
    assert about["seq_len"] == length and about["metrics"]["plan"]["network"] == kind

    model = load_model(tmp_path / "fold-01.onnx", FINGERPRINT, now=2**62)
    first, last = done.fold.test
    rows = bars.filter(pl.col("start").is_between(first, last, closed="left"))
    heard = dict(asked(rows, model, CONFIG.settings()))
    told = {at: chances for at, *chances, _ in done.run.predictions.iter_rows()}
    assert len(told) > 500 and heard.keys() == told.keys()
    for at, chances in told.items():
        np.testing.assert_allclose(chances, heard[at], atol=1e-5)


def asked(rows, model, settings):
    """By the stages, one second at a time."""
    features, mind = Catalogue(settings), wiring.inference(model)
    table = grid.grid(history.sound(rows), settings.bars.gap_max_s)
    for row in grid.quoted(table, rows, 0.25):
        for made in features.on(seconds.bar_of(row.tolist())):
            for told in mind.on(made):
                if isinstance(told, Prediction):
                    yield told.at, told.probabilities
