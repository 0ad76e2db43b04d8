"""Limits that are a percentage of the balance with which the day began."""

from decimal import Decimal

import msgspec
import pytest
from msgspec.structs import replace

from actors.account import Account, left, limits
from actors.breakers import Breakers
from actors.risk import Risk
from actors.today import PERCENTAGES, in_force
from core.messages import Approved, StateChanged
from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_risk import AT, PLAIN, intent, risk, verdict

D = Decimal
DAY = 24 * 3600 * build.SECOND


def percent(balance="1000.00", **numbers):
    return risk(balance, basis="percent", **numbers)


@pytest.mark.parametrize("basis", ["dollars", "percent"])
def test_at_a_thousand_dollars_both_bases_are_the_same_limits(basis):
    numbers = in_force(
        replace(PLAIN, risk=replace(PLAIN.risk, basis=basis)), D(1000), Breakers(), AT
    ).risk
    found = [getattr(numbers, limit) for limit in PERCENTAGES]
    assert found == [25, 50, 75, 200, 300]


def test_fixed_dollars_are_left_as_they_are():
    assert in_force(PLAIN, D(2000), Breakers(), AT) is PLAIN


@pytest.mark.parametrize(("lost", "passed"), [
    ("60.66", True), ("60.67", False), ("60.68", False),
])  # fmt: skip
@pytest.mark.parametrize("side", [1, -1])
def test_the_day_ends_at_its_share_and_not_a_cent_before(lost, passed, side):
    """5 % of 1213.40 dollars are 60.67."""
    stage = percent("1213.40")
    stage.on(build.fill(at=AT, side=side, fees=D(0)))
    answers = stage.on(build.fill(at=AT, side=-side, trade_id=2, fees=D(lost)))
    told = [a for a in answers if isinstance(a, StateChanged)]
    assert bool(told) is not passed
    assert all((a.state, a.reason) == (State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS) for a in told)


def test_a_gain_within_the_day_moves_no_limit():
    stage = percent()
    stage.memory.book.realised += D(500)
    stage.on(build.pulse(at=AT))
    assert left(stage.memory) == 50


@pytest.mark.parametrize(("balance", "stop_ticks", "admitted"), [
    ("1000", 17, True), ("1000", 18, False), ("1013.60", 17, True), ("960", 16, True),
    ("960", 17, False),
])  # fmt: skip
def test_one_trade_may_risk_its_share_of_the_balance(balance, stop_ticks, admitted):
    """With two slips and fees 17 ticks cost 24.59 dollars, 16 cost 23.34, 18 cost 25.84."""
    stage = percent(balance)
    answer = verdict(stage, intent(stop_ticks=stop_ticks))
    assert isinstance(answer, Approved) is admitted
    assert admitted or answer.reason is Reason.RISK_TRADE_TOO_LARGE


def test_the_next_day_counts_from_its_own_balance():
    stage = percent()
    stage.memory.book.realised += D(200)
    stage.on(build.session_opened(at=AT + DAY, trade_date="2026-11-23"))
    assert [check.limit for check in limits(stage.memory)] == [360, 240, 60, 90]
    stage.memory.book.realised -= D(100)
    assert [check.limit for check in limits(stage.memory)] == [360, 240, 60, 90]


def test_a_restart_in_the_middle_of_a_day_keeps_its_limits():
    stage = percent("1213.40")
    plain = msgspec.json.encode(stage.memory)
    again = Risk(PLAIN)
    again.memory = msgspec.json.decode(plain, type=Account)
    assert limits(again.memory) == limits(stage.memory)
    run = build.run_started(
        at=AT + 1, settings=replace(PLAIN, risk=replace(PLAIN.risk, basis="percent"))
    )
    for one in (stage, again):
        one.on(run)
    assert limits(again.memory)[2].limit == D("60.67")
    assert limits(again.memory) == limits(stage.memory)


def test_before_a_balance_is_known_there_is_no_room():
    stage = Risk(PLAIN)
    stage.on(build.run_started(settings=replace(PLAIN, risk=replace(PLAIN.risk, basis="percent"))))
    assert not any(check.passed for check in limits(stage.memory))
