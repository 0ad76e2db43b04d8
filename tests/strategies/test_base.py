"""What a wish for a direction means to the position held."""

import pytest

from core.terms import Action
from strategies.base import toward


@pytest.mark.parametrize(("direction", "position", "reversal", "action"), [
    (1, 0, False, Action.LONG_ENTRY), (-1, 0, False, Action.SHORT_ENTRY),
    (1, 2, True, None), (-1, -1, False, None),
    (1, -1, False, Action.EXIT_SHORT), (-1, 1, False, Action.EXIT_LONG),
    (1, -1, True, Action.REVERSE_TO_LONG), (-1, 2, True, Action.REVERSE_TO_SHORT),
])  # fmt: skip
def test_a_direction_is_an_action_to_the_position(direction, position, reversal, action):
    assert toward(direction, position, reversal) is action
