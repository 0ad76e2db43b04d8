"""A rehearsal of the order path: in and out by the clock, sides in turn. It has no opinion."""

from core.clock import SECOND
from core.messages import Bar
from core.reasons import Reason
from core.terms import Action
from strategies.base import View, Wish, blind, check

takes = Bar
see = blind


def decide(view: View) -> Wish:
    period = view.settings.cycle_s
    moment = view.event.at // SECOND % period
    due = moment == 0
    checks = (check(Reason.SIG_HOLD, moment, 0, due),)
    if not due:
        return Wish(None, Reason.SIG_HOLD, 1.0, checks)
    if view.position:
        action = Action.EXIT_LONG if view.position > 0 else Action.EXIT_SHORT
    else:
        action = Action.SHORT_ENTRY if view.entered % 2 else Action.LONG_ENTRY
    return Wish(action, Reason.SIG_NEW, 1.0, checks)
