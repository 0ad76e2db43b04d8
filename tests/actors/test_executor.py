"""Executor: orders from approvals, a stop for every contract, and out when told."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.executor import Executor
from actors.refusals import BRACKETS_REFUSED
from core import messages as m
from core.reasons import Reason
from core.terms import Action, OrderType, Purpose, Request, State, Status
from tests import build

D = Decimal
AT, SECOND = build.AT, build.SECOND


def executor(**execution):
    numbers = replace(build.SETTINGS.execution, **execution)
    roomy = replace(build.SETTINGS.risk, position_max=3)
    stage = Executor(replace(build.SETTINGS, execution=numbers, risk=roomy))
    stage.on(build.run_started(at=AT, run="r", settings=stage.memory.settings))
    return stage


def approved(action=Action.LONG_ENTRY, side=1, at=AT, size=1, n=1):
    wish = build.intent(at=at, id=f"i{n}", action=action, side=side, expires_at=at + 2 * SECOND)
    return build.approved(at=at, intent=wish, size=size)


def legs(side, size=1, entry="r-1"):
    return [
        build.order_accepted(
            at=AT, tag=entry + suffix, venue_id=number, type=kind, side=-side, size=size,
            price=D(5000) + side * offset,
        )
        for suffix, number, kind, offset in (
            ("-SL", 2, OrderType.STOP, -2), ("-TP", 3, OrderType.LIMIT, 3),
        )
    ]  # fmt: skip


def fill(trade, tag, side, venue_id, price=5000, at=AT, size=1):
    return build.fill(
        at=at, trade_id=trade, tag=tag, side=side, venue_id=venue_id, price=D(price), size=size
    )


def holding(side=1, **execution):
    """A stage with a bracketed position."""
    stage = executor(**execution)
    stage.on(approved(side=side))
    for message in (fill(1, "r-1", side, 1), *legs(side)):
        stage.on(message)
    return stage


def kinds(answers):
    return [type(answer).__name__ for answer in answers]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("native", [True, False])
def test_an_entry_is_a_market_order_with_its_plan(side, native):
    (order,) = executor(native_brackets=native).on(approved(side=side, size=2))
    assert (order.tag, order.type, order.side, order.size) == ("r-1", OrderType.MARKET, side, 2)
    assert (order.stop_ticks, order.target_ticks, order.bracket) == (8, 12, native)
    assert order.expires_at == AT + 2 * SECOND


@pytest.mark.parametrize("side", [1, -1])
def test_without_brackets_stop_and_target_follow_the_fill(side):
    stage = executor(native_brackets=False)
    stage.on(approved(side=side))
    stop, target = stage.on(fill(1, "r-1", side, 1))
    assert (stop.purpose, stop.side, stop.stop_price) == (Purpose.STOP, -side, D(5000) - side * 2)
    assert (target.purpose, target.side, target.limit_price) == (
        Purpose.TARGET, -side, D(5000) + side * 3,
    )  # fmt: skip


def test_own_exits_grow_with_the_position_and_are_asked_again_in_time():
    stage = executor(native_brackets=False, naked_s=10.0)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1))
    for tag, number in (("r-2", 5), ("r-3", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=1, price=D(4998)))
    first, second = stage.on(fill(2, "r-1", 1, 1))
    assert [(o.tag, o.size) for o in (first, second)] == [("r-2", 2), ("r-3", 2)]
    lost = build.order_uncertain(tag="r-2", request=Request.MODIFY)
    assert stage.on(lost) == []
    again = stage.on(build.pulse(at=AT + 2 * SECOND))
    assert {o.tag for o in again if isinstance(o, m.ModifyOrder)} == {"r-2", "r-3"}


def test_a_changed_size_counts_what_an_exit_has_already_filled():
    stage = executor(native_brackets=False)
    stage.on(approved(size=3))
    stage.on(fill(1, "r-1", 1, 1, size=3))
    for tag, number in (("r-2", 5), ("r-3", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=3, price=D(4998)))
    (stop,) = stage.on(fill(2, "r-3", -1, 6))
    assert (stop.tag, stop.size) == ("r-2", 2)
    stage.on(build.order_replaced(tag="r-2"))
    (target,) = stage.on(fill(3, "r-2", -1, 5))
    assert (target.tag, target.size) == ("r-3", 2)  # one filled and one left


@pytest.mark.parametrize("side", [1, -1])
def test_a_signal_exit_moves_the_target_through_the_touch(side):
    stage = holding(side)
    stage.on(build.mark(price=D(5001)))
    (change,) = stage.on(approved(Action.EXIT_LONG, side))
    assert (change.tag, change.limit_price) == ("r-1-TP", D(5001) - side)
    assert stage.on(approved(Action.EXIT_LONG, side)) == []
    late = stage.on(build.pulse(at=AT + 2 * SECOND))
    assert kinds(late) == ["ClosePosition"]


@pytest.mark.parametrize(("later", "asked"), [(1, []), (3, ["ClosePosition"])])
def test_after_a_close_of_unknown_end_no_exit_moves_the_target(later, asked):
    """The position may be gone: the target would open one the other way, without a stop."""
    stage = holding()
    stage.memory.book.hear(build.close_position(at=AT), stage.memory.settings.instrument)
    assert kinds(stage.on(approved(Action.EXIT_LONG, at=AT + later * SECOND))) == asked


def test_a_signal_exit_without_a_target_closes():
    stage = executor(native_brackets=False)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1))
    assert kinds(stage.on(approved(Action.EXIT_LONG))) == ["ClosePosition"]


@pytest.mark.parametrize(("state", "closes"), [
    (State.FLATTEN_ONLY, True), (State.HALTED, True), (State.PAUSED, False), (State.ACTIVE, False),
])  # fmt: skip
def test_a_state_that_flattens_does_so_at_once(state, closes):
    answers = holding().on(build.state_changed(at=AT, state=state))
    assert [(type(a), a.tag) for a in answers] == [(m.ModifyOrder, "r-1-TP")] * closes


def test_an_entry_that_fills_during_a_flatten_is_closed_without_new_orders():
    stage = executor(native_brackets=False)
    stage.on(approved())
    assert stage.on(build.command(name="kill")) == []
    answers = stage.on(build.order_accepted(at=AT, tag="r-1", venue_id=1, status=Status.PENDING))
    assert kinds(answers) == ["CancelOrder"]
    assert kinds(stage.on(fill(1, "r-1", 1, 1))) == ["ClosePosition"]


def test_a_flatten_moves_the_target_and_closes_only_what_that_does_not():
    stage = holding()
    stage.on(build.mark(at=AT, price=D(5000)))
    (moved,) = stage.on(build.command(name="flatten"))
    assert (type(moved), moved.tag, moved.limit_price) == (m.ModifyOrder, "r-1-TP", D(4999))
    assert stage.on(build.pulse(at=AT + SECOND)) == []
    (closing,) = stage.on(build.pulse(at=AT + 2 * SECOND))
    assert (type(closing), closing.reason) == (m.ClosePosition, Reason.ORD_FLATTEN)


@pytest.mark.parametrize("refused", ["r-2", "r-3"])
def test_a_refused_stop_of_our_own_is_followed_by_a_close_at_once(refused):
    stage = executor(native_brackets=False)
    stage.on(approved())
    stop, target = stage.on(fill(1, "r-1", 1, 1))
    assert (stop.purpose, stop.tag, target.tag) == (Purpose.STOP, "r-2", "r-3")
    text = "Invalid stop price (4802.00). Price must be below the best bid."
    answers = stage.on(build.order_rejected(tag=refused, request=Request.PLACE, text=text))
    assert kinds(answers) == (["ClosePosition"] if refused == "r-2" else [])


def test_the_unplanned_leftover_of_an_oco_is_closed_to_the_last_contract():
    stage = executor(native_brackets=False)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    for tag, number in (("r-2", 5), ("r-3", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=2, price=D(4998)))
    stage.on(fill(2, "r-2", -1, 5, size=2))
    assert kinds(stage.on(fill(3, "r-3", -1, 6, size=2))) == ["ClosePosition"]
    stage.on(fill(4, "", 1, 9))  # half of it
    answers = stage.on(build.pulse(at=AT + 2 * SECOND))
    assert [a.reason for a in answers] == [Reason.ORD_OCO_BOTH_FILLED]
    assert kinds(stage.on(fill(5, "", 1, 9))) == ["TradeClosed"]


def test_a_close_that_goes_through_zero_is_closed_at_once():
    stage = holding()
    stage.on(build.command(name="flatten"))
    assert kinds(stage.on(build.pulse(at=AT + 2 * SECOND))) == ["ClosePosition"]
    stage.on(build.state_changed(state=State.ACTIVE, reason=Reason.RISK_REARMED))
    stage.on(fill(2, "r-1-SL", -1, 2))
    assert "ClosePosition" in kinds(stage.on(fill(3, "", -1, 9)))


@pytest.mark.parametrize("text", [f"{BRACKETS_REFUSED} with Position Brackets.", "off tick"])
def test_only_refused_brackets_are_tried_again_and_once(text):
    stage = executor()
    stage.on(approved())
    answers = stage.on(build.order_rejected(tag="r-1", text=text))
    again = text != "off tick"
    assert [(a.tag, a.bracket) for a in answers] == [("r-2", False)] * again
    assert stage.on(build.order_rejected(tag="r-2", text=text)) == []


def test_no_entry_while_any_order_lives():
    stage = holding()
    stage.on(fill(2, "r-1-SL", -1, 2))
    (no,) = stage.on(approved(n=2))
    assert (no.tag, no.reason) == ("i2", Reason.SIG_BLOCKED)
    stage.on(build.order_cancelled(tag="r-1-TP"))
    assert kinds(stage.on(approved(n=3))) == ["PlaceOrder"]


@pytest.mark.parametrize("told", [
    build.state_changed(at=AT, state=State.FLATTEN_ONLY), fill(9, "", 1, 77),
], ids=["flat and to stay so", "holding what others bought"])  # fmt: skip
def test_no_entry_but_from_flat(told):
    stage = executor()
    stage.on(told)
    (no,) = stage.on(approved())
    assert (no.tag, no.reason) == ("i1", Reason.SIG_BLOCKED)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("side", [1, -1])
def test_a_position_without_a_stop_is_closed_within_its_time(side, native):
    stage = executor(native_brackets=native)
    stage.on(approved(side=side))
    stage.on(fill(1, "r-1", side, 1))
    for tag in ("r-2", "r-3"):
        stage.on(build.order_rejected(tag=tag, text="Invalid price"))
    asked = [a for t in (1, 2) for a in stage.on(build.pulse(at=AT + t * SECOND))]
    assert [a.reason for a in asked if isinstance(a, m.ClosePosition)] == [Reason.RISK_NAKED]
