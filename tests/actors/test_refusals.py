"""A refused order may live on at the venue: what is asked first, and what is sent then."""

import pytest
from msgspec.structs import replace

from actors.recovery import Recovery
from actors.refusals import BRACKETS_REFUSED, looked_for
from core.messages import OrderRejected, PlaceOrder, Reconcile
from core.reasons import Reason
from core.terms import Action, Request, State
from tests import build
from tests.actors.test_executor import AT, SECOND, approved, executor, fill, kinds
from tests.actors.test_risk import intent, risk, verdict

REFUSED = build.order_rejected(at=AT + 1, tag="r-1", text=BRACKETS_REFUSED)
MARGIN = replace(REFUSED, text="Not enough margin")
LOOKED = build.agreed(at=AT + 1, position=0)


def newer(stage, edition=3):
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.memory.book.edition = edition
    return stage


@pytest.mark.parametrize(("told", "edition", "asks"), [
    ({}, 3, True), ({}, 2, False),
    ({"request": Request.MODIFY}, 3, False), ({"reason": Reason.SIG_EXPIRED}, 3, False),
])  # fmt: skip
def test_only_the_venues_own_refusal_of_an_order_is_looked_into(told, edition, asks):
    settings = replace(build.SETTINGS, edition=edition)
    assert looked_for(replace(REFUSED, **told), settings) is asks


@pytest.mark.parametrize(("refused", "size"), [(REFUSED, 2), (MARGIN, 1)])
def test_a_refused_entry_is_sent_again_when_the_venue_was_asked_for_it(refused, size):
    stage = newer(executor())
    stage.on(approved(size=2))
    assert stage.on(refused) == []
    assert stage.on(replace(LOOKED, at=AT)) == []  # asked before the refusal
    (order,) = stage.on(LOOKED)
    assert (type(order), order.tag, order.size, order.intent) == (PlaceOrder, "r-2", size, "i1")
    assert stage.on(LOOKED) == []


def test_logs_of_an_earlier_edition_sent_it_at_once():
    stage = newer(executor(), 2)
    stage.on(approved(size=2))
    assert kinds(stage.on(REFUSED)) == ["PlaceOrder"]


LEFT_BEHIND = build.order_accepted(at=AT + 2, tag="r-1", venue_id=5, side=1, size=2)


@pytest.mark.parametrize(("met", "why"), [
    (LEFT_BEHIND, Reason.SIG_BLOCKED),
    (fill(9, "", 1, 77), Reason.SIG_BLOCKED),
    (build.state_changed(at=AT + 2, state=State.HALTED), Reason.SIG_BLOCKED),
    (build.pulse(at=AT + 2 * SECOND + 1), Reason.SIG_EXPIRED),
], ids=["left behind", "filled", "flatten", "late"])  # fmt: skip
def test_it_is_given_up_for_what_the_look_or_the_time_brought(met, why):
    stage = newer(executor())
    stage.on(approved(size=2))
    stage.on(REFUSED)
    stage.on(met)
    (no,) = [a for a in stage.on(LOOKED) if isinstance(a, OrderRejected)]
    assert (no.tag, no.reason) == ("i1", why)


@pytest.mark.parametrize("met", [
    approved(n=2, at=AT + 2), build.run_started(at=AT + 2, run="s", settings=build.SETTINGS),
], ids=["newer wish", "restart"])  # fmt: skip
def test_it_is_forgotten_for_a_newer_wish_and_in_a_new_run(met):
    stage = newer(executor())
    stage.on(approved(size=2))
    stage.on(REFUSED)
    stage.on(met)
    assert not [a for a in stage.on(LOOKED) if getattr(a, "intent", "") == "i1"]


def test_no_entry_after_a_refusal_before_the_venue_was_asked():
    stage = newer(risk())
    stage.on(build.place_order(at=AT, tag="r-1"))
    stage.on(REFUSED)
    assert verdict(stage, intent(n=2)).reason is Reason.RISK_NOT_AGREED
    stage.on(LOOKED)
    assert verdict(stage, intent(n=3)).reason is not Reason.RISK_NOT_AGREED


def test_a_refusal_is_looked_into_at_once_and_by_no_older_look():
    stage = newer(Recovery(build.SETTINGS))
    settings = stage.memory.settings
    stage.on(build.run_started(at=AT - SECOND, settings=settings))
    stage.on(build.feed_state(at=AT - SECOND, link="user"))
    told = build.account_snapshot(at=AT, position=0, orders=(), fills=())
    assert "Agreed" in kinds(stage.on(told))
    stage.on(build.place_order(at=AT, tag="r-1"))
    (look,) = stage.on(REFUSED)
    assert isinstance(look, Reconcile)
    assert "Agreed" not in kinds(stage.on(told))
    assert "Agreed" in kinds(stage.on(replace(told, at=AT + 1)))
    stage.on(replace(REFUSED, tag="r-2", at=AT + 2))
    assert "Agreed" in kinds(stage.on(replace(told, at=AT + 2))), "of the very instant"


@pytest.mark.parametrize("told_at", [AT + 1, AT + 5 * SECOND], ids=["our", "an early"])
def test_a_look_that_a_refusal_overtook_is_followed_by_another_at_once(told_at):
    stage = newer(Recovery(build.SETTINGS))
    stage.on(build.run_started(at=AT - SECOND, settings=stage.memory.settings))
    stage.on(build.feed_state(at=AT - SECOND, link="user"))  # asks: the refusal comes meanwhile
    stage.on(build.place_order(at=AT, tag="r-1"))
    assert stage.on(replace(REFUSED, at=told_at)) == []  # by our clock or the venue's
    told = build.account_snapshot(at=AT, position=0, orders=(), fills=())
    assert kinds(stage.on(told)) == ["Reconcile"]  # an entry waits for it, and not for long
    assert kinds(stage.on(replace(told, at=AT + 2))) == ["Agreed"]


@pytest.mark.parametrize(
    ("edition", "size", "spared"), [(3, None, True), (2, None, False), (3, 1, False)]
)
def test_a_close_that_the_venue_takes_cancels_the_target_and_leaves_the_stop(edition, size, spared):
    stage = newer(executor(), edition)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    for tag, number in (("r-1-SL", 5), ("r-1-TP", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=2, at=AT))
    stage.memory.book.hear(
        build.close_position(at=AT, **({"size": size} if size else {})),
        stage.memory.settings.instrument,
    )
    cancels = stage.on(build.close_accepted(at=AT + 1))
    assert [c.tag for c in cancels] == ["r-1-TP"] * spared


def resting(stage, entry, number):
    for tag, more in (("-SL", 1), ("-TP", 2)):
        told = {"tag": entry + tag, "venue_id": number + more, "side": -1, "size": 2, "at": AT}
        stage.on(build.order_accepted(**told))


def test_a_close_in_part_that_is_answered_behind_its_fill_leaves_the_target():
    stage = newer(executor())
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    resting(stage, "r-1", 4)
    assert kinds(stage.on(build.reduce(at=AT, size=1))) == ["ClosePosition"]
    for order in stage.on(fill(2, "", -1, 9)):  # both legs for one contract
        stage.on(build.order_replaced(at=AT, tag=order.tag))
    assert stage.on(build.close_accepted(at=AT)) == []


def test_a_close_that_is_answered_behind_the_next_entry_leaves_its_target():
    stage = newer(executor())
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    (close,) = stage.on(approved(Action.EXIT_LONG, n=2))
    stage.on(fill(2, "", -1, 9, size=2))
    stage.on(LOOKED)
    (entry,) = stage.on(approved(size=2, n=3))
    stage.on(fill(3, entry.tag, 1, 11, size=2))
    resting(stage, entry.tag, 14)
    assert stage.on(build.close_accepted(at=AT, tag=close.tag)) == []


def test_the_answer_to_a_close_moves_no_clock_by_which_older_logs_were_decided():
    stage, half = newer(executor(), 2), AT + SECOND // 2
    for message in (approved(), fill(1, "r-1", 1, 1), build.close_accepted(at=AT + SECOND)):
        stage.on(message)
    resting(stage, "r-1", 4)
    stage.on(approved(Action.EXIT_LONG, at=half, n=2))  # by a bar that was closed late
    assert "ClosePosition" in kinds(stage.on(build.pulse(at=half + 2 * SECOND)))


@pytest.mark.parametrize(
    ("edition", "held", "asks"), [(4, 0, True), (3, 0, False), (4, 2, False)]
)  # fmt: skip
def test_a_new_run_asks_for_brackets_anew_when_nothing_is_open(edition, held, asks):
    stage = newer(executor(), edition)
    stage.on(approved(size=2))
    stage.on(REFUSED)
    stage.on(LOOKED)
    stage.on(fill(1, "r-2", 1, 2))
    if not held:
        stage.on(fill(2, "", -1, 2))
        for tag in [*stage.memory.book.alive]:
            stage.on(build.order_cancelled(tag=tag))
    stage.on(build.run_started(run="s", settings=stage.memory.settings))
    assert stage.memory.manual is not asks


def exiting(edition):
    """A position whose exit had its time: the change of its target was never answered."""
    stage = newer(executor(), edition)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1, size=2))
    for tag, number in (("r-1-SL", 5), ("r-1-TP", 6)):
        stage.on(build.order_accepted(tag=tag, venue_id=number, side=-1, size=2, at=AT))
    assert kinds(stage.on(build.command(at=AT, name="flatten"))) == ["ModifyOrder"]
    return stage, stage.on(build.pulse(at=AT + 2 * SECOND))


def test_a_late_exit_cancels_its_target_before_the_venue_closes():
    """A change that is still on its way would fill it beside the close, and open a position."""
    stage, (cancel,) = exiting(edition=4)
    assert (type(cancel).__name__, cancel.tag) == ("CancelOrder", "r-1-TP")
    assert stage.on(build.pulse(at=AT + 3 * SECOND)) == []
    told = build.order_cancelled(at=AT + SECOND, tag="r-1-TP")  # by a venue whose clock is late
    assert kinds(stage.on(told)) == ["ClosePosition"]


@pytest.mark.parametrize(("edition", "then_s"), [(4, 4), (3, 2)])
def test_a_late_exit_that_nobody_answers_closes_all_the_same(edition, then_s):
    stage, said = exiting(edition)
    assert kinds(said) == ["CancelOrder" if then_s > 2 else "ClosePosition"]
    later = stage.on(build.pulse(at=AT + then_s * SECOND))
    assert kinds(later) == ["ClosePosition"] * (then_s > 2)


@pytest.mark.parametrize(("edition", "refused"), [(4, False), (5, True)])
def test_no_entry_while_a_close_of_before_is_unanswered(edition, refused):
    """It would close what the entry opens: the venue knows no position but the one there is."""
    stage = newer(risk(), edition)
    for message in (build.close_position(at=AT), build.agreed(at=AT + 1, position=0)):
        stage.on(message)
    assert (verdict(stage, intent(n=1)).reason is Reason.RISK_NOT_AGREED) is refused
    stage.on(build.close_accepted(at=AT + 2))
    assert verdict(stage, intent(n=2)).reason is not Reason.RISK_NOT_AGREED
