"""A strategy that loses: every few seconds a wish out of the blue, of any confidence, by a seed."""

import random

from core.clock import SECOND
from core.messages import Bar
from core.reasons import Reason
from core.terms import Action
from strategies.base import Wish, blind

SURE = (0.59, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.91, 0.99)
OUT = {1: Action.EXIT_LONG, -1: Action.EXIT_SHORT}
TURN = {1: Action.REVERSE_TO_SHORT, -1: Action.REVERSE_TO_LONG}


class Reckless:
    takes, see = Bar, staticmethod(blind)

    def __init__(self, seed, every_s=5):
        self.seed, self.every = seed, every_s

    def decide(self, view):
        at = view.event.at // SECOND
        rng = random.Random(f"{self.seed} {at}")
        if rng.randrange(self.every):
            return Wish(None, Reason.SIG_HOLD, 1.0)
        if not view.position:
            action = rng.choice((Action.LONG_ENTRY, Action.SHORT_ENTRY))
        else:
            side = 1 if view.position > 0 else -1
            turn = view.settings.allow_reversal and rng.random() < 0.5
            action = (TURN if turn else OUT)[side]
            if rng.random() < 0.8:
                return Wish(None, Reason.SIG_HOLD, 1.0)
        return Wish(action, Reason.SIG_NEW, rng.choice(SURE))
