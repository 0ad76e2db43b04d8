"""The account outlives a week of losses: it may lose what was admitted, and each no is told.

WEEKS says how many of each kind of market.
"""

import os

import pytest

from tests.oracle.week import GAPS, LATE, MARKETS, Week

WEEKS = int(os.environ.get("WEEKS", "1"))
TOLD = {
    "small losses": {"RISK_LOSSES_IN_ROW"},
    "a gap through the stop": {"RISK_DAILY_LOSS", "RISK_LOSSES_IN_ROW", "RISK_DRB"},
    "a jump of 50 ticks": {"RISK_DAILY_LOSS", "RISK_ACCOUNT_DRAWDOWN", "RISK_KILL"},
    "five losses in a row": {"RISK_LOSSES_IN_ROW"},
    "wins, then losses": {"RISK_LOSSES_IN_ROW"},
    LATE: {"RISK_SESSION_CLOSED"},
}


@pytest.mark.parametrize("seed", range(WEEKS))
@pytest.mark.parametrize("kind", MARKETS)
def test_a_week_of_losses_costs_no_more_than_was_admitted(kind, seed):
    week = Week(kind, seed).live()
    assert not week.audit.wrong and not week.audit.expected
    assert week.trades and not week.world.exchange.position.size
    assert week.below <= (week.beyond if kind in GAPS else 0)
    assert week.beyond <= (5 * GAPS[kind] / 4 if kind in GAPS else 0)
    assert TOLD[kind] & set(week.codes)
