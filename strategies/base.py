"""What a strategy sees and says: pure, `decide(view) -> Wish`."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from core.messages import Bar, Prediction
from core.reasons import Reason
from core.settings import SignalSettings
from core.terms import Action, Check, exact, rounded


class View(Struct, frozen=True):
    """One moment of the market as a strategy may know it."""

    event: Bar | Prediction
    position: int  # signed contracts held
    entered: int  # entries so far in this log
    settings: SignalSettings
    own: Sequence[float] = ()  # what the strategy has kept of the events before, and of this one


class Wish(Struct, frozen=True):
    """An action, or None with the reason for doing nothing; and the numbers behind either."""

    action: Action | None
    reason: Reason
    confidence: float = 0.0
    checks: tuple[Check, ...] = ()


class Strategy(Protocol):
    @property
    def takes(self) -> type[Bar] | type[Prediction]: ...

    def see(self, own: list[float], event: Bar | Prediction, settings: SignalSettings) -> None:
        """Keep of each event what later ones need; whether or not it is then asked to decide."""

    def decide(self, view: View) -> Wish: ...


def blind(own: list[float], event: Bar | Prediction, settings: SignalSettings) -> None:
    """`see` of a strategy that keeps nothing."""


def toward(direction: int, position: int, reversal: bool) -> Action | None:
    """The action that a wish for `direction` (+1, -1) means to the position held."""
    if position * direction > 0:
        return None
    if position == 0:
        return Action.LONG_ENTRY if direction > 0 else Action.SHORT_ENTRY
    if reversal:
        return Action.REVERSE_TO_LONG if direction > 0 else Action.REVERSE_TO_SHORT
    return Action.EXIT_SHORT if direction > 0 else Action.EXIT_LONG


def check(rule: Reason, value: float, limit: float, passed: bool) -> Check:
    return Check(rule, rounded(value), exact(limit), passed)
