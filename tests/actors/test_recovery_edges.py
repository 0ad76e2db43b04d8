"""Recovery at its edges: the same instant twice, and whose an unknown order is."""

import pytest

from core.terms import OrderType
from tests import build
from tests.actors.test_recovery import kinds, linked, recovery, snap


def test_two_snapshots_of_one_instant_both_count_and_an_older_one_does_not():
    stage = recovery(("r1", "r2"))
    stage.on(build.feed_state(at=build.AT, link="user"))
    assert stage.on(snap(1)) == [] and stage.on(snap(0)) == []
    assert kinds(stage.on(snap(1))) == ["Agreed"]


@pytest.mark.parametrize(("closing", "tag", "asks"), [
    (False, "", True), (False, "x-9", True), (True, "x-9", True), (True, "", False),
])  # fmt: skip
def test_a_nameless_order_is_our_own_only_while_we_close(closing, tag, asks):
    stage = linked()
    stage.on(build.fill(tag="", venue_id=0, size=1))
    stage.memory.asked_at = 0
    if closing:
        stage.on(build.close_position())
    told = build.order_accepted(tag=tag, venue_id=77, side=-1, size=1, type=OrderType.MARKET)
    assert kinds(stage.on(told)) == ["Reconcile"] * asks


@pytest.mark.parametrize(("runs", "snapshots"), [(("r1",), 1), (("r1", "r2"), 2)])
def test_after_a_failed_query_it_takes_as_many_snapshots_as_before(runs, snapshots):
    stage = recovery(runs)
    stage.on(build.feed_state(at=build.AT, link="user"))
    stage.on(build.query_failed(at=build.AT))
    told = [kinds(stage.on(snap(t))) for t in range(snapshots)]
    assert told == [*[[]] * (snapshots - 1), ["Agreed"]]


@pytest.mark.parametrize(("placed", "gone"), [(5, True), (6, False)])
def test_a_query_from_before_an_order_was_placed_is_no_proof_of_its_absence(placed, gone):
    stage = linked()
    stage.on(build.place_order(at=build.AT + placed * build.SECOND, tag="r1-1"))
    stage.on(build.order_uncertain(tag="r1-1"))
    assert stage.on(snap(5)) == []
    assert ("NotPlaced" in kinds(stage.on(snap(65)))) is gone


def test_a_look_at_the_very_instant_of_the_last_fill_ends_the_doubt():
    stage, later = linked(), build.AT + build.SECOND
    stage.on(build.fill(tag="", venue_id=0, side=1))
    stage.on(build.close_position(at=later))
    stage.on(build.fill(at=later, trade_id=2, tag="", venue_id=0, side=-1))
    assert stage.memory.book.doubt == later
    assert kinds(stage.on(snap(1))) == ["Agreed"]
