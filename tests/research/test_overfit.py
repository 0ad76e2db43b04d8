"""Luck of the search: published numbers, and what must come out of noise and of skill."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata

from research import overfit

DAILY = 2.5 / math.sqrt(250)
VARIANCE = 0.5 / 250


@pytest.mark.parametrize(
    ("trials", "beaten", "sure"),
    [(100, 0.1132, 0.9004), (46, 0.1004, 0.9505), (88, 0.1111, 0.9102)],
)
def test_the_published_example_is_reproduced(trials, beaten, sure):
    found = overfit.best_of_worthless(VARIANCE, trials)
    assert found == pytest.approx(beaten, abs=5e-5)
    assert overfit.probabilistic(DAILY, found, 1250, -3, 10) == pytest.approx(sure, abs=5e-5)


@pytest.mark.parametrize(
    ("ratio", "count", "skew", "kurtosis"),
    [(1.0, 1, 0, 3), (2.0, 100, 3.0, 3.0), (math.nan, 100, 0, 3)],
    ids=["one observation", "no variance", "no ratio"],
)
def test_where_it_is_not_defined_it_is_no_number(ratio, count, skew, kurtosis):
    assert math.isnan(overfit.probabilistic(ratio, 0, count, skew, kurtosis))


def test_one_trial_has_nothing_to_beat():
    returns = np.random.default_rng(1).normal(0.1, 1, 500)
    alone = overfit.deflated(returns, np.array([overfit.sharpe(returns)]))
    plain = overfit.probabilistic(overfit.sharpe(returns), 0.0, 500, 0.0, 3.0)
    assert alone == pytest.approx(plain, abs=0.01)
    assert overfit.best_of_worthless(1.0, 1) == 0.0


def test_more_trials_make_the_same_result_less_sure():
    chance = np.random.default_rng(2)
    returns = chance.normal(0.1, 1, 500)
    sure = [overfit.deflated(returns, chance.normal(0, 0.05, n)) for n in (5, 50, 5000)]
    assert sure[0] > sure[1] > sure[2]


def test_the_best_of_many_worthless_trials_is_seldom_called_skilled():
    passed = 0
    for seed in range(100):
        trials = np.random.default_rng(seed).normal(0, 1, (250, 40))
        all_ratios = np.array([overfit.sharpe(one) for one in trials.T])
        best = int(all_ratios.argmax())
        passed += overfit.deflated(trials[:, best], all_ratios) >= overfit.DSR_MIN
    assert passed <= 10


def test_skill_is_called_so():
    chance = np.random.default_rng(4)
    trials = np.column_stack([chance.normal(0, 1, (750, 30)), chance.normal(0.3, 1, 750)])
    ratios = np.array([overfit.sharpe(one) for one in trials.T])
    assert overfit.deflated(trials[:, -1], ratios) > overfit.DSR_MIN


def by_hand(results, blocks):
    """The definition, written out."""
    size = len(results) // blocks
    parts = [results[n * size : (n + 1) * size] for n in range(blocks)]
    found = []
    for past in combinations(range(blocks), blocks // 2):
        rest = [n for n in range(blocks) if n not in past]
        before, after = (
            [overfit.sharpe(column) for column in np.concatenate([parts[n] for n in which]).T]
            for which in (past, rest)
        )
        omega = rankdata(after)[int(np.argmax(before))] / (results.shape[1] + 1)
        found.append(math.log(omega / (1 - omega)))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_logits_are_those_of_the_definition(seed):
    results = np.random.default_rng(seed).normal(0, 1, (61, 5))
    assert overfit.logits(results, 6).tolist() == pytest.approx(by_hand(results, 6))


def test_noise_is_overfitted_half_of_the_time():
    found = [
        overfit.probability(np.random.default_rng(seed).normal(0, 1, (480, 20)), 10)
        for seed in range(40)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_one_that_is_truly_better_is_not_overfitted():
    results = np.random.default_rng(1).normal(0, 1, (480, 20))
    results[:, 3] += 0.5
    assert overfit.probability(results) < 0.01


@pytest.mark.parametrize("shape", [(10, 5), (100, 1)])
def test_too_little_has_no_probability(shape):
    assert math.isnan(overfit.probability(np.ones(shape)))


def test_configurations_that_never_trade_are_no_error():
    results = np.random.default_rng(1).normal(0, 1, (160, 4))
    results[:, 2] = 0
    assert 0 <= overfit.probability(results, 8) <= 1
