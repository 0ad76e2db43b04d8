"""What others do at the account: no entry before the venue was asked, then halted or ours."""

import pytest

from core import messages as m
from core.messages import Approved
from core.reasons import Reason
from core.terms import OrderType
from tests import build
from tests.actors.test_recovery import AT, SECOND, kinds, linked, pulse, snap
from tests.actors.test_risk import intent, risk, verdict


def test_a_strangers_trade_that_was_heard_of_is_ours_where_that_is_configured():
    """Its fill is in the book before any look at the venue: nothing is left to correct."""
    stage = linked(adopt_foreign=True)
    theirs = build.fill(at=AT + SECOND, trade_id=7, venue_id=900, tag="", side=-1)
    assert kinds(stage.on(theirs)) == ["Reconcile"]
    stage.on(snap(2, position=-1, fills=[theirs]))
    assert stage.on(snap(4, position=-1, fills=[theirs])) == []
    (agreed,) = stage.on(snap(6, position=-1, fills=[theirs]))
    assert (type(agreed), agreed.position) == (m.Agreed, -1)


def test_after_a_strangers_trade_a_look_that_failed_is_soon_made_again():
    stage = linked()
    stage.on(build.fill(at=AT + SECOND, trade_id=7, venue_id=900, tag="", side=-1))
    stage.on(build.query_failed(at=AT + 2 * SECOND))
    wait = int(stage.memory.settings.recovery.retry_s)
    assert kinds(stage.on(pulse(2 + wait))) == ["Reconcile"]


@pytest.mark.parametrize("told", [[], [build.command(at=AT, name="flatten")]])
def test_a_strangers_trade_that_was_heard_of_halts_where_it_is_not(told):
    stage = linked()
    for message in told:
        stage.on(message)
    theirs = build.fill(at=AT + SECOND, trade_id=7, venue_id=900, tag="", side=-1)
    stage.on(theirs)
    stage.on(snap(2, position=-1, fills=[theirs]))
    (halt,) = stage.on(snap(4, position=-1, fills=[theirs]))
    assert (type(halt), halt.reason) == (m.Halted, Reason.ORD_FOREIGN)


def test_a_position_of_others_is_adopted_where_that_is_configured():
    stage = linked(adopt_foreign=True)
    stage.on(snap(2, position=-2))
    (fill,) = stage.on(snap(4, position=-2))
    assert (fill.side, fill.size, fill.reason) == (-1, 2, Reason.FILL_INFERRED)
    assert kinds(stage.on(snap(6, position=-2))) == ["Agreed"]


def test_a_strangers_trade_fences_entries_until_the_venue_was_asked():
    stage = risk()
    for side in (1, -1):  # theirs, and gone again
        stage.on(build.fill(at=AT, trade_id=side + 5, venue_id=900, tag="", side=side))
    assert verdict(stage, intent()).reason is Reason.RISK_NOT_AGREED
    stage.on(build.agreed(at=AT, position=0))
    assert isinstance(verdict(stage, intent(n=2)), Approved)


def test_a_strangers_order_that_rests_fences_entries_until_the_venue_was_asked():
    stage, looking = risk(), linked()
    theirs = build.order_accepted(at=AT, tag="", venue_id=900, type=OrderType.STOP, side=-1)
    stage.on(theirs)
    assert verdict(stage, intent()).reason is Reason.RISK_NOT_AGREED
    assert kinds(looking.on(theirs)) == ["Reconcile"]
    (agreed,) = looking.on(snap(1))  # it is gone again
    stage.on(agreed)
    assert isinstance(verdict(stage, intent(n=2)), Approved)


@pytest.mark.parametrize(("edition", "named"), [(6, True), (5, False)])
@pytest.mark.parametrize("seen", [True, False])
def test_what_comes_nameless_after_our_close_is_over_is_a_strangers(edition, named, seen):
    """Until the next entry, which may be hours away, any trade by hand was taken for that close."""
    stage = linked()
    stage.memory.book.edition = edition
    opened = build.place_order(at=AT, tag="r1-1"), build.fill(at=AT, tag="r1-1", venue_id=1)
    closed = build.fill(at=AT + SECOND, trade_id=2, venue_id=2, tag="", side=-1)
    for message in (*opened, build.close_position(at=AT), build.close_accepted(at=AT), closed):
        stage.on(message)
    for told in stage.on(snap(2 if seen else 0, fills=[opened[1], closed])):
        stage.on(told)
    stage.on(build.fill(at=AT + 3 * SECOND, trade_id=3, venue_id=900, tag=""))
    assert stage.memory.book.foreign() == [900] * (named and seen)


@pytest.mark.parametrize(("edition", "made_up"), [(6, False), (5, True)])
def test_a_slow_look_that_confirms_a_stranger_adopts_the_stranger_alone(edition, made_up):
    """It was asked for before our exit filled, and shows the position and its stop as they were
    (row V8, seed 90217): they were taken over too, with a fill made up, and closed for nothing."""
    stage = linked(adopt_foreign=True)
    stage.memory.book.edition = edition
    entry = build.fill(at=AT, tag="r1-1", venue_id=1)
    exit_ = build.fill(at=AT + 4 * SECOND, trade_id=2, venue_id=2, tag="r1-1-TP", side=-1)
    stop = build.order_accepted(tag="r1-1-SL", venue_id=3, side=-1, type=OrderType.STOP)
    for message in (build.place_order(at=AT, tag="r1-1"), entry, stop):
        stage.on(message)
    orders = [
        build.venue_order(tag="r1-1-SL", venue_id=3, side=-1, type=OrderType.STOP),
        build.venue_order(tag="", venue_id=900, side=-1, type=OrderType.STOP),
    ]
    stage.on(snap(2, position=1, orders=orders, fills=[entry]))
    for message in (exit_, build.order_cancelled(at=AT + 4 * SECOND, tag="r1-1-SL")):
        stage.on(message)
    found = stage.on(snap(3, position=1, orders=orders, fills=[entry]))
    assert [one.tag for one in found if isinstance(one, m.OrderAccepted)] == (
        ["r1-1-SL", "foreign-900"] if made_up else ["foreign-900"]
    )
    assert any(isinstance(one, m.Fill) for one in found) == made_up
    assert stage.memory.book.position.size == int(made_up)
