"""An exit, and a stop, have their time before the venue's own call closes the position."""

import pytest
from msgspec.structs import replace

from core.messages import ClosePosition
from core.reasons import Reason
from core.terms import Action, Purpose, Status
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


def test_an_exit_by_a_bar_that_came_late_has_its_time_too():
    stage = holding()
    stage.on(build.run_started(at=AT + 5 * SECOND, run="r2", settings=stage.memory.settings))
    assert kinds(stage.on(approved(Action.EXIT_LONG, at=AT))) == ["ModifyOrder"]
    assert stage.on(build.mark(at=AT + 5 * SECOND, price=D(5000))) == []
    assert kinds(stage.on(build.pulse(at=AT + 7 * SECOND))) == ["ClosePosition"]


def test_a_flatten_leaves_an_exit_that_is_under_way_its_time():
    stage = holding()
    stage.on(build.mark(at=AT, price=D(5000)))
    assert kinds(stage.on(approved(Action.EXIT_LONG))) == ["ModifyOrder"]
    assert stage.on(build.command(name="flatten")) == []


def test_a_venue_whose_clock_is_late_leaves_a_stop_as_much_time():
    stage = executor()
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1, at=AT - int(1.9 * SECOND)))
    assert stage.on(build.pulse(at=AT + 2 * SECOND - 1)) == []
    assert kinds(stage.on(build.pulse(at=AT + 2 * SECOND))) == ["ClosePosition"]


def test_a_venue_whose_clock_is_early_leaves_a_stop_hardly_more_time():
    stage = executor()
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1, at=AT + int(1.9 * SECOND)))
    assert stage.on(build.pulse(at=AT + SECOND)) == []
    assert stage.on(build.pulse(at=AT + 2 * SECOND)) == []
    assert kinds(stage.on(build.pulse(at=AT + 3 * SECOND))) == ["ClosePosition"]


def test_a_position_whose_stop_somebody_cancelled_is_closed_in_a_part_of_that_time():
    """No other stop will come, and the close itself takes time: two seconds are for both."""
    stage = holding()
    (stop,) = stage.memory.book.live(Purpose.STOP)
    assert stage.on(build.order_cancelled(at=AT, tag=stop.tag, venue_id=stop.venue_id)) == []
    assert stage.on(build.pulse(at=AT + SECOND // 4 - 1)) == []
    (close,) = stage.on(build.pulse(at=AT + SECOND // 4))
    assert close.reason is Reason.RISK_NAKED


def test_an_exit_under_way_whose_stop_ends_first_keeps_its_time():
    """The venue takes the stop away with the target's fill, and may tell of that first."""
    stage = holding()
    stage.on(build.mark(at=AT, price=D(5000)))
    stage.on(approved(Action.EXIT_LONG))
    (stop,) = stage.memory.book.live(Purpose.STOP)
    stage.on(build.order_cancelled(at=AT, tag=stop.tag, venue_id=stop.venue_id))
    assert stage.on(build.pulse(at=AT + SECOND)) == []


def bare(at=AT, edition=5):
    """A position whose legs came suspended, and of which no more was ever told."""
    stage = executor()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1, at=at))
    for leg in legs(1):
        stage.on(replace(leg, status=Status.SUSPENDED))
    return stage


@pytest.mark.parametrize(("edition", "asked"), [(4, ["ClosePosition"]), (5, ["CancelOrder"])])
def test_a_bare_position_is_not_closed_beside_the_exit_that_its_target_is(edition, asked):
    """The stop may be there, its news lost: close and target would fill both, and open another."""
    stage = bare(edition=edition)
    assert kinds(stage.on(approved(Action.EXIT_LONG, at=AT + SECOND))) == ["ModifyOrder"]
    assert stage.on(build.pulse(at=AT + 2 * SECOND - 1)) == []
    assert kinds(stage.on(build.pulse(at=AT + 2 * SECOND))) == asked
    assert stage.on(build.pulse(at=AT + 2 * SECOND + 1)) == []


def test_the_close_of_a_bare_position_follows_when_its_target_is_cancelled_or_says_nothing():
    for told, after_s in ((True, 2.1), (False, 4.0)):
        stage = bare()
        stage.on(approved(Action.EXIT_LONG, at=AT + SECOND))
        stage.on(build.pulse(at=AT + 2 * SECOND))
        at = AT + int(after_s * SECOND)
        answer = build.order_cancelled(at=at, tag="r-1-TP", venue_id=3) if told else None
        *_, close = stage.on(answer or build.pulse(at=at))
        assert (type(close), close.reason) == (ClosePosition, Reason.RISK_NAKED)


def test_an_exit_that_begins_when_the_position_is_bare_is_the_venues_close():
    stage = bare()
    answers = stage.on(build.command(at=AT + 2 * SECOND, name="stop"))
    assert kinds(answers) == ["ClosePosition", "CancelOrder"]
    assert stage.on(build.mark(at=AT + 2 * SECOND + 1, price=D(5000))) == []


@pytest.mark.parametrize(("edition", "asked"), [(4, 2), (5, 1)])
def test_a_close_for_what_was_told_late_is_asked_for_once(edition, asked):
    """The fill is of an earlier time; the close is not, and has its own."""
    stage = executor(native_brackets=False)
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(approved())
    stage.on(fill(1, "r-1", 1, 1))
    for tag, number in (("r-2", 5), ("r-3", 6)):
        stage.on(build.order_accepted(at=AT, tag=tag, venue_id=number, side=-1, price=D(4998)))
    stage.on(build.pulse(at=AT + 9 * SECOND))
    stage.on(fill(2, "r-2", -1, 5, at=AT + SECOND))
    answers = stage.on(fill(3, "r-3", -1, 6, at=AT + SECOND))
    answers += stage.on(build.pulse(at=AT + 9 * SECOND))
    assert kinds(answers).count("ClosePosition") == asked
