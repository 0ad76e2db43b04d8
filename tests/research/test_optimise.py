"""The search: within its space, resumed where it was left, held out once, and honest about luck."""

import math
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from core.config import load
from core.errors import UsageError
from daemon import wiring
from research import optimise, overfit
from research.folds import Loader, Months
from research.lessons import Walk
from research.optimise import SAMPLERS, Space, chosen, holdout, luck, study, tuned
from research.train import Plan
from tests.research import random_bars, random_runs
from venues.fills import MODES

ROOT = Path(__file__).parents[2]
CONFIG = load(ROOT / "config.toml", {"TRADEBOT_CONTROLS_DRIFT_ORDERS": "50"})
SMALL = Space((6, 10, 2), (8, 16, 4), (0.6, 0.7, 0.05), (1.0, 2.0, 0.5))


def url(folder):
    return f"sqlite:///{folder / 's.db'}"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_stays_on_the_steps_of_the_space(tmp_path, sampler):
    held = study(url(tmp_path), "one", sampler, 1, SMALL)
    grid = SMALL.grid()
    for number in range(6):
        trial = held.ask()
        values = chosen(trial, SMALL)
        assert all(values[name] in options for name, options in grid.items()), values
        held.tell(trial, float(number))


def test_a_study_goes_on_where_it_was_left(tmp_path):
    first = study(url(tmp_path), "one", "tpe", 1, SMALL)
    first.optimize(lambda trial: float(chosen(trial, SMALL)["stop_ticks"]), n_trials=3)
    again = study(url(tmp_path), "one", "tpe", 1, SMALL)
    again.optimize(lambda trial: float(chosen(trial, SMALL)["stop_ticks"]), n_trials=2)
    assert [trial.number for trial in again.trials] == [0, 1, 2, 3, 4]
    assert len(study(url(tmp_path), "other", "tpe", 1, SMALL).trials) == 0


@pytest.mark.parametrize("sampler", ["random", "genetic"])
def test_what_was_left_goes_on_with_other_values_than_it_began_with(tmp_path, sampler):
    for _ in range(2):
        held = study(url(tmp_path), "one", sampler, 1, Space())
        held.optimize(lambda trial: float(chosen(trial, Space())["stop_ticks"]), n_trials=8)
    first, second = ([trial.params for trial in held.trials[n : n + 8]] for n in (0, 8))
    assert len(held.trials) == 16 and first != second


def test_a_grid_that_several_search_is_visited_once_and_whole(tmp_path):
    """Each process has a seed of its own, and so has each start."""
    searches = [study(url(tmp_path), "one", "grid", seed, SMALL) for seed in (1, 2)]
    for _ in range(27):
        for held in searches:
            trial = held.ask()
            held.tell(trial, float(chosen(trial, SMALL)["stop_ticks"]))
    seen = {tuple(sorted(trial.params.items())) for trial in held.trials}
    assert len(held.trials) == len(seen) == 54


def test_a_place_that_cannot_hold_a_study_is_refused_in_words(tmp_path):
    with pytest.raises(UsageError, match="cannot hold a study"):
        study(url(tmp_path / "none"), "one", "tpe", 1, SMALL)


def test_what_was_chosen_stands_in_the_config():
    values = {"stop_ticks": 6, "target_ticks": 20, "confidence": 0.7, "risk_percent": 1.5}
    config = tuned(CONFIG, values)
    assert (config.signals.stop_ticks, config.signals.target_ticks) == (6, 20)
    assert config.signals.confidence_min == 0.7
    assert {str(row[2]) for row in config.sizing.tiers} == {"1.5"}
    assert [row[:2] for row in config.sizing.tiers] == [row[:2] for row in CONFIG.sizing.tiers]


def begun(folder):
    """A lesson, and how it is learned."""
    bars = random_bars.bars(1, "2024-01-01", "2024-05-09", drift=0.4, every_day=6)
    way = Walk(CONFIG, Plan(epochs_max=1), MODES["realistic"], wiring.thinking, folder / "models",
               "chance", "0" * 64)  # fmt: skip
    loader = Loader(bars.lazy(), Months(train=1), 30)
    return loader.lesson(loader.folds[-1]), way


def test_a_lesson_is_taught_once_for_one_plan(tmp_path, monkeypatch):
    lesson, way = begun(tmp_path)
    model = optimise.remembered(lesson, way)
    taught = []
    monkeypatch.setattr(optimise.walk, "taught", lambda lesson, way: taught.append(way.plan))
    assert optimise.remembered(lesson, way).manifest_sha256 == model.manifest_sha256
    assert not taught
    other = replace(way, plan=Plan(epochs_max=2))
    optimise.remembered(lesson, other)
    optimise.remembered(lesson, replace(way, sha256="1" * 64))
    assert taught == [other.plan, way.plan]


@pytest.mark.parametrize("suffix", [".json", ".onnx"])
def test_a_model_that_was_cut_short_is_taught_anew(tmp_path, suffix):
    lesson, way = begun(tmp_path)
    model = optimise.remembered(lesson, way)
    path = way.models / f"{lesson.fold.name}{suffix}"
    path.write_bytes(path.read_bytes()[:300])
    assert optimise.remembered(lesson, way).manifest_sha256 == model.manifest_sha256


def searched(folder, trials):
    lesson, way = begun(folder)
    model = optimise.remembered(lesson, way)
    held = study(url(folder), optimise.name_of(way, "tpe", SMALL, ""), "tpe", 7, SMALL)
    optimise.search(held, lesson, model, way, SMALL, trials, lambda words: None)
    return [(trial.params, trial.value, trial.user_attrs["trades"]) for trial in held.trials]


def test_one_process_and_one_seed_are_one_search(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first = searched(tmp_path / "a", 2)
    assert first == searched(tmp_path / "b", 2) and len(first) == 2


def test_the_holdout_is_scored_once_and_answers_the_same_afterwards(tmp_path):
    held = study(url(tmp_path), "one", "random", 1, SMALL)
    held.optimize(lambda trial: float(chosen(trial, SMALL)["stop_ticks"]), n_trials=2)
    seen = []

    def test(config):
        seen.append(config)
        return random_runs.run(1, 50)

    told = holdout(held, test, CONFIG)
    again = study(url(tmp_path), "one", "random", 1, SMALL)
    assert holdout(again, test, CONFIG) == told and len(seen) == 1
    assert seen[0].signals.stop_ticks == held.best_params["stop_ticks"]


def test_what_is_told_of_the_holdout_is_of_the_trial_that_was_scored(tmp_path):
    """A process that was still searching ends, and a better trial of it changes nothing."""
    held = study(url(tmp_path), "one", "random", 1, SMALL)

    def score(trial):
        chosen(trial, SMALL)
        trial.set_user_attr("returns", [0.01, -0.02, 0.03 + 0.01 * trial.number])
        return float(trial.number)

    held.optimize(score, n_trials=2)
    told = holdout(held, lambda config: random_runs.run(1, 50), CONFIG)
    other = study(url(tmp_path), "one", "random", 2, SMALL)
    other.optimize(score, n_trials=5, callbacks=[optimise.until_looked])
    assert len(held.trials) == 3 and held.best_trial.number == 2
    assert told["trial"] == optimise.best(held).number == 1
    returns = [np.array(trial.user_attrs["returns"]) for trial in held.trials]
    ratios = np.array([overfit.sharpe(row) for row in returns])
    assert luck(held)["deflated_sharpe"] == overfit.deflated(returns[1], ratios)


def scored(held, values):
    for value in values:
        trial = held.ask()
        chosen(trial, SMALL)
        trial.set_user_attr("returns", [0.01, -0.02, 0.03])
        held.tell(trial, value)


def test_of_trials_that_are_luck_none_is_the_best(tmp_path):
    """One that lost more than they score is better still: it traded."""
    held = study(url(tmp_path), "one", "random", 1, SMALL)
    scored(held, [optimise.WORST] * 2)
    assert optimise.best(held) is None and math.isnan(luck(held)["deflated_sharpe"])
    scored(held, [-12.5, optimise.WORST, -14.0])
    assert optimise.best(held).number == 2 and luck(held)["trials"] == 5


def test_luck_counts_every_trial(tmp_path):
    held = study(url(tmp_path), "one", "random", 1, SMALL)
    chance = np.random.default_rng(1)

    def score(trial):
        chosen(trial, SMALL)
        returns = chance.normal(0, 0.01, 48)
        trial.set_user_attr("returns", returns.tolist())
        return float(returns.mean() / returns.std(ddof=1))

    held.optimize(score, n_trials=30)
    found = luck(held)
    assert found["trials"] == 30
    assert found["deflated_sharpe"] < 0.95 and 0 <= found["overfit_probability"] <= 1
    empty = luck(study(url(tmp_path), "none", "random", 1, SMALL))
    assert empty["trials"] == 0 and math.isnan(empty["deflated_sharpe"])
