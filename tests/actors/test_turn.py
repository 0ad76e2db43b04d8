"""A reversal: its exit first, and what may come between that and its entry."""

from core import messages as m
from core.reasons import Reason
from core.terms import Action, State
from tests import build
from tests.actors.test_executor import AT, approved, fill, holding, kinds


def test_a_turn_that_a_flatten_overtakes_never_enters():
    stage = holding()
    stage.on(approved(Action.REVERSE_TO_SHORT, -1, n=2))
    stage.on(build.state_changed(state=State.FLATTEN_ONLY))
    answers = stage.on(fill(2, "", -1, 9))
    assert [a.reason for a in answers if isinstance(a, m.OrderRejected)] == [Reason.SIG_BLOCKED]
    assert "PlaceOrder" not in kinds(stage.on(build.state_changed(state=State.ACTIVE)))


def test_a_turn_does_not_outlive_a_restart():
    stage = holding()
    stage.on(approved(Action.REVERSE_TO_SHORT, -1, n=2))
    started = build.run_started(at=AT, run="r2", settings=stage.memory.settings)
    given_up, exit_anew = stage.on(started)
    assert (given_up.tag, given_up.reason) == ("i2", Reason.SIG_EXPIRED)
    assert (type(exit_anew), exit_anew.tag) == (m.ModifyOrder, "r-1-TP")
    assert "PlaceOrder" not in kinds(stage.on(fill(2, "", -1, 9)))
