"""The cross of two averages of the close: long where the fast one crosses above, short below.

One rule for an open position: its stop and its target end it, and the day's end. A cross either way
changes nothing then; the next one after the exit (and the cooldown) opens again. The averages go
on through all of it, seconds without a trade included, and begin anew with each segment of bars.
"""

from core.messages import Bar, Prediction
from core.reasons import Reason
from core.settings import SignalSettings
from core.terms import Action
from indicators.crosses import CROSSED, FAST, SEEN, SLOW, fresh, step
from strategies.base import View, Wish, check

takes = Bar


def see(own: list[float], event: Bar | Prediction, settings: SignalSettings) -> None:
    assert isinstance(event, Bar)
    if not own:
        own += fresh()
    step(own, settings.ema_fast, settings.ema_slow, event.segment, event.close)


def decide(view: View) -> Wish:
    bar, own, slow = view.event, view.own, view.settings.ema_slow
    assert isinstance(bar, Bar)
    if own[SEEN] <= slow:
        early = check(Reason.FEAT_WARMUP, own[SEEN], slow + 1, False)
        return Wish(None, Reason.FEAT_WARMUP, 1.0, (early,))
    side = int(own[CROSSED])
    checks = (check(Reason.SIG_NO_CROSS, own[FAST], own[SLOW], bool(side)),)
    if not side:
        return Wish(None, Reason.SIG_NO_CROSS, 1.0, checks)
    if bar.reason is Reason.BAR_PARTIAL:  # as with the features: it moves them and decides nothing
        return Wish(None, Reason.BAR_PARTIAL, 1.0, checks)
    if view.position:
        return Wish(None, Reason.SIG_IN_POSITION, 1.0, checks)
    return Wish(Action.LONG_ENTRY if side > 0 else Action.SHORT_ENTRY, Reason.SIG_NEW, 1.0, checks)
