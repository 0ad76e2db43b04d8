"""Each limit of the account at its number, a cent before and a cent past, by ways never written.

The last loss is made to measure, so that the sum is exact to the cent whatever came before it.
LIVES says how many ways for each.
"""

import os
from decimal import Decimal
from fractions import Fraction as F

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.risk import Risk
from core import messages as m
from tests import build
from tests.oracle import rules
from tests.oracle.audit import Audit

LIVES = int(os.environ.get("LIVES", "15"))
D = Decimal
AT = build.AT - 5 * 3600 * build.SECOND
CENT = D("0.01")
# Rule -> its limit, capital over the balance, and what is won or lost before the last loss.
WAYS = {
    "RISK_DAILY_LOSS": (rules.DAY_LOSS, 0, []),
    "RISK_DRAWDOWN": (rules.DAY_DRAWDOWN, 0, [40]),
    "RISK_ACCOUNT_DRAWDOWN": (rules.DRAWDOWN, 0, [-45, None, -44, None, -43, None, -42, None]),
    "RISK_KILL": (rules.KILL, 270, []),
}


class Desk:
    """A risk stage and the oracle, told the same."""

    def __init__(self, over):
        self.stage, self.audit, self.at, self.trade = Risk(build.SETTINGS), Audit(), AT, 0
        self.days, self.states, self.verdict = 0, [], None
        self.tell(
            build.run_started(balance_start=D(1000 + over)), build.session_opened(),
            build.account_snapshot(balance=D(1000), position=0, orders=(), fills=()),
            build.feed_state(), build.agreed(position=0), build.pulse(),
        )  # fmt: skip

    def tell(self, *messages):
        for message in messages:
            self.at += build.SECOND // 4
            message = replace(message, at=self.at)
            self.audit.hear(message)
            for answer in self.stage.on(message):
                self.audit.hear(answer)
                if isinstance(answer, m.Approved | m.Refused):
                    self.verdict = answer
                if isinstance(answer, m.StateChanged):
                    self.states.append(str(answer.reason))

    def fill(self, side, size, price, fees):
        self.trade += 1
        self.tell(build.fill(trade_id=self.trade, side=side, size=size, price=price, fees=fees,
                             tag="", venue_id=0))  # fmt: skip

    def trip(self, net, side, cut):
        """In and out for so many dollars, costs and all: ticks, and the rest as fees."""
        ticks = -(-net // D("1.25"))
        rest = ticks * D("1.25") - net
        self.fill(side, 1, D(5000), rest * cut)
        self.fill(-side, 1, D(5000) + side * ticks * D("0.25"), rest * (1 - cut))

    def day(self):
        self.days += 1
        self.tell(build.session_opened(trade_date=f"2026-12-0{self.days}"))

    def number(self, rule):
        book = self.audit.ledger
        return {
            "RISK_DAILY_LOSS": -book.day_profit, "RISK_DRAWDOWN": book.peak - book.equity,
            "RISK_ACCOUNT_DRAWDOWN": book.high - book.equity,
            "RISK_KILL": book.capital - book.equity,
        }[rule]  # fmt: skip

    def wish(self):
        self.tell(build.pulse())
        self.tell(build.intent(id=f"i-{self.at}", expires_at=self.at + 2 * build.SECOND))


def cents(number):
    return D(number.numerator) / D(number.denominator)


ways = st.fixed_dictionaries({
    "side": st.sampled_from((1, -1)), "size": st.integers(1, 5), "held": st.booleans(),
    "cut": st.integers(0, 100).map(lambda n: D(n) / 100),
    "small": st.lists(st.integers(-300, 200).map(lambda n: D(n) / 100), max_size=4),
    "before": st.lists(st.integers(0, 12), max_size=3),
})  # fmt: skip


@pytest.mark.parametrize("off", [-CENT, D(0), CENT])
@pytest.mark.parametrize("rule", WAYS)
@settings(max_examples=LIVES, deadline=None)
@given(way=ways)
def test_a_limit_breaks_at_its_number_and_not_a_cent_before(rule, off, way):
    limit, over, past = WAYS[rule]
    desk, side, size = Desk(over), way["side"], way["size"]
    for net in past:
        desk.day() if net is None else desk.trip(D(net), side, way["cut"])
    for net in way["small"]:
        desk.trip(net, -side, way["cut"])
    lack = cents(limit - desk.number(rule)) + off
    if way["held"]:
        lack -= size * D("0.42") if rule == "RISK_DAILY_LOSS" else 0
        ticks = lack // (size * D("1.25"))
        desk.fill(side, size, D(5000), lack - ticks * size * D("1.25"))
        for back in (*way["before"], 0):
            desk.tell(build.mark(price=D(5000) - side * max(ticks - back, 0) * D("0.25")))
    else:
        desk.trip(-lack, side, way["cut"])
    assert F(desk.number(rule)) == limit + F(off)
    assert desk.states == ([rule] if off >= 0 else [])
    desk.wish()
    assert not desk.audit.wrong and not desk.audit.expected


@pytest.mark.parametrize("balance", ["699.99", "700.00", "700.01"])
@settings(max_examples=LIVES, deadline=None)
@given(way=ways)
def test_below_700_dollars_nothing_is_entered(balance, way):
    """Capital of 900, so that the kill limit does not say it before."""
    desk = Desk(-100)
    for _ in range(6):
        desk.trip(D(-45), way["side"], way["cut"])
        desk.day()
    desk.tell(m.Command(AT, "rearm", "ada", "reviewed"))
    desk.trip(D(balance) - cents(desk.audit.ledger.balance), way["side"], way["cut"])
    desk.wish()
    (row,) = (c for c in desk.verdict.checks if c.rule == "RISK_MIN_BALANCE")
    assert row.passed == (balance != "699.99") and not desk.audit.wrong


def test_at_700_dollars_both_rules_are_met_and_the_kill_switch_wins():
    desk = Desk(0)
    desk.tell(build.mark())
    desk.fill(1, 5, D(5000), D("2.10"))
    desk.tell(build.mark(price=D(5000) - 12))  # 300 dollars and the fee
    desk.fill(-1, 5, D(5000) - 12, D("-2.10"))
    assert desk.audit.ledger.balance == 700 and desk.states == ["RISK_KILL"]
    desk.wish()
    assert desk.verdict.reason == "RISK_KILL" and not desk.audit.wrong


@pytest.mark.parametrize("side", [1, -1])
def test_a_review_that_falls_to_the_kill_limit_becomes_the_kill_switch(side):
    """What ends it is not the same: a review may be over when the loss is 299.99."""
    desk = Desk(0)
    desk.fill(side, 5, D(5000), D("2.10"))
    for points in (8, 11, 12):  # 202.10, 277.10 and 302.10 dollars
        desk.tell(build.mark(price=D(5000) - side * points), build.pulse())
    assert desk.states == ["RISK_ACCOUNT_DRAWDOWN", "RISK_KILL"]
    assert not desk.audit.wrong and not desk.audit.expected
