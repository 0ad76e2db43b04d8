"""Section 9.7's own examples, and lives of a crypto account judged by Risk and by its text.

COINS says how many lives; in each the market has calm and wild weeks and hours without a bar,
entries are wished both ways, filled, left waiting and turned, and the daemon dies and resumes.
"""

import os
import warnings
from fractions import Fraction as F
from functools import cache

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.sizing import full
from tests.oracle import portfolio as rules
from tests.oracle.coins import Coins, D

with warnings.catch_warnings():  # at import it warns of matplotlib
    warnings.simplefilter("ignore")
    from quantstats import stats

COINS = int(os.environ.get("COINS", "8"))


def test_the_examples():
    assert rules.documented(rules.START, 1) == 50
    assert rules.documented(rules.START, F(2, 10)) == rules.ORDER_MIN
    assert rules.f_star(F(55, 100), F(3, 2)) == F(1, 4)
    assert rules.START * F(1, 4) * F(1, 4) == 625


def test_the_leverage_of_returns_per_dollar_is_the_share_over_the_loss():
    """p 0.55, W 0.03, L 0.02: 12.5, which is f* / L and no share of the account."""
    p, won, lost = F(55, 100), F(3, 100), F(2, 100)
    assert p / lost - (1 - p) / won == F(25, 2) == rules.f_star(p, won / lost) / lost


@given(st.lists(st.integers(-900, 900).filter(bool), min_size=2, max_size=80).filter(
    lambda rows: min(rows) < 0 < max(rows)
))  # fmt: skip
def test_kellys_share_is_that_of_quantstats(rows):
    returns = [row / 10_000 for row in rows]
    won, lost = ([abs(r) for r in returns if (r > 0) is up] for up in (True, False))
    p, b = len(won) / len(returns), (sum(won) / len(won)) / (sum(lost) / len(lost))
    theirs = stats.kelly_criterion(pd.Series(returns), prepare_returns=False)
    assert float(full(D(repr(p)), D(repr(b)))) == pytest.approx(theirs, rel=1e-9, abs=1e-9)
    assert float(rules.f_star(F(p), F(b))) == pytest.approx(theirs, rel=1e-9, abs=1e-9)


@cache
def lived(seed):
    return Coins(seed).live()


@pytest.mark.parametrize("seed", range(COINS))
def test_every_verdict_and_halt_is_that_of_the_text(seed):
    assert not lived(seed).wrong, lived(seed).wrong[:5]


def test_each_rule_has_its_say_in_some_life():
    """A rule that no life meets is not tested."""
    met = set().union(*(lived(seed).seen for seed in range(8)))
    assert all(lived(seed).deaths for seed in range(8))
    assert met >= {"DRAWDOWN", "KNOWN", "UNKNOWN", "CAPPED", "POSITION", "MIN", "VOLATILITY"}
