"""An exit that is under way has its time before the position is closed by the venue's own call."""

from core.terms import Action
from tests import build
from tests.actors.test_executor import AT, SECOND, D, approved, holding, kinds


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
