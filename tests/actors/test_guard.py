"""The account's equity and the order in which its rules are judged."""

from decimal import Decimal

import pytest

from actors.account import Account, limits, marked
from actors.book import Book
from actors.guard import closing, judge, standing
from actors.position import Position
from core.reasons import Reason
from tests import build

D = Decimal


def account(position=0, mark=None, **more):
    book = Book(position=Position(position, D(5000)))
    fields = {"capital": D(1000), "base": D(1000), "day_start": D(1000), "high": D(1000)}
    return Account(book, build.SETTINGS, mark=mark, **{**fields, "peak": D(1000), **more})


@pytest.mark.parametrize(("position", "mark", "equity"), [
    (0, None, "1000"), (1, None, "1000"), (1, "5001", "1004.58"), (-1, "5001", "994.58"),
    (2, "4999", "989.16"), (-2, "4999", "1009.16"),
])  # fmt: skip
def test_equity_is_marked_net_of_the_cost_of_closing(position, mark, equity):
    assert marked(account(position, D(mark) if mark else None)) == D(equity)


@pytest.mark.parametrize(("rule", "fields"), [
    (Reason.RISK_DAILY_LOSS, {"day_start": D(1050)}),
    (Reason.RISK_DRAWDOWN, {"peak": D(1075)}),
    (Reason.RISK_ACCOUNT_DRAWDOWN, {"high": D(1200)}),
    (Reason.RISK_KILL, {"capital": D(1300)}),
])  # fmt: skip
def test_each_limit_breaks_at_its_number_and_holds_a_cent_before(rule, fields):
    ((name, value),) = fields.items()
    broken = {check.rule for check in limits(account(**fields)) if not check.passed}
    assert broken == {rule}
    held = limits(account(**{name: value - D("0.01")}))
    assert all(check.passed for check in held)


def test_rules_are_judged_gravest_first():
    rules = [check.rule for check in judge(build.intent(), account(), 1, D(1), standing(account()))]
    assert rules[1:] == [
        Reason.RISK_NOT_AGREED, Reason.RISK_STALE_DATA, Reason.RISK_UNKNOWN_PENDING,
        Reason.RISK_KILL, Reason.RISK_ACCOUNT_DRAWDOWN, Reason.RISK_MIN_BALANCE,
        Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN, Reason.RISK_LOSSES_IN_ROW,
        Reason.RISK_SPREAD, Reason.RISK_SESSION_CLOSED, Reason.DATA_CONTRACT_ROLL,
        Reason.RISK_MAX_POSITION, Reason.SIG_EXPIRED,
        Reason.RISK_NAKED, Reason.RISK_TRADE_TOO_LARGE, Reason.RISK_DRB,
    ]  # fmt: skip


def test_outside_the_session_it_is_too_late():
    saturday = 1_795_262_400 * build.SECOND
    assert closing(saturday, build.SETTINGS) == -1
