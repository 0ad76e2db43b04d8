"""Risk: what is admitted, what is not, and what outlives what."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.risk import Risk
from core.messages import Approved, Refused, StateChanged
from core.reasons import Reason
from core.settings import BreakerSettings, SizingSettings
from core.terms import Action, Purpose, Request, State
from tests import build

D = Decimal
AT = build.AT - 3600 * build.SECOND
PLAIN = replace(build.SETTINGS, sizing=SizingSettings(), breakers=BreakerSettings())
EXITS = (Action.EXIT_LONG, Action.EXIT_SHORT, Action.FLATTEN)


def intent(at=AT, n=1, action=Action.LONG_ENTRY, **more):
    side = -1 if action in (Action.SHORT_ENTRY, Action.REVERSE_TO_SHORT) else 1
    fields = {"id": f"r-i{n}", "side": side, "expires_at": at + 2 * build.SECOND, **more}
    return build.intent(at=at, action=action, **fields)


def risk(balance="1000.00", **numbers):
    """A stage that has agreed with a flat account and hears the market."""
    settings = replace(PLAIN, risk=replace(PLAIN.risk, **{"daily_reset": "roll"} | numbers))
    stage = Risk(settings)
    for message in (
        build.run_started(at=AT, settings=settings), build.session_opened(at=AT),
        build.account_snapshot(at=AT, balance=D(balance), position=0, orders=(), fills=()),
        build.feed_state(at=AT), build.agreed(at=AT, position=0),
    ):  # fmt: skip
        stage.on(message)
    return stage


def holding(side=1, price="5000.00", **more):
    stage = risk(**more)
    entry = build.fill(at=AT, side=side, price=D(price), fees=D(0))
    stage.on(entry)
    return stage


def verdict(stage, wish):
    (answer,) = stage.on(wish)
    return answer


def changes(stage, *messages):
    return [a for m in messages for a in stage.on(m) if isinstance(a, StateChanged)]


def test_an_entry_is_approved_with_its_planned_loss():
    answer = verdict(risk(), intent())
    assert isinstance(answer, Approved)
    assert (answer.size, answer.risk) == (1, D("13.34"))
    assert all(check.passed for check in answer.checks)


@pytest.mark.parametrize(("fence", "reason"), [
    (build.command(name="pause"), Reason.RISK_PAUSED),
    (build.command(name="kill"), Reason.RISK_KILL),
    (build.command(name="flatten"), Reason.RISK_FLATTENING),
    (build.command(name="stop"), Reason.SYS_STOPPING),
    (build.halted(reason=Reason.SYS_ESCALATE), Reason.SYS_ESCALATE),
    (build.feed_state(up=False), Reason.RISK_STALE_DATA),
    (build.feed_state(link="user", up=False), Reason.RISK_NOT_AGREED),
    (build.actor_failed(), Reason.RISK_NOT_AGREED),
    (build.close_position(), Reason.RISK_NOT_AGREED),
    (build.run_started(), Reason.RISK_NOT_AGREED),
    (build.pulse(at=AT + 2 * build.SECOND + 1), Reason.SIG_EXPIRED),
])  # fmt: skip
def test_a_fence_refuses_entries_and_lets_exits_pass(fence, reason):
    stage = risk()
    stage.on(fence)
    answer = verdict(stage, intent())
    assert isinstance(answer, Refused)
    assert answer.reason is reason
    for side, action in ((1, Action.EXIT_LONG), (-1, Action.EXIT_SHORT), (1, Action.FLATTEN)):
        held = holding(side)
        held.on(fence)
        assert isinstance(verdict(held, intent(action=action)), Approved)


def test_an_unknown_order_fences_entries():
    stage = risk()
    stage.on(build.place_order(tag="r-1", purpose=Purpose.STOP))
    stage.on(build.order_uncertain(tag="r-1"))
    assert verdict(stage, intent()).reason is Reason.RISK_UNKNOWN_PENDING


def test_an_exit_of_nothing_is_superseded():
    assert verdict(risk(), intent(action=Action.EXIT_LONG)).reason is Reason.SIG_SUPERSEDED


@pytest.mark.parametrize(("lost", "reason", "state"), [
    ("49.99", None, None),
    ("50.00", Reason.RISK_DAILY_LOSS, State.FLATTEN_ONLY),
    ("199.99", Reason.RISK_DAILY_LOSS, State.FLATTEN_ONLY),
    ("200.00", Reason.RISK_ACCOUNT_DRAWDOWN, State.HALTED),
    ("300.00", Reason.RISK_KILL, State.HALTED),
])  # fmt: skip
@pytest.mark.parametrize("side", [1, -1])
def test_a_limit_triggers_when_it_is_reached(side, lost, reason, state):
    """Marked on the closing side; a day's loss has the 0.42 that closing costs. Gravest first."""
    cost = D("0.42") if D(lost) < 100 else D(0)
    points = (D(lost) - cost) / 5
    stage = holding(side)
    found = changes(stage, build.mark(at=AT, price=D(5000) - side * points))
    assert [(c.reason, c.state) for c in found] == ([(reason, state)] if reason else [])


@pytest.mark.parametrize(("gain", "back", "hit"), [("30", "44.99", False), ("30", "45.00", True)])
def test_the_drawdown_of_the_day_counts_from_its_highest_mark(gain, back, hit):
    stage = holding()
    up = D(5000) + D(gain) / 5
    stage.on(build.mark(at=AT, price=up))
    down = up - (D(gain) + D(back)) / 5
    found = changes(stage, build.mark(at=AT, price=down))
    assert [c.reason for c in found] == ([Reason.RISK_DRAWDOWN] if hit else [])


@pytest.mark.parametrize(("balance", "reason"), [
    ("700.01", None), ("700.00", Reason.RISK_KILL), ("699.99", Reason.RISK_KILL),
])  # fmt: skip
def test_at_the_minimum_balance_the_kill_switch_wins(balance, reason):
    stage = risk(balance)
    answer = verdict(stage, intent())
    broken = [check.rule for check in answer.checks if not check.passed]
    assert broken[:1] == ([reason] if reason else [Reason.RISK_DRB])


@pytest.mark.parametrize(("balance", "passed"), [("800.00", True), ("799.99", False)])
def test_the_minimum_balance_comes_before_the_limits_of_the_day(balance, passed):
    stage = risk(balance, balance_min=D(800))
    rules = {check.rule: check for check in verdict(stage, intent()).checks}
    assert rules[Reason.RISK_MIN_BALANCE].passed is passed
    order = list(rules)
    assert order.index(Reason.RISK_ACCOUNT_DRAWDOWN) < order.index(Reason.RISK_MIN_BALANCE)
    assert order.index(Reason.RISK_MIN_BALANCE) < order.index(Reason.RISK_DAILY_LOSS)


@pytest.mark.parametrize(("ticks", "reason"), [(17, None), (18, Reason.RISK_TRADE_TOO_LARGE)])
def test_a_trade_may_plan_to_lose_25_dollars_and_no_more(ticks, reason):
    answer = verdict(risk(), intent(stop_ticks=ticks))
    assert answer.reason is (reason or Reason.RISK_PASS)


@pytest.mark.parametrize(("limit", "passed"), [("13.34", True), ("13.33", False)])
def test_equal_to_the_trade_limit_passes(limit, passed):
    answer = verdict(risk(trade_risk_max=D(limit)), intent())
    assert isinstance(answer, Approved) is passed


FLAT = 1_795_208_880 * build.SECOND  # 16:08 New York on 2026-11-20


@pytest.mark.parametrize("state", ["ACTIVE", "pause"])
def test_a_position_is_flattened_before_the_venue_does_it(state):
    stage = holding()
    stage.on(build.command(name=state))
    flat = FLAT
    assert not changes(stage, build.pulse(at=flat - 301 * build.SECOND))
    (change,) = changes(stage, build.pulse(at=flat - 300 * build.SECOND))
    assert (change.state, change.reason) == (State.FLATTEN_ONLY, Reason.RISK_SESSION_CLOSED)
    (after,) = changes(stage, build.session_opened(trade_date="2026-11-23"))
    assert after.state is (State.PAUSED if state == "pause" else State.ACTIVE)


def test_the_fifth_loss_in_a_row_pauses_half_an_hour():
    stage = risk()
    loss = build.trade_closed(at=AT, net=D("-1"))
    for _ in range(4):
        stage.on(loss)
    stage.on(build.trade_closed(at=AT, net=D(0)))
    assert isinstance(verdict(stage, intent()), Approved)
    stage.memory.reserved.clear()
    stage.on(loss)
    pause = 1800 * build.SECOND
    assert verdict(stage, intent(AT + pause - 1)).reason is Reason.RISK_LOSSES_IN_ROW
    assert verdict(stage, intent(AT + pause)).reason is not Reason.RISK_LOSSES_IN_ROW


def test_what_is_approved_counts_until_it_is_sent_refused_or_too_old():
    stage = risk()
    verdict(stage, intent())
    assert verdict(stage, intent(n=2)).reason is Reason.RISK_MAX_POSITION
    stage.on(build.order_rejected(tag="r-i1", request=Request.PLACE, reason=Reason.SIG_BLOCKED))
    assert isinstance(verdict(stage, intent(n=3)), Approved)
    assert isinstance(verdict(stage, intent(AT + 3 * build.SECOND, n=4)), Approved)
    stage.on(build.place_order(tag="r-1", intent="r-i4"))
    assert verdict(stage, intent(AT + 9 * build.SECOND, n=5)).reason is Reason.RISK_MAX_POSITION


@pytest.mark.parametrize("side", [1, -1])
def test_a_reversal_that_may_not_turn_may_still_leave(side):
    stage = holding(side)
    stage.on(build.command(name="pause"))
    action = Action.REVERSE_TO_SHORT if side > 0 else Action.REVERSE_TO_LONG
    answer = verdict(stage, intent(action=action))
    assert isinstance(answer, Approved)
    assert (answer.intent.action, answer.intent.side) == (EXITS[side < 0], side)
    assert answer.reason is Reason.RISK_PAUSED


@pytest.mark.parametrize(("commands", "state"), [
    (["pause"], State.PAUSED), (["pause", "resume"], State.ACTIVE), (["rearm"], State.ACTIVE),
    (["kill", "resume"], State.HALTED), (["kill", "rearm"], State.ACTIVE),
    (["kill", "stop"], State.HALTED), (["flatten", "resume"], State.ACTIVE),
    (["flatten"], State.FLATTEN_ONLY), (["stop"], State.ACTIVE), (["pause", "stop"], State.PAUSED),
    (["pause", "rearm", "stop"], State.PAUSED),
])  # fmt: skip
def test_a_restart_keeps_what_a_person_ordered(commands, state):
    stage = risk()
    for name in commands:
        stage.on(build.command(at=AT, name=name))
    stage.on(build.run_started(at=AT + 1, run="r2"))
    assert stage.memory.state is state


@pytest.mark.parametrize("restarts", [0, 1, 3])
def test_a_daily_loss_is_not_walked_around(restarts):
    stage = holding()
    stage.on(build.fill(trade_id=2, tag="", side=-1, price=D("4989.00"), at=AT))
    assert stage.memory.state is State.FLATTEN_ONLY
    for n in range(restarts):
        stage.on(build.run_started(at=AT, run=f"r{n}", settings=stage.memory.settings))
        stage.on(build.session_opened(at=AT))
    assert stage.memory.why is Reason.RISK_DAILY_LOSS
    stage.on(build.command(at=AT, name="resume"))
    stage.on(build.pulse(at=AT))
    assert stage.memory.state is State.FLATTEN_ONLY
    stage.on(build.session_opened(trade_date="2026-11-23"))
    assert stage.memory.state is State.ACTIVE
    assert stage.memory.day_start == D("945.00") - D("0.42")


def test_a_limit_reached_while_flattening_outlives_the_flatten():
    stage = holding()
    stage.on(build.command(at=AT, name="stop"))
    (change,) = changes(stage, build.mark(at=AT, price=D("4989.00")))
    assert change.reason is Reason.RISK_DAILY_LOSS
    stage.on(build.run_started(at=AT, run="r2"))
    assert stage.memory.state is State.FLATTEN_ONLY
