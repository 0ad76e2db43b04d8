"""A rehearsal: in and out by the clock, sides in turn."""

import pytest

from core.terms import Action
from strategies import cycle
from strategies.base import View
from tests import build

DUE = 1_795_206_820 * build.SECOND  # a multiple of cycle_s


@pytest.mark.parametrize(("seconds", "position", "entered", "action"), [
    (0, 0, 0, Action.LONG_ENTRY), (0, 0, 1, Action.SHORT_ENTRY), (20, 0, 2, Action.LONG_ENTRY),
    (0, 1, 1, Action.EXIT_LONG), (0, -1, 1, Action.EXIT_SHORT),
    (1, 0, 0, None), (19, 1, 0, None),
])  # fmt: skip
def test_it_acts_when_its_second_comes(seconds, position, entered, action):
    bar = build.bar(at=DUE + seconds * build.SECOND)
    wish = cycle.decide(View(bar, position, entered, build.SETTINGS.signals))
    assert wish.action is action
