"""Signals: exactly one answer to each event, and one open intent at a time."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.signals import Signals
from core import messages as m
from core.reasons import Reason
from core.terms import Action, State
from strategies import cycle, ema_cross, model
from tests import build

AT, SECOND = build.AT, build.SECOND
STRATEGIES = {"model": model, "cycle": cycle, "ema_cross": ema_cross}


def signals(**numbers):
    settings = replace(build.SETTINGS, signals=replace(build.SETTINGS.signals, **numbers))
    stage = Signals(STRATEGIES, settings)
    stage.on(build.run_started(run="r", settings=settings))
    return stage


def holding(side=1, **numbers):
    stage = signals(**numbers)
    stage.on(build.fill(side=side, tag="x"))
    return stage


def prediction(t=0.0, direction=1, **more):
    return build.prediction(at=AT + int(t * SECOND), direction=direction, **more)


def say(stage, event):
    (answer,) = stage.on(event)
    return answer


@pytest.mark.parametrize(("direction", "action", "price"), [
    (1, Action.LONG_ENTRY, "5000.25"), (-1, Action.SHORT_ENTRY, "5000.00"),
])  # fmt: skip
def test_a_sure_prediction_becomes_an_intent_at_the_touch(direction, action, price):
    wish = say(signals(), prediction(direction=direction))
    assert (wish.action, wish.side, wish.price) == (action, direction, Decimal(price))
    assert (wish.id, wish.expires_at) == ("r-i1", AT + 2 * SECOND)


@pytest.mark.parametrize(("side", "reversal", "action", "wanted"), [
    (1, False, Action.EXIT_LONG, 1), (-1, False, Action.EXIT_SHORT, -1),
    (1, True, Action.REVERSE_TO_SHORT, -1), (-1, True, Action.REVERSE_TO_LONG, 1),
])  # fmt: skip
def test_an_opposite_prediction_leaves_or_turns(side, reversal, action, wanted):
    wish = say(holding(side, allow_reversal=reversal), prediction(direction=-side))
    assert (wish.action, wish.side) == (action, wanted)
    assert wish.price == Decimal("5000.00" if side > 0 else "5000.25")


@pytest.mark.parametrize(("event", "reason"), [
    (prediction(confidence=0.59), Reason.SIG_LOW_CONFIDENCE),
    (prediction(direction=0), Reason.SIG_FLAT_WANTED),
])  # fmt: skip
def test_no_wish_is_a_hold_with_its_reason(event, reason):
    hold = say(signals(), event)
    assert (type(hold), hold.reason) == (m.Hold, reason)


def test_the_position_held_is_enough():
    assert say(holding(), prediction()).reason is Reason.SIG_IN_POSITION


@pytest.mark.parametrize(("heard", "again"), [
    (None, False),
    (build.refused(intent=build.intent(id="r-i1")), True),
    (build.refused(intent=build.intent(id="r-i9")), False),
    (build.fill(side=-1, tag="x", trade_id=9), True),
])  # fmt: skip
def test_one_intent_is_open_until_it_is_answered(heard, again):
    stage = signals()
    say(stage, prediction())
    if heard is not None:
        stage.on(heard)
    assert isinstance(say(stage, prediction(1)), m.Intent) is again
    stage = signals()
    say(stage, prediction())
    assert say(stage, prediction(1.99)).reason is Reason.SIG_PENDING
    assert isinstance(say(stage, prediction(2)), m.Intent)


def test_a_live_entry_holds_all_else():
    stage = signals()
    stage.on(build.place_order(tag="r-1"))
    assert say(stage, prediction(60)).reason is Reason.SIG_PENDING
    stage.on(build.order_rejected(tag="r-1"))
    assert isinstance(say(stage, prediction(60)), m.Intent)


@pytest.mark.parametrize(("t", "passed"), [(29.99, False), (30, True)])
def test_after_an_exit_entries_cool_down(t, passed):
    stage = signals()
    stage.on(build.trade_closed(at=AT))
    answer = say(stage, prediction(t))
    assert isinstance(answer, m.Intent) is passed
    assert passed or answer.checks[-1].rule is Reason.SIG_COOLDOWN


@pytest.mark.parametrize("state", [State.PAUSED, State.FLATTEN_ONLY, State.HALTED])
def test_a_fence_blocks_entries_and_no_exit(state):
    flat, held = signals(), holding()
    for stage in (flat, held):
        stage.on(build.state_changed(state=state))
    assert say(flat, prediction()).reason is Reason.SIG_BLOCKED
    assert say(held, prediction(direction=-1)).action is Action.EXIT_LONG


def test_a_restart_names_intents_anew_and_forgets_none_it_waits_for():
    stage = signals()
    say(stage, prediction())
    stage.on(build.run_started(run="r2", settings=stage.memory.settings))
    assert say(stage, prediction(0.1)).id == "r2-i1"


def test_a_log_of_another_strategy_is_folded_without_its_decisions():
    stage = signals(strategy="cycle")
    settings = replace(build.SETTINGS, signals=replace(build.SETTINGS.signals, strategy="model"))
    stage.on(build.run_started(run="old", settings=settings))
    assert stage.on(build.bar()) == []
    stage.on(build.run_started(run="new", settings=signals(strategy="cycle").memory.settings))
    assert len(stage.on(build.bar())) == 1


CROSSING = {"strategy": "ema_cross", "ema_fast": 2, "ema_slow": 4}


def test_a_strategy_sees_the_bars_on_which_it_may_not_decide():
    stage, other = signals(**CROSSING), signals(**CROSSING)
    stage.memory.state = State.PAUSED
    for second in range(9):
        bar = build.bar(at=AT + second * SECOND, close=5000.0 + second % 5)
        other.on(bar)
        assert say(stage, bar).reason is Reason.SIG_BLOCKED
    assert stage.memory.own == other.memory.own and len(stage.memory.own)


def test_what_a_strategy_kept_is_kept_by_a_restart_but_not_for_other_numbers():
    stage = signals(**CROSSING)
    say(stage, build.bar())
    kept = list(stage.memory.own)
    stage.on(build.run_started(run="r2", settings=stage.memory.settings))
    assert stage.memory.own == kept
    other = signals(**CROSSING | {"ema_slow": 5}).memory.settings
    stage.on(build.run_started(run="r3", settings=other))
    assert stage.memory.own == []
