"""What must bring recovery to look at the venue again, and what it must not wait for."""

import pytest
from msgspec.structs import replace

from actors.recovery import Recovery
from core.messages import Agreed, Fill, Flat, NotPlaced, OrderAccepted, OrderRejected, Reconcile
from core.settings import EDITION
from core.terms import Status
from tests import build

SECOND = build.SECOND
AT = build.AT


def snapshot(at, **more):
    return build.account_snapshot(at=at, position=0, average=None, orders=(), fills=(), **more)


def agreed():
    """A recovery that has agreed once, on an empty account."""
    stage = Recovery(build.SETTINGS)
    for message in (build.run_started(), build.feed_state(link="user"), snapshot(AT)):
        answers = stage.on(message)
    assert [type(answer) for answer in answers] == [Agreed]
    return stage


def test_after_an_actor_failed_log_and_venue_must_agree_anew():
    stage = agreed()
    assert stage.on(build.actor_failed()) == []
    retry = AT + int(build.SETTINGS.recovery.retry_s * SECOND)
    assert [type(a) for a in stage.on(build.pulse(at=retry))] == [Reconcile]
    assert [type(a) for a in stage.on(snapshot(retry))] == [Agreed]


@pytest.mark.parametrize("word", ["stop", "flatten", "kill"])
def test_a_flatten_is_proven_by_queries_while_the_user_hub_is_down(word):
    stage = agreed()
    stage.on(build.feed_state(link="user", up=False))
    assert stage.on(build.pulse(at=AT + SECOND)) == []
    answers = stage.on(build.command(at=AT + 101 * SECOND, name=word))
    assert [type(answer) for answer in answers] == [Reconcile]
    stage.on(snapshot(AT + 101 * SECOND))
    answers = stage.on(snapshot(AT + 103 * SECOND))
    assert Flat in [type(answer) for answer in answers]


def proven():
    """A recovery that has shown a killed account flat."""
    stage = agreed()
    stage.on(build.command(at=AT, name="kill"))
    told = [a for s in (1, 3) for a in stage.on(snapshot(AT + s * SECOND))]
    assert Flat in [type(answer) for answer in told] and stage.memory.proven
    return stage


@pytest.mark.parametrize("news", [
    [build.fill(at=AT + 4 * SECOND), replace(snapshot(AT + 5 * SECOND), position=1)],  # a late one
    [replace(snapshot(AT + 5 * SECOND), position=1)],  # somebody else's
    [build.run_started(at=AT + 5 * SECOND, run="01JE")],  # nobody looked in between
], ids=["late", "foreign", "restart"])  # fmt: skip
def test_an_account_that_was_flat_is_not_called_so_for_ever(news):
    stage = proven()
    for message in news:
        stage.on(message)
    assert not stage.memory.proven


def test_a_query_that_a_crash_cut_off_is_asked_again_by_the_next_run():
    stage = agreed()
    late = AT + 100 * SECOND
    assert [type(a) for a in stage.on(build.pulse(at=late))] == [Reconcile]
    stage.on(build.run_started(at=late + SECOND, run="01JE"))
    answers = stage.on(build.feed_state(at=late + 2 * SECOND, link="user"))
    assert [type(answer) for answer in answers] == [Reconcile]


def pulse(seconds):
    return build.pulse(at=AT + int(seconds * SECOND))


def test_a_question_that_is_never_answered_is_asked_again():
    stage = agreed()
    for seconds, asks in ((15, True), (44.9, False), (45, True), (74, False), (75, True)):
        assert [type(a) for a in stage.on(pulse(seconds))] == [Reconcile] * asks


def test_an_answer_that_a_younger_one_overtook_says_nothing():
    stage = agreed()
    stage.on(pulse(15))
    stage.on(pulse(45))
    stage.on(snapshot(AT + 45 * SECOND))
    old = snapshot(AT + 15 * SECOND)
    assert stage.on(replace(old, orders=(build.venue_order(tag=""),))) == []
    assert (stage.memory.odd, stage.memory.told_at) == ({}, AT + 45 * SECOND)


def test_after_an_actor_failed_what_it_may_have_missed_is_told_again():
    stage = agreed()
    heard = (build.place_order(tag="01JD-1"), build.order_accepted(tag="01JD-1"),
             build.fill(tag="01JD-1"))  # fmt: skip
    for message in heard:
        stage.on(message)
    shown = build.venue_order(tag="01JD-1", status=Status.FILLED, filled=1)
    told = replace(snapshot(AT + SECOND), position=1, orders=(shown,), fills=(heard[2],))
    assert stage.on(told) == []
    stage.on(build.actor_failed(actor="executor"))
    again = stage.on(replace(told, at=AT + 2 * SECOND))
    assert [type(a) for a in again] == [OrderAccepted, Fill, Agreed]
    assert stage.memory.book.position.size == 1
    assert stage.on(replace(told, at=AT + 3 * SECOND)) == []


def test_an_order_that_came_late_and_was_refused_is_told_of_once():
    stage = agreed()
    for message in (build.place_order(tag="01JD-1"), build.order_uncertain(tag="01JD-1")):
        stage.on(message)
    proof = [a for s in (1, 99) for a in stage.on(snapshot(AT + s * SECOND))]
    assert [type(a) for a in proof] == [NotPlaced, Agreed]
    shown = (build.venue_order(tag="01JD-1", status=Status.REJECTED),)
    told = replace(snapshot(AT + 100 * SECOND), orders=shown)
    assert [type(a) for a in stage.on(told)] == [OrderRejected, Agreed]
    assert stage.on(replace(told, at=AT + 101 * SECOND)) == []  # else each look asks for the next


@pytest.mark.parametrize(("edition", "asks"), [
    (EDITION, [False, True, False]), (3, [False, True, False]), (2, [False] * 3),
])  # fmt: skip
@pytest.mark.parametrize("late", [0, SECOND // 2])
def test_an_entry_of_which_nobody_tells_a_fill_is_looked_for_once_after_a_second(
    edition, asks, late
):
    """Its fill may be lost, and without brackets of the venue it has no stop until we know."""
    stage = agreed()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    sent = AT + SECOND // 2
    entry = build.place_order(at=sent, tag="r-1", intent="r-i1")
    for message in (entry, build.order_accepted(at=sent, tag="r-1", price=None)):
        stage.on(message)
    asked = []
    for wait in (SECOND - 1, SECOND + late, 2 * (SECOND + late)):
        answers = stage.on(build.pulse(at=sent + wait))
        asked.append(bool(answers))
        if answers:
            still = build.venue_order(tag="r-1", status=Status.WORKING, filled=0)
            stage.on(replace(snapshot(sent + wait), orders=(still,)))
    assert asked == asks


@pytest.mark.parametrize("edition", [4, 5])
@pytest.mark.parametrize("told", [True, False])
def test_a_close_that_the_venue_took_is_looked_for_once_if_nobody_tells_its_fill(edition, told):
    """Its stop rests on: it would open a position the other way, and that news be lost, too."""
    stage = agreed()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    closing = build.close_position(at=AT), build.close_accepted(at=AT + 1)
    for message in (build.place_order(at=AT), build.fill(at=AT), *closing):
        stage.on(message)
    stage.memory.book.close_at *= not told
    asked = []
    for wait in (1, 2):
        asked += stage.on(build.pulse(at=AT + wait * SECOND))
        stage.on(snapshot(AT + wait * SECOND))
    assert [type(a) for a in asked] == [Reconcile] * (edition == 5 and not told)


@pytest.mark.parametrize(("edition", "asks"), [(4, 0), (5, 2)])
def test_an_entry_that_came_after_the_look_is_looked_for_until_a_fill_is_told(edition, asks):
    """It took over a second to the venue, so that the look showed nothing; its fill was lost."""
    stage = agreed()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(build.place_order(at=AT, tag="r-1", intent="r-i1"))
    for wait in (1, 2, 3, 4, 5, 6):
        asked = stage.on(build.pulse(at=AT + wait * SECOND))
        if wait > 1:
            asks -= len(asked)
        if asked:
            stage.on(snapshot(AT + wait * SECOND))
        stage.on(build.order_accepted(at=AT + wait * SECOND, tag="r-1", price=None))
    assert asks == 0
