"""The clock was ahead, was mended, and the program started anew: the log has stamps to come."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.controls import Controls
from actors.risk import Risk
from core.reasons import Reason
from core.terms import Action, State
from tests import build
from tests.actors.test_executor import approved, fill, holding, kinds
from tests.actors.test_recovery import AT, SECOND, pulse, recovery, snap
from tests.build import CONTROLLED

AHEAD = 3600.0


def started(run, t, edition, stage):
    settings = replace(stage.memory.settings, edition=edition)
    return build.run_started(at=AT + int(t * SECOND), run=run, settings=settings)


def mended(edition):
    """A run that ended an hour from now, and one that begins now."""
    stage = recovery(())
    stage.on(started("r1", AHEAD, edition, stage))
    stage.on(build.feed_state(at=AT + int(AHEAD * SECOND), link="user"))
    assert kinds(stage.on(snap(AHEAD))) == ["Agreed"]
    stage.on(started("r2", 0, edition, stage))
    return stage, stage.on(build.feed_state(at=AT, link="user"))


@pytest.mark.parametrize(("edition", "agrees"), [(4, []), (5, ["Agreed"])])
def test_what_the_venue_shows_now_is_not_older_than_what_it_showed_then(edition, agrees):
    stage, _ = mended(edition)
    stage.on(snap(0.1))
    stage.on(pulse(2))
    assert kinds(stage.on(snap(2.1))) == agrees


def test_the_look_reaches_back_from_now_and_what_it_shows_is_ours():
    stage, (asked,) = mended(5)
    assert asked.since == AT
    told = build.fill(at=AT + SECOND, tag="", venue_id=7, size=1)
    assert "Fill" in kinds(stage.on(snap(2, position=1, fills=(told,))))


@pytest.mark.parametrize(("edition", "asked"), [(4, []), (5, ["CancelOrder"])])
def test_an_exit_has_its_time_and_no_more(edition, asked):
    stage = holding()
    stage.on(build.pulse(at=AT + int(AHEAD * SECOND)))
    stage.on(started("s", 0, edition, stage))
    assert kinds(stage.on(approved(Action.EXIT_LONG))) == ["ModifyOrder"]
    assert kinds(stage.on(build.pulse(at=AT + 2 * SECOND))) == asked


@pytest.mark.parametrize(("edition", "enters"), [(4, False), (5, True)])
def test_a_close_of_then_is_settled_by_a_look_of_now(edition, enters):
    stage = holding()
    stage.on(build.command(at=AT + int(AHEAD * SECOND), name="flatten"))
    book, instrument = stage.memory.book, stage.memory.settings.instrument
    book.hear(build.close_position(at=AT + int(AHEAD * SECOND)), instrument)
    stage.on(fill(2, "", -1, 9, at=AT))
    stage.on(started("s", 0, edition, stage))
    stage.on(build.agreed(at=AT + SECOND, position=0))
    assert book.settled() is enters


@pytest.mark.parametrize(("edition", "times"), [(4, [AHEAD, AHEAD]), (5, [0.0, 9.0])])
def test_messages_of_then_are_not_counted_until_then(edition, times):
    """Nor is an alert of then acknowledged in time until then."""
    controls, settings = Controls(), replace(build.CONTROLLED, edition=edition)
    order = build.close_position(at=AT + int(AHEAD * SECOND), reason=Reason.RISK_NAKED)
    controls.hear(order, settings)
    controls.hear(build.run_started(at=AT, settings=settings), settings)
    controls.hear(build.cancel_order(at=AT + 9 * SECOND), settings)
    assert controls.past.messages == [AT + int(t * SECOND) for t in times]
    assert controls.overdue(AT + 60 * SECOND, settings) is (edition == 5)


def behind(edition):
    """A day's loss was reached after 18:00; the machine comes up at 16:45, and is then mended."""
    settings = replace(CONTROLLED, edition=edition)
    stage = Risk(settings)
    for at, day, run in (
        (EVENING, "2026-11-17", "r1"), (AFTERNOON, "2026-11-16", "r2"), (LATER, "2026-11-17", "r3"),
    ):  # fmt: skip
        stage.on(build.run_started(at=at, run=run, settings=settings))
        stage.on(build.session_opened(at=at, trade_date=day))
        stage.on(build.account_snapshot(at=at, position=0, orders=(), fills=()))
        if run == "r1":
            stage.on(build.place_order(at=at))
            stage.on(build.fill(at=at, fees=0))
            stage.on(build.fill(at=at, side=-1, trade_id=2, fees=Decimal("50.00")))
        stage.on(build.pulse(at=at + SECOND))
    return stage.memory


EVENING, AFTERNOON, LATER = (
    int(datetime.fromisoformat(f"2026-11-16T{hour}:00-05:00").timestamp()) * SECOND
    for hour in ("18:40", "16:45", "18:50")
)


@pytest.mark.parametrize(("edition", "state", "start", "entries"), [
    (6, State.ACTIVE, "950.00", 0), (7, State.FLATTEN_ONLY, "1000.00", 1),
])  # fmt: skip
def test_a_day_that_was_does_not_begin_again(edition, state, start, entries):
    account = behind(edition)
    assert account.state is state
    assert account.day_start == Decimal(start)
    assert account.controls.trades == entries
