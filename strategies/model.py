"""Trade the model's class when it is sure enough (quant.md 12.2)."""

from core.messages import Prediction
from core.reasons import Reason
from strategies.base import View, Wish, blind, check, toward

takes = Prediction
see = blind


def decide(view: View) -> Wish:
    seen, settings = view.event, view.settings
    assert isinstance(seen, Prediction)
    floor = settings.confidence_min
    sure = seen.confidence >= floor
    checks = (check(Reason.SIG_LOW_CONFIDENCE, seen.confidence, floor, sure),)
    if seen.direction == 0:
        return Wish(None, Reason.SIG_FLAT_WANTED, seen.confidence, checks)
    if not sure:
        return Wish(None, Reason.SIG_LOW_CONFIDENCE, seen.confidence, checks)
    action = toward(seen.direction, view.position, settings.allow_reversal)
    if action is None:
        return Wish(None, Reason.SIG_IN_POSITION, seen.confidence, checks)
    return Wish(action, Reason.SIG_NEW, seen.confidence, checks)
