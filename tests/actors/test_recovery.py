"""Recovery: one story of log and venue; nothing is proven by an absent answer."""

import pytest
from msgspec.structs import replace

from actors.recovery import Recovery
from core import messages as m
from core.reasons import Reason
from core.terms import Purpose, Request, State, Status
from tests import build

AT, SECOND = build.AT, build.SECOND


def snap(t=0.0, position=0, orders=(), fills=()):
    return build.account_snapshot(
        at=AT + int(t * SECOND), position=position, orders=tuple(orders), fills=tuple(fills)
    )


def recovery(runs=("r1",), **numbers):
    settings = replace(build.SETTINGS, recovery=replace(build.SETTINGS.recovery, **numbers))
    stage = Recovery(settings)
    for run in runs:
        stage.on(build.run_started(at=AT, run=run, settings=settings))
    return stage


def linked(**numbers):
    stage = recovery(**numbers)
    stage.on(build.feed_state(at=AT, link="user"))
    stage.on(snap())
    return stage


def kinds(answers):
    return [type(answer).__name__ for answer in answers]


def pulse(t):
    return build.pulse(at=AT + int(t * SECOND))


def test_a_link_that_comes_up_asks_and_one_snapshot_agrees_in_a_first_run():
    stage = recovery()
    (asked,) = stage.on(build.feed_state(at=AT, link="user"))
    assert (asked.reason, asked.since) == (Reason.REC_START, AT)
    assert kinds(stage.on(snap())) == ["Agreed"]


def test_a_later_run_takes_two_snapshots_that_agree():
    stage = recovery(("r1", "r2"))
    stage.on(build.feed_state(at=AT, link="user"))
    assert stage.on(snap()) == []
    assert kinds(stage.on(pulse(2))) == ["Reconcile"]
    assert kinds(stage.on(snap(2))) == ["Agreed"]


def test_a_snapshot_asked_before_the_link_was_up_agrees_to_nothing():
    stage = linked()
    stage.on(pulse(15))
    stage.on(build.feed_state(at=AT + 16 * SECOND, link="user", up=False))
    stage.on(build.feed_state(at=AT + 17 * SECOND, link="user"))
    assert stage.on(snap(15)) == []
    assert kinds(stage.on(pulse(17))) == ["Reconcile"]
    assert kinds(stage.on(snap(17))) == ["Agreed"]


@pytest.mark.parametrize(("t", "asks"), [(6.9, False), (7, True)])
def test_a_settled_account_is_looked_at_every_seven_seconds(t, asks):
    assert kinds(linked().on(pulse(t))) == ["Reconcile"] * asks


@pytest.mark.parametrize(("t", "asks"), [(16.9, False), (17, True)])
def test_a_failed_query_is_asked_again_and_proves_nothing(t, asks):
    stage = linked()
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_uncertain(at=AT, tag="r1-1"))
    stage.on(build.query_failed(at=AT + 15 * SECOND))
    assert kinds(stage.on(pulse(t))) == ["Reconcile"] * asks
    assert stage.memory.book.unknown()


def test_one_question_at_a_time():
    stage = linked()
    assert kinds(stage.on(pulse(15))) == ["Reconcile"]
    assert stage.on(pulse(44.9)) == []


@pytest.mark.parametrize(("first", "last", "gone"), [
    (1, 60.9, False), (1, 61, True), (-1, 61, False), (-1, 120, True),
])  # fmt: skip
def test_an_unknown_order_is_never_placed_after_two_queries_a_minute_apart(first, last, gone):
    """A query from before the order was sent counts for nothing."""
    stage = linked()
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_uncertain(at=AT, tag="r1-1"))
    for t in (first, 30, 45):
        assert "NotPlaced" not in kinds(stage.on(snap(t)))
    first = first if first >= 0 else 30
    expected = last - first >= 60
    assert ("NotPlaced" in kinds(stage.on(snap(last)))) is expected is gone


def test_a_restart_makes_every_open_intent_unknown_and_forgets_what_was_absent():
    stage = linked()
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_uncertain(at=AT, tag="r1-1"))
    stage.on(build.place_order(at=AT, tag="r1-2"))
    stage.on(snap(1))
    stage.on(build.run_started(at=AT + 2 * SECOND, run="r2"))
    assert [o.tag for o in stage.memory.book.unknown()] == ["r1-1", "r1-2"]
    assert "NotPlaced" not in kinds(stage.on(snap(62)))


def test_the_query_reaches_behind_the_oldest_open_order():
    stage = linked()
    stage.on(build.place_order(at=AT + 1, tag="r1-1"))
    later = AT + 7200 * SECOND
    stage.on(snap(7199, orders=[build.venue_order(tag="r1-1", venue_id=1, size=1)]))
    (asked,) = stage.on(build.pulse(at=later + 60 * SECOND))
    assert asked.since == AT  # 600 s before the order, but never before this log


ODD = [
    (snap(2, position=1), Reason.REC_POSITION_DRIFT),
    (snap(2, orders=[build.venue_order(tag="")]), Reason.ORD_FOREIGN),
    (snap(2, orders=[build.venue_order(tag="other-1")]), Reason.ORD_FOREIGN),
    (snap(2, orders=[build.venue_order(tag="r1-9", status=Status.FILLED)]), Reason.REC_LOST_ACK),
    (snap(2, orders=[build.venue_order(tag="r1-9-SL")]), Reason.REC_LOST_ACK),
]


@pytest.mark.parametrize(("told", "reason"), ODD)
def test_what_stays_unexplained_in_two_snapshots_halts(told, reason):
    stage = linked()
    assert stage.on(told) == []
    (halt,) = stage.on(replace(told, at=told.at + 2 * SECOND))
    assert (type(halt), halt.reason) == (m.Halted, reason)


@pytest.mark.parametrize(("told", "reason"), ODD)
def test_what_one_snapshot_shows_and_the_next_does_not_is_forgiven(told, reason):
    stage = linked()
    stage.on(told)
    assert stage.on(snap(4)) == []
    assert stage.on(replace(told, at=told.at + 4 * SECOND)) == []


def test_an_order_the_venue_does_not_know_ends_when_adopted():
    stage = linked(adopt_foreign=True)
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_accepted(at=AT, tag="r1-1", venue_id=1))
    stage.on(snap(2))
    (end,) = stage.on(snap(4))
    assert (end.tag, end.reason) == ("r1-1", Reason.REC_ORDER_DRIFT)


def test_an_order_that_lives_at_the_venue_lives_again_when_adopted():
    stage = linked(adopt_foreign=True)
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_cancelled(at=AT, tag="r1-1"))
    alive = [build.venue_order(tag="r1-1", venue_id=1)]
    stage.on(snap(2, orders=alive))
    assert kinds(stage.on(snap(4, orders=alive))) == ["OrderAccepted"]
    assert stage.memory.book.orders["r1-1"].live


def test_a_refused_order_that_was_left_behind_is_taken_up():
    stage = linked()
    stage.on(build.place_order(at=AT, tag="r1-1"))
    stage.on(build.order_rejected(at=AT, tag="r1-1"))
    stage.on(snap(2, orders=[build.venue_order(tag="r1-1", venue_id=1)]))
    assert stage.memory.book.orders["r1-1"].live


@pytest.mark.parametrize("failed", ["signals", "executor"])
def test_after_an_actor_failed_it_agrees_anew(failed):
    stage = linked()
    stage.on(build.actor_failed(actor=failed))
    assert kinds(stage.on(pulse(2))) == ["Reconcile"]
    assert kinds(stage.on(snap(2))) == ["Agreed"]


def test_a_refused_cancel_is_looked_into_and_a_refused_entry_is_not():
    stage = linked()
    late = build.order_rejected(request=Request.CANCEL, reason=Reason.ORD_CANCEL_REJECTED)
    assert stage.on(build.order_rejected()) == []
    assert kinds(stage.on(late)) == ["Reconcile"]


def flattening():
    stage = linked()
    assert kinds(stage.on(build.command(at=AT, name="stop"))) == ["Reconcile"]
    stage.on(build.state_changed(at=AT, state=State.FLATTEN_ONLY))
    return stage


def test_flat_is_proven_by_two_snapshots_a_second_apart():
    stage = flattening()
    assert stage.on(snap(1)) == []
    assert stage.on(snap(1.9)) == []
    assert kinds(stage.on(snap(2))) == ["Flat"]
    assert stage.on(snap(9)) == []


@pytest.mark.parametrize("between", [
    snap(1.5, position=1), snap(1.5, orders=[build.venue_order(tag="")]),
    snap(1.5, orders=[build.venue_order(tag="other-1")]),
])  # fmt: skip
def test_what_is_seen_between_two_flat_snapshots_unproves_them(between):
    stage = flattening()
    stage.on(snap(1))
    stage.on(between)
    assert stage.on(snap(2.5)) == []
    assert kinds(stage.on(snap(3.5))) == ["Flat"]


@pytest.mark.parametrize("told", [build.query_failed(), build.feed_state(link="user", up=False)])
def test_no_answer_is_not_flat(told):
    stage = flattening()
    stage.on(told)
    assert not stage.memory.proven
    stage.on(build.query_failed(at=AT))
    assert kinds(stage.on(pulse(2))) == ["Reconcile"]  # also without the user link


def test_an_order_without_an_answer_is_not_flat():
    stage = linked()
    stage.on(build.place_order(at=AT, tag="r1-1", purpose=Purpose.ENTRY))
    stage.on(build.state_changed(at=AT, state=State.HALTED))
    assert [a for t in (1, 3, 5) for a in stage.on(snap(t))] == []
