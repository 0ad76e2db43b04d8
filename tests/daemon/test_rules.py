"""What people are told of a crypto account: what would have flipped a rule, or its warning."""

from decimal import Decimal

import pytest

from core.reasons import Reason
from core.terms import Check
from daemon.margins import flip, nearest, told
from daemon.rules import PORTFOLIO
from tests import build

R = Reason


def check(rule, value, limit, passed):
    return Check(rule, Decimal(value), Decimal(limit), passed)


@pytest.mark.parametrize(("row", "text"), [
    (check(R.RISK_FOLIO_MIN, "9.50", "10", False), "passes with 0.50 dollars more in it"),
    (check(R.RISK_FOLIO_MIN, "12", "10", True), "fails with over 2.00 dollars less in it"),
    (check(R.RISK_FOLIO_POSITION, "-20", "0", False), "passes with over 20.00 dollars more of"),
    (check(R.RISK_FOLIO_SECTOR, "5", "0", True), "fails with 5.00 dollars less of room for its"),
    (check(R.RISK_FOLIO_LOTS, "0", "1", False), "passes with 1 lot(s) more"),
])  # fmt: skip
def test_each_step_says_what_would_flip_it(row, text):
    assert text in told(row)


@pytest.mark.parametrize(("index", "head"), [("0.5", "ok   "), ("0.500001", "WARN ")])
def test_a_crowded_portfolio_is_a_warning_and_never_what_a_verdict_hung_on(index, head):
    row = check(R.RISK_FOLIO_CROWDED, index, "0.5", True)
    assert told(row) == f"{head}RISK_FOLIO_CROWDED: {index} against 0.5"
    assert nearest([row]) is None


def test_a_refusal_names_the_step_at_which_nothing_was_left():
    steps = (
        check(R.RISK_FOLIO_VALUE, "10000", "0", True), check(R.RISK_FOLIO_STAKE, "5", "0", True),
        check(R.RISK_FOLIO_MIN, "5", "10", False),
    )  # fmt: skip
    assert flip(build.refused(checks=steps, reason=R.RISK_FOLIO_MIN), None) == (
        "it would have been admitted with 5.00 dollars more in it"
    )


def test_every_step_of_a_crypto_account_has_its_words():
    assert {rule for rule in Reason if rule.startswith("RISK_FOLIO")} == set(PORTFOLIO)
