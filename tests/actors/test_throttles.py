"""How often, how alike, which way: each rule at its limit and one past it, over restarts."""

import pytest

from actors.throttles import SENT_KEPT, Past
from core.messages import Alert, Approved, Halted, Refused, Tightened
from core.reasons import Reason
from core.terms import Action, State
from tests import build
from tests.actors.controlled import AT, SECOND, D, check, enter, quote, risk, verdict, wish

ASKED = (build.place_order, build.modify_order, build.cancel_order, build.close_position)


@pytest.mark.parametrize(("sent", "passed"), [(4, True), (5, False)])
@pytest.mark.parametrize("kind", ASKED)
def test_every_message_to_the_venue_counts_and_half_is_kept_for_exits(kind, sent, passed):
    """Ten in a second, half of them kept: an entry may be the fifth."""
    stage = risk()
    for n in range(sent):
        changes = {"intent": "x"} if kind is build.place_order else {}
        stage.on(kind(at=AT, tag=f"r-{n}", **changes))
    assert check(stage, wish(), Reason.RISK_THROTTLE_MSG).passed is passed


@pytest.mark.parametrize(("sent", "passed"), [(49, True), (50, False)])
def test_the_longer_window_has_its_own_count(sent, passed):
    stage = risk()
    for n in range(sent):
        stage.on(build.cancel_order(at=AT - (n + 2) * SECOND))
    assert check(stage, wish(), Reason.RISK_THROTTLE_MSG).passed is passed


@pytest.mark.parametrize(("later", "passed"), [(SECOND, False), (SECOND + 1, True)])
def test_what_left_the_window_counts_no_more(later, passed):
    stage = risk()
    for _ in range(5):
        stage.on(build.cancel_order(at=AT))
    assert check(stage, wish(at=AT + later), Reason.RISK_THROTTLE_MSG).passed is passed


def test_an_approved_entry_counts_before_it_is_sent():
    stage = risk(messages_short_max=4)
    assert isinstance(verdict(stage, wish(1)), Approved)
    assert isinstance(verdict(stage, wish(2, price=D(5001))), Approved)
    answer = verdict(stage, wish(3, price=D(5002)))
    assert answer.reason is Reason.RISK_THROTTLE_MSG


def test_no_throttle_refuses_an_exit():
    stage = risk()
    stage.on(build.fill(at=AT, side=1, tag="", venue_id=1))
    for _ in range(200):
        stage.on(build.cancel_order(at=AT))
    assert isinstance(verdict(stage, wish(action=Action.EXIT_LONG)), Approved)


def repeating(count, action=Action.LONG_ENTRY, start=AT, **controls):
    stage = risk(repeat_max=3, drift_orders=50, **controls)
    for n in range(count):
        at = start + n * SECOND
        stage.on(quote(at=at))
        assert isinstance(enter(stage, n, at, action=action)[0], Approved)
    return stage


@pytest.mark.parametrize("action", [Action.LONG_ENTRY, Action.SHORT_ENTRY])
def test_a_strategy_that_repeats_itself_is_off_until_a_named_person_enables_it(action):
    other = Action.SHORT_ENTRY if action is Action.LONG_ENTRY else Action.LONG_ENTRY
    assert repeating(2, action)
    stage = repeating(3, action)
    refused, alert, off = stage.on(wish(9, AT + 9 * SECOND, action=action))
    assert (off.reason, off.by) == (Reason.RISK_THROTTLE_REPEAT, "risk")
    assert off.reopens.startswith("tradebot enable")
    assert (refused.reason, alert.of) == (Reason.RISK_THROTTLE_REPEAT,) * 2
    much = AT + 7000 * SECOND  # the window is long over
    stage.on(quote(at=much))
    stage.on(build.account_snapshot(at=much, balance=D(1000), position=0, orders=(), fills=()))
    assert verdict(stage, wish(10, much, action=action)).reason is Reason.RISK_THROTTLE_REPEAT
    assert isinstance(verdict(stage, wish(11, much, action=other)), Approved)
    stage.memory.reserved.clear()
    stage.on(build.command(at=much, name="enable", by="ada", why="it was a test"))
    assert isinstance(verdict(stage, wish(12, much + SECOND, action=action)), Approved)


def test_repeats_count_anew_from_the_moment_a_person_enables_the_strategy():
    stage = repeating(3)
    stage.on(wish(9, AT + 9 * SECOND))
    stage.on(build.command(at=AT + 10 * SECOND, name="enable", by="ada", why="it was a test"))
    for n in range(11, 14):  # within the window of those that count no more
        stage.on(quote(at=AT + n * SECOND))
        assert isinstance(enter(stage, n, AT + n * SECOND)[0], Approved)
    assert verdict(stage, wish(14, AT + 14 * SECOND)).reason is Reason.RISK_THROTTLE_REPEAT


def test_off_outlives_a_restart_and_is_told_once():
    stage = repeating(3)
    assert [type(a) for a in stage.on(wish(8, AT + 8 * SECOND))] == [Refused, Alert, Tightened]
    assert [type(a) for a in stage.on(wish(9, AT + 9 * SECOND))] == [Refused]
    again = AT + 7200 * SECOND
    for message in (
        build.run_started(at=again, run="r2", settings=stage.memory.settings, account_id=1001),
        build.feed_state(at=again), build.agreed(at=again, position=0), quote(at=again),
        build.account_snapshot(at=again, balance=D(1000), position=0, orders=(), fills=()),
    ):  # fmt: skip
        stage.on(message)
    assert verdict(stage, wish(10, again)).reason is Reason.RISK_THROTTLE_REPEAT


@pytest.mark.parametrize(("later", "reason"), [
    (3600, Reason.RISK_THROTTLE_REPEAT), (3601, Reason.RISK_PASS),
])  # fmt: skip
def test_entries_older_than_the_window_count_no_more(later, reason):
    stage = risk(repeat_max=1, balance_max_s=1e6)
    enter(stage, 1)
    at = AT + later * SECOND
    stage.on(quote(at=at))
    assert verdict(stage, wish(2, at, price=D("5000.50"))).reason is reason


@pytest.mark.parametrize(("ms", "passed"), [(500, False), (501, True)])
@pytest.mark.parametrize(("changes", "like"), [
    ({}, True), ({"price": D("5000.50")}, False), ({"strategy": "cycle"}, True),
])  # fmt: skip
def test_a_like_entry_of_another_intent_comes_too_soon(changes, like, ms, passed):
    stage = risk()
    enter(stage, 1)
    row = check(stage, wish(2, AT + ms * 1_000_000, **changes), Reason.RISK_DUPLICATE)
    assert row.passed is (passed or not like)


def test_the_same_intent_is_approved_once_for_ever():
    stage = risk(balance_max_s=1e6)
    enter(stage, 1)
    at = AT + 3000 * SECOND
    stage.on(quote(at=at))
    assert verdict(stage, wish(1, at)).reason is Reason.RISK_DUPLICATE


def drift(steps, **controls):
    """Entries whose prices go by so many ticks; the answers to the last one."""
    stage, price = risk(repeat_max=99, drift_orders=4, drift_ticks=30, **controls), D(5000)
    answers = []
    for n, step in enumerate([0, *steps]):
        price += step * D("0.25")
        at = AT + n * SECOND
        stage.on(quote(at=at, bid=float(price), ask=float(price) + 0.25))
        answers = enter(stage, n, at, price=price)
    return stage, answers


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize(("steps", "halted"), [
    ((10, 10, 10), False), ((10, 10, 11), True), ((20, -1, 20), False), ((20, 20), False),
    ((40, 0, 40), False),
])  # fmt: skip
def test_entries_that_drift_one_way_halt(way, steps, halted):
    stage, answers = drift([way * step for step in steps])
    assert isinstance(answers[0], Refused) is halted
    if halted:
        assert answers[0].reason is Reason.RISK_COLLAR_DRIFT
        (halt,) = answers[1:]
        assert isinstance(halt, Halted)
        stage.on(halt)
        assert (stage.memory.state, stage.memory.why) == (State.HALTED, Reason.RISK_COLLAR_DRIFT)
        stage.on(build.run_started(at=AT, run="r2", settings=stage.memory.settings))
        assert stage.memory.state is State.HALTED


def test_a_drift_that_takes_longer_than_its_window_is_none():
    _, answers = drift((10, 10, 11), drift_s=2.9)
    assert isinstance(answers[0], Approved)


@pytest.mark.parametrize(("entries", "passed"), [(99, True), (100, False)])
def test_a_day_has_so_many_entries_and_the_next_one_as_many_again(entries, passed):
    stage = risk()
    for n in range(entries):
        stage.on(build.place_order(at=AT - 90 * SECOND, tag=f"r-{n}", intent=f"r-i{n + 100}"))
        stage.on(build.order_rejected(at=AT - 90 * SECOND, tag=f"r-{n}"))
    assert check(stage, wish(), Reason.RISK_MAX_TRADES).passed is passed
    stage.on(build.session_opened(at=AT, trade_date="2026-11-23"))
    assert check(stage, wish(2, price=D(5001)), Reason.RISK_MAX_TRADES).passed


def test_a_second_order_of_one_intent_is_no_second_trade():
    stage = risk()
    for n in range(2):
        stage.on(build.place_order(at=AT, tag=f"r-{n}", intent="r-i9"))
    assert stage.memory.controls.trades == 1


def test_a_log_without_controls_asks_for_none():
    stage = risk()
    stage.on(build.run_started(at=AT, settings=build.SETTINGS))
    answer = verdict(stage, wish())
    assert Reason.RISK_MAX_QTY not in {row.rule for row in answer.checks}


def test_no_more_is_remembered_than_a_day_may_have():
    past = Past()
    for n in range(SENT_KEPT + 2):
        past.approve(wish(n, at=AT + n), 1, AT + n)
    assert (len(past.sent), past.sent[0].at) == (SENT_KEPT, AT + 2)
    assert (len(past.ids), "r-i1" in past.ids, "r-i2" in past.ids) == (SENT_KEPT, False, True)
