"""The account's equity and the order in which its rules are judged."""

from datetime import datetime
from decimal import Decimal

import pytest

from actors.account import Account, closed, left, limits, marked
from actors.book import Book
from actors.guard import closing, judge, outlook, standing
from actors.position import Position
from core.reasons import Reason
from core.terms import OrderType
from tests import build
from tests.actors.test_risk import AT, intent, risk, verdict

D = Decimal


def account(position=0, mark=None, **more):
    book = Book(position=Position(position, D(5000)))
    fields = {"capital": D(1000), "base": D(1000), "day_start": D(1000), "high": D(1000)}
    return Account(book, build.SETTINGS, mark=mark, **{**fields, "peak": D(1000), **more})


@pytest.mark.parametrize(("position", "mark", "equity"), [
    (0, None, "1000"), (1, None, "1000"), (1, "5001", "1005"), (-1, "5001", "995"),
    (2, "4999", "990"), (-2, "4999", "1010"),
])  # fmt: skip
def test_equity_is_marked_and_a_days_loss_has_the_cost_of_closing(position, mark, equity):
    known = account(position, D(mark) if mark else None)
    assert marked(known) == D(equity)
    assert closed(known) == D(equity) - (abs(position) * D("0.42") if mark else 0)


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


def test_the_outlook_is_what_an_entry_meets():
    """The same rules with the same numbers as the verdict on the surest entry of that moment."""
    stage = risk()
    stage.on(build.pulse(at=AT))
    found = outlook(stage.memory, D("5000.25"))
    wish = intent(confidence=1.0, expires_at=AT + 2 * build.SECOND)
    assert found == verdict(stage, wish).checks
    assert not stage.memory.reserved.keys() - {wish.id}


@pytest.mark.parametrize(("hour", "share"), [
    ("15:37:59", 1), ("15:38:00", "0.5"), ("15:52:59", "0.5"), ("15:53:00", 0),
])  # fmt: skip
def test_the_end_of_the_day_shrinks_the_budget(hour, share):
    """New York; TopstepX wants everybody flat by 16:10."""
    stage = risk()
    at = int(datetime.fromisoformat(f"2026-11-20T{hour}-05:00").timestamp()) * build.SECOND
    stage.on(build.pulse(at=at))
    assert left(stage.memory) == 50 * D(share)


def test_volatility_shrinks_the_budget():
    for atr, share in ((15.0, 1), (22.5, "0.75"), (30.0, "0.5"), (49.9, "0.5"), (50.0, 0)):
        stage = risk()
        stage.on(build.conditions(at=AT, atr=atr, atr_normal=10.0))
        assert left(stage.memory) == 50 * D(share)


@pytest.mark.parametrize("side", [1, -1])
def test_a_position_whose_stop_no_longer_fits_into_the_room_is_reduced_once(side):
    """45 dollars are lost, 5 are left; its stop would cost 11.67."""
    stage = risk(drb_reduce=True)
    for number, price in enumerate((D(5000), D(5000) - side * 9)):
        turn = -side if number else side
        stage.on(build.fill(at=AT, trade_id=number, side=turn, price=price, fees=D(0), tag=""))
    stage.on(build.fill(at=AT, trade_id=3, side=side, price=D(5000), fees=D(0), tag="r-1"))
    legs = {"side": -side, "size": 1, "price": D(5000) - side * 2, "type": OrderType.STOP}
    stage.on(build.order_accepted(at=AT, tag="r-1-SL", venue_id=7, **legs))
    (told,) = stage.on(build.mark(at=AT, price=D(5000)))
    assert (told.size, told.reason) == (1, Reason.RISK_DRB_OVER)
    assert (told.checks[0].value, told.checks[0].limit) == (D("11.67"), D("5.00"))
    assert not stage.on(build.mark(at=AT, price=D(5000)))
