"""Executor: what holds whatever it hears, in whatever order."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.refusals import BRACKETS_REFUSED
from core import messages as m
from core.settings import EDITION
from core.terms import Action, Purpose, Request, State
from tests import build
from tests.actors.test_executor import AT, SECOND, D, approved, executor, fill

STEPS = int(os.environ.get("STEPS", "12000"))  # at most, in all histories together
TAGS = {1: "r-1", 2: "r-1-SL", 3: "r-1-TP", 9: ""}
steps = st.one_of(
    st.builds(lambda n: ("pulse", n), st.integers(1, 3)),
    st.tuples(st.just("fill"), st.sampled_from(list(TAGS)), st.sampled_from((1, -1))),
    st.builds(lambda n: ("accepted", n), st.sampled_from((1, 2, 3))),
    st.builds(lambda n: ("cancelled", n), st.sampled_from((1, 2, 3))),
    st.builds(lambda n: ("rejected", n), st.sampled_from(list(Request))),
    st.sampled_from((("agreed", 0), ("taken", 0))),
    st.builds(lambda n: ("state", n), st.sampled_from(list(State))),
    st.builds(lambda n: ("command", n), st.sampled_from(("kill", "flatten", "stop"))),
    st.builds(lambda n: ("approved", n), st.sampled_from(list(Action))),
)  # fmt: skip


def heard(step, at, count):
    match step:
        case ("fill", number, side):
            return fill(count, TAGS[number], side, number, at=at)
        case ("accepted", number):
            side = 1 if number == 1 else -1
            return build.order_accepted(
                at=at, tag=TAGS[number], venue_id=number, side=side, size=1, price=D(4998)
            )
        case ("cancelled", number):
            return build.order_cancelled(at=at, tag=TAGS[number])
        case ("rejected", request):
            return build.order_rejected(at=at, tag="r-1", request=request, text=BRACKETS_REFUSED)
        case ("agreed", _):
            return build.agreed(at=at, position=0)
        case ("taken", _):
            return build.close_accepted(at=at)
        case ("state", state):
            return build.state_changed(at=at, state=state)
        case ("command", name):
            return build.command(at=at, name=name)
        case ("approved", action):
            return approved(action, -1 if "SHORT" in action else 1, at, n=count)
        case _:
            return build.pulse(at=at)


@settings(max_examples=max(STEPS // 40, 1), deadline=None)
@given(st.booleans(), st.sampled_from((0, EDITION)), st.lists(steps, max_size=40))
def test_whatever_it_hears_it_closes_once_and_never_adds_while_flattening(native, edition, script):
    stage, at, closed_at, naked_at = executor(native_brackets=native), AT, -1, 0
    desk = stage.memory
    desk.settings = replace(desk.numbers(), edition=edition)
    for count, step in enumerate(script, 10):
        at += SECOND * step[1] if step[0] == "pulse" else 0
        answers = stage.on(heard(step, at, count))
        closes = [a for a in answers if isinstance(a, m.ClosePosition)]
        flat = not desk.book.position.size
        assert len(closes) <= 1
        if closes:
            assert not flat
            assert closed_at < 0 or at - closed_at >= 2 * SECOND
            closed_at = at
        elif flat:
            closed_at = -1
        placed = [a for a in answers if isinstance(a, m.PlaceOrder)]
        assert not (placed and desk.flatten)
        entries = [a for a in placed if a.purpose is Purpose.ENTRY]
        assert not entries or flat
        naked = desk.book.resting_stop() < abs(desk.book.position.size)
        naked_at = (naked_at or at) if naked else 0
        yields = 2 if edition and desk.exit_at and desk.targets() else 0  # its target goes first
        assert not naked_at or at - naked_at < (2 + yields) * SECOND or closed_at >= 0
