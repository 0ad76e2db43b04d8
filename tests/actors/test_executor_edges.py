"""Executor at its edges: what a refusal must say to be tried smaller, and what is no overshot."""

import pytest
from msgspec.structs import replace

from actors.refusals import BRACKETS_REFUSED
from core.reasons import Reason
from core.terms import Action, Request, State
from tests import build
from tests.actors.test_executor import (
    AT,
    SECOND,
    D,
    approved,
    executor,
    fill,
    holding,
    kinds,
    legs,
)

HOUR = 3600 * SECOND
SATURDAY = 1_795_867_200 * SECOND  # 2026-11-28T12:00:00Z


@pytest.mark.parametrize(("said", "again"), [
    ({"code": 3}, ["PlaceOrder"]),
    ({"code": 2, "text": "Insufficient MARGIN"}, ["PlaceOrder"]),
    ({"code": 4}, []),
    ({"code": 2}, []),
    ({"code": 3, "request": Request.CANCEL}, []),
    ({"code": 3, "request": Request.MODIFY}, []),
    ({"code": 3, "reason": Reason.SIG_EXPIRED}, []),
    ({"code": 3, "reason": Reason.ORD_NOT_PLACED}, []),
])  # fmt: skip
def test_only_an_entry_that_the_venue_has_no_funds_for_is_tried_smaller(said, again):
    stage = executor()
    stage.on(approved(size=2))
    answers = stage.on(build.order_rejected(tag="r-1", **{"text": "no", **said}))
    assert kinds(answers) == again
    assert [order.size for order in answers] == [1] * len(again)


@pytest.mark.parametrize("side", [1, -1])
def test_an_exit_in_parts_is_no_overshot(side):
    stage = executor()
    stage.on(approved(side=side, size=3))
    for message in (fill(1, "r-1", side, 1, size=3), *legs(side, size=3)):
        stage.on(message)
    for trade in (2, 3):
        assert "ClosePosition" not in kinds(stage.on(fill(trade, "r-1-TP", -side, 3)))
    assert not stage.memory.overshot
    assert kinds(stage.on(fill(4, "r-1-TP", -side, 3)))[:1] == ["TradeClosed"]


@pytest.mark.parametrize("native", [True, False])
def test_a_restart_amid_a_close_of_a_bare_position_sends_one_close(native):
    """Two at once may both find the contract, and the second one open its opposite."""
    stage = executor(native_brackets=native)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1))
    assert kinds(stage.on(approved(action=Action.EXIT_LONG))) == ["ClosePosition"]
    run = build.run_started(at=AT + 9 * SECOND, run="s", settings=stage.memory.settings)
    assert kinds(stage.on(run)) == ["ClosePosition"]
    assert kinds(stage.on(build.pulse(at=AT + 10 * SECOND))) == []


def test_a_stage_that_holds_waits():
    assert holding().on(build.pulse()) == []


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_an_order_of_an_earlier_wish_is_not_tried_smaller(first, second):
    """It was proven absent, another entry was sent, and then it was there after all."""
    stage = executor()
    stage.on(approved(size=2, n=first))
    stage.on(build.order_uncertain(tag="r-1"))
    stage.on(build.not_placed(tag="r-1"))
    assert kinds(stage.on(approved(size=2, n=second))) == ["PlaceOrder"]
    stage.on(build.order_accepted(tag="r-1", venue_id=1, size=2, side=1))
    answers = stage.on(build.order_rejected(tag="r-1", code=3, text="no"))
    assert not {"PlaceOrder", "OrderRejected"} & set(kinds(answers))


@pytest.mark.parametrize(("size", "sizes"), [(1, []), (2, [1]), (3, [1]), (4, [2]), (5, [2])])
def test_an_entry_is_halved_once_and_given_up_after_that(size, sizes):
    stage, tried = executor(), []
    stage.on(approved(size=size))
    for number in (1, 2, 3):
        answers = stage.on(build.order_rejected(tag=f"r-{number}", code=3, text="no"))
        tried += [order.size for order in answers if order.tag != "i1"]
    assert tried == sizes
    given_up = build.order_rejected(tag=f"r-{len(sizes) + 1}", code=3, text="no")
    stage = executor()
    stage.on(approved(size=size))
    if sizes:
        stage.on(build.order_rejected(tag="r-1", code=3, text="no"))
    (last,) = stage.on(given_up)
    assert (last.tag, last.reason, last.code) == ("i1", Reason.RISK_CAPITAL, 3)


@pytest.mark.parametrize("side", [1, -1])
def test_a_trip_that_is_left_in_parts_tells_the_price_that_it_made(side):
    stage = executor()
    stage.on(approved(side=side, size=3))
    for message in (fill(1, "r-1", side, 1, size=3), *legs(side, size=3)):
        stage.on(message)
    stage.on(fill(2, "r-1-TP", -side, 3, 5000 + 4 * side))
    (trip, *_) = stage.on(fill(3, "r-1-SL", -side, 2, 5000 - 2 * side, size=2))
    assert (trip.size, trip.entry, trip.exit, trip.gross) == (3, D(5000), D(5000), D(0))


@pytest.mark.parametrize("text", ["margin", BRACKETS_REFUSED])
@pytest.mark.parametrize("met", [
    build.state_changed(at=AT, state=State.HALTED), fill(9, "", 1, 77),
], ids=["flatten", "position"])  # fmt: skip
def test_a_refused_entry_is_not_tried_again_when_flattening_or_not_flat(met, text):
    stage = executor()
    stage.on(approved(size=2))
    stage.on(met)
    answers = stage.on(build.order_rejected(tag="r-1", text=text))
    assert not {"PlaceOrder", "OrderRejected"} & set(kinds(answers))


def test_what_the_executor_itself_refuses_has_the_code_of_no_venue():
    stage = holding()
    not_flat = stage.on(approved(n=2))
    stage.on(approved(Action.REVERSE_TO_SHORT, -1, n=3))
    turn_over = stage.on(build.run_started(at=AT, run="r2", settings=stage.memory.settings))
    closed = executor().on(approved(at=SATURDAY, n=4))
    refused = [*not_flat, *(a for a in turn_over if a.tag == "i3"), *closed]
    assert [(a.tag, a.code) for a in refused] == [("i2", 0), ("i3", 0), ("i4", 0)]
    session = replace(stage.memory.settings.session, kind="all")
    stage = executor()
    stage.memory.settings = replace(stage.memory.settings, session=session)
    assert kinds(stage.on(approved(at=SATURDAY, n=5))) == ["PlaceOrder"]


def test_a_reversal_of_nothing_is_an_entry():
    assert kinds(executor().on(approved(Action.REVERSE_TO_LONG))) == ["PlaceOrder"]


@pytest.mark.parametrize(("late", "kind"), [(0, "PlaceOrder"), (1, "OrderRejected")])
def test_a_turn_enters_until_the_instant_its_wish_expires(late, kind):
    stage = holding()
    stage.on(approved(Action.REVERSE_TO_SHORT, -1, n=2))
    stage.on(fill(2, "r-1-TP", -1, 3, at=AT + SECOND))
    ended = build.order_cancelled(at=AT + 2 * SECOND + late, tag="r-1-SL")
    assert kinds(stage.on(ended)) == [kind]


def test_nothing_is_asked_before_a_run_begins_or_while_the_exchange_is_shut():
    stage = holding()
    stage.on(build.state_changed(at=SATURDAY, state=State.HALTED))
    assert stage.on(build.pulse(at=SATURDAY + HOUR)) == []
    stage.memory.run = ""
    assert stage.on(build.pulse(at=AT + HOUR)) == []
    stage.memory.run = "r"
    assert stage.on(build.pulse(at=AT + HOUR)) != []


def crossed(size=1):
    """A stage whose stop and then target filled: it holds one the other way."""
    stage = executor(naked_s=3600.0)
    stage.on(approved(size=size))
    for message in (fill(1, "r-1", 1, 1, size=size), *legs(1, size=size)):
        stage.on(message)
    stage.on(fill(2, "r-1-SL", -1, 2, size=size))
    answers = stage.on(fill(3, "r-1-TP", -1, 3))
    assert [a.reason for a in answers] == [Reason.ORD_OCO_BOTH_FILLED]
    return stage


@pytest.mark.parametrize(("more", "still"), [
    (fill(4, "r-1-TP", -1, 3), True), (fill(4, "", -1, 9), True), (fill(4, "x-1", -1, 9), True),
    (fill(4, "r-1", -1, 1), False),
], ids=["more of the leg", "of our close", "of others", "of an entry"])  # fmt: skip
def test_a_leftover_stays_one_until_an_entry_makes_it_its_own(more, still):
    stage = crossed(size=2)
    stage.memory.book.closing = more.tag != "x-1"
    stage.on(more)
    assert stage.memory.book.position.size == -2
    asked = stage.on(build.pulse(at=AT + 2 * SECOND))
    assert [a.reason for a in asked] == [Reason.ORD_OCO_BOTH_FILLED] * still


def test_an_exit_that_goes_through_zero_leaves_a_leftover_whose_close_is_a_flatten():
    stage = executor()
    stage.on(approved(size=2))
    for message in (fill(1, "r-1", 1, 1, size=2), *legs(1, size=2)):
        stage.on(message)
    stage.on(approved(Action.EXIT_LONG))
    stage.on(fill(2, "r-1-SL", -1, 2))
    first, closing = stage.on(fill(3, "r-1-TP", -1, 3, size=2))[:2]
    assert (first.reason, closing.reason) == (Reason.TRADE_SIGNAL, Reason.ORD_OCO_BOTH_FILLED)
    ended = stage.on(fill(4, "", 1, 9))[0]
    assert ended.reason is Reason.TRADE_FLATTEN


@pytest.mark.parametrize(("suffix", "reason"), [
    ("-SL", Reason.TRADE_STOP), ("-TP", Reason.TRADE_TARGET), ("", Reason.TRADE_FOREIGN),
])  # fmt: skip
def test_a_trade_that_an_unknown_order_ended_is_named_by_its_tag(suffix, reason):
    stage = executor()
    stage.on(fill(1, "", 1, 77))
    ended = stage.on(fill(2, "01JD-12" + suffix, -1, 78))[0]
    assert (ended.reason, ended.confidence) == (reason, 0.0)


def test_a_stop_for_more_than_is_held_is_enough():
    stage = executor()
    stage.on(approved(size=2))
    for message in (fill(1, "r-1", 1, 1, size=2), *legs(1, size=2), fill(2, "r-1-TP", -1, 3)):
        stage.on(message)
    assert stage.on(build.pulse(at=AT + HOUR)) == []


@pytest.mark.parametrize(("after_s", "closes"), [(1.4, []), (1.5, [Reason.RISK_NAKED]),
                                                 (100, [Reason.RISK_NAKED])])  # fmt: skip
def test_a_position_is_naked_so_long_and_no_longer(after_s, closes):
    stage = executor(naked_s=1.5)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1))
    asked = stage.on(build.pulse(at=AT + int(after_s * SECOND)))
    assert [a.reason for a in asked] == closes


def test_while_a_close_is_under_way_no_exits_are_placed():
    stage = executor(native_brackets=False, naked_s=10.0)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1))
    stage.on(build.order_rejected(tag="r-3", text="Invalid price"))
    (closing,) = stage.on(build.order_rejected(tag="r-2", text="Invalid price"))
    assert closing.reason is Reason.RISK_NAKED
    assert stage.on(build.pulse(at=AT + SECOND)) == []
    assert kinds(stage.on(build.pulse(at=AT + 2 * SECOND))) == ["PlaceOrder", "PlaceOrder"]


def test_a_flatten_by_a_message_that_came_late_leaves_the_exits_as_they_are():
    stage = executor(native_brackets=False)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    for tag, number in (("r-2", 5), ("r-3", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=2, price=D(4998)))
    stage.on(build.pulse(at=AT + SECOND))
    assert kinds(stage.on(build.command(at=AT, name="flatten"))) == ["ClosePosition"]
    stage.on(fill(2, "", -1, 9))
    assert stage.on(build.pulse(at=AT + int(2.5 * SECOND))) == []
    assert kinds(stage.on(build.pulse(at=AT + 3 * SECOND))) == ["ClosePosition"]
