"""Skill: better than a constant is seen, worse is not hidden, and luck is bounded by days."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from research.skill import skill

labels = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 5)), min_size=9,
                  max_size=200)  # fmt: skip


@given(labels)
def test_the_shares_are_those_of_scikit_learn(rows):
    rows = [*rows, (0, 0, 0), (1, 1, 0), (2, 2, 0)]  # each class comes
    outcome, foreseen, day = (np.array(column) for column in zip(*rows, strict=True))
    found = skill(day, outcome, foreseen, 1)
    assert found["accuracy"] == pytest.approx(accuracy_score(outcome, foreseen))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(outcome, foreseen))
    assert found["always_flat"] == pytest.approx((outcome == 1).mean())


def test_a_constant_is_no_skill_though_it_is_right_more_often_than_not():
    outcome = np.random.default_rng(1).choice(3, 5000, p=[0.2, 0.6, 0.2])
    found = skill(np.arange(5000) // 250, outcome, np.full(5000, 1), 1)
    assert found["accuracy"] > 0.52
    assert found["over_always_flat"] == 0 and found["balanced_accuracy_low"] == pytest.approx(1 / 3)


def test_guessing_is_above_a_third_by_luck_only():
    chance = np.random.default_rng(2)
    lucky = 0
    for seed in range(40):
        outcome, foreseen = chance.choice(3, (2, 3000), p=[0.2, 0.6, 0.2])
        lucky += (
            skill(np.arange(3000) // 150, outcome, foreseen, seed)["balanced_accuracy_low"] > 1 / 3
        )
    assert lucky <= 6  # five in a hundred, and what draws of 20 days lose of it


def test_the_bound_is_wider_where_whole_days_are_right_or_wrong():
    chance = np.random.default_rng(3)
    outcome = chance.choice(3, 4000)
    days = np.arange(4000) // 200
    good = chance.uniform(size=20)[days] < 0.5
    daily = skill(days, outcome, np.where(good, outcome, (outcome + 1) % 3), 1)
    mixed = chance.uniform(size=4000) < daily["accuracy"]
    spread = skill(days, outcome, np.where(mixed, outcome, (outcome + 1) % 3), 1)
    assert daily["balanced_accuracy"] - daily["balanced_accuracy_low"] > 0.1
    assert spread["balanced_accuracy"] - spread["balanced_accuracy_low"] < 0.05


def test_no_rows_are_no_skill():
    none = np.array([], np.int64)
    assert skill(none, none, none, 1) == {"rows": 0.0}
