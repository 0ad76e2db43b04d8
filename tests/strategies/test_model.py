"""Trade the model's class when it is sure enough."""

import pytest

from core.reasons import Reason
from core.terms import Action
from strategies import model
from strategies.base import View
from tests import build


@pytest.mark.parametrize(("direction", "confidence", "position", "action", "reason"), [
    (1, 0.60, 0, Action.LONG_ENTRY, Reason.SIG_NEW),
    (-1, 0.60, 0, Action.SHORT_ENTRY, Reason.SIG_NEW),
    (1, 0.5999, 0, None, Reason.SIG_LOW_CONFIDENCE),
    (0, 0.99, 1, None, Reason.SIG_FLAT_WANTED),
    (1, 0.99, 1, None, Reason.SIG_IN_POSITION),
    (-1, 0.99, 1, Action.EXIT_LONG, Reason.SIG_NEW),
])  # fmt: skip
def test_a_prediction_is_a_wish(direction, confidence, position, action, reason):
    seen = build.prediction(direction=direction, confidence=confidence)
    wish = model.decide(View(seen, position, 0, build.SETTINGS.signals))
    assert (wish.action, wish.reason, wish.confidence) == (action, reason, confidence)
    assert [check.rule for check in wish.checks] == [Reason.SIG_LOW_CONFIDENCE]
