"""Recovery at its edges: the same instant twice, and whose an unknown order is."""

import pytest

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
    told = build.order_accepted(tag=tag, venue_id=77, side=-1, size=1)
    assert kinds(stage.on(told)) == ["Reconcile"] * asks


@pytest.mark.parametrize(("runs", "snapshots"), [(("r1",), 1), (("r1", "r2"), 2)])
def test_after_a_failed_query_it_takes_as_many_snapshots_as_before(runs, snapshots):
    stage = recovery(runs)
    stage.on(build.feed_state(at=build.AT, link="user"))
    stage.on(build.query_failed(at=build.AT))
    told = [kinds(stage.on(snap(t))) for t in range(snapshots)]
    assert told == [*[[]] * (snapshots - 1), ["Agreed"]]
