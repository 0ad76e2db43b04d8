"""Signals: each prediction becomes an intent or a hold with its reason, knowing the position.

One intent is open at a time: until it is refused, filled or expired, all else holds.
"""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, field

from actors.book import BOOKED, Book
from actors.controls import young
from actors.stops import first
from core.clock import SECOND
from core.messages import (
    Bar,
    Conditions,
    Hold,
    Intent,
    Message,
    Prediction,
    Refused,
    RunStarted,
    StateChanged,
    TradeClosed,
)
from core.reasons import Reason
from core.settings import Settings
from core.terms import Action, Check, Purpose, State, exact
from strategies.base import Strategy, View, Wish

ENTRIES = {Action.LONG_ENTRY: 1, Action.SHORT_ENTRY: -1}
REVERSALS = {Action.REVERSE_TO_LONG: 1, Action.REVERSE_TO_SHORT: -1}


class Memory(Struct):
    """All that signals remember."""

    book: Book = field(default_factory=Book)
    run: str = ""
    asked: int = 0  # intents so far in this run
    entered: int = 0
    waiting: str = ""  # the intent not yet answered
    waiting_until: int = 0
    exit_at: int = 0
    state: State = State.ACTIVE
    conditions: Conditions | None = None
    settings: Settings | None = None
    own: list[float] = field(default_factory=list)  # the strategy's


class Signals:
    takes: tuple[type[Message], ...] = (
        Bar, Prediction,  # whatever strategy it is built for: a log may hold runs of several
        Refused, TradeClosed, StateChanged, Conditions, *BOOKED,
    )  # fmt: skip

    def __init__(self, strategies: Mapping[str, Strategy], settings: Settings) -> None:
        self.memory = Memory(settings=settings)
        self.strategies = strategies

    def on(self, message: Message) -> list[Message]:
        memory = self.memory
        match message:
            case Prediction() | Bar():
                return self._asked(message)
            case Refused(intent=intent):
                self._answered(intent.id)
            case TradeClosed(at=at):
                memory.exit_at = at
            case Conditions():
                memory.conditions = message
                return []
            case StateChanged(state=state):
                memory.state = state
            case RunStarted():
                memory.run, memory.asked, memory.waiting = message.run, 0, ""
                if message.settings.signals != self._settings().signals:
                    memory.own.clear()  # of other numbers, or of another strategy
                memory.settings = message.settings
        self._hear(message)
        return []

    def passed_over(self, wishes: int, last_at: int) -> None:
        """As if so many wishes had been refused, the last one at that time."""
        memory = self.memory
        memory.asked, memory.waiting = memory.asked + wishes, ""
        memory.waiting_until = last_at + int(self._settings().signals.ttl_s * SECOND)

    def _asked(self, event: Prediction | Bar) -> list[Message]:
        settings = self._settings().signals
        strategy = self.strategies[settings.strategy]
        if not isinstance(event, strategy.takes):
            return []
        strategy.see(self.memory.own, event, settings)
        return [self.decide(event)]

    def decide(self, event: Prediction | Bar) -> Message:
        """Exactly one answer to each event."""
        memory, settings = self.memory, self._settings()
        blocked = self._blocked(event.at)
        if blocked is not None:
            return blocked
        held = memory.book.position.size
        view = View(event, held, memory.entered, settings.signals, memory.own)
        wish = self.strategies[settings.signals.strategy].decide(view)
        if wish.action is None:
            return Hold(event.at, wish.checks, wish.reason)
        if wish.action in ENTRIES and (early := self._cooling(event.at)):
            return Hold(event.at, (*wish.checks, early), Reason.SIG_COOLDOWN)
        if wish.action not in ENTRIES and (early := self._young(event.at)):
            return Hold(event.at, (*wish.checks, early), Reason.SIG_MIN_HOLD)
        return self._intend(event, wish, wish.action)

    def _blocked(self, at: int) -> Hold | None:
        memory = self.memory
        if memory.state is not State.ACTIVE and not memory.book.position.size:
            return Hold(at, (), Reason.SIG_BLOCKED)
        coming = memory.book.live(Purpose.ENTRY)
        if coming or (memory.waiting and at < memory.waiting_until):
            return Hold(at, (), Reason.SIG_PENDING)
        return None

    def _cooling(self, at: int) -> Check | None:
        memory, wait = self.memory, self._settings().signals.cooldown_s
        since = Decimal(at - memory.exit_at) / SECOND
        cooling = memory.exit_at and since < exact(wait)
        return Check(Reason.SIG_COOLDOWN, since, exact(wait), False) if cooling else None

    def _young(self, at: int) -> Check | None:
        return young(self.memory.book.position.entry_at, at, self._settings().controls)

    def _intend(self, event: Prediction | Bar, wish: Wish, action: Action) -> Intent:
        memory, settings = self.memory, self._settings()
        held = 1 if memory.book.position.size > 0 else -1
        side = ENTRIES.get(action) or REVERSALS.get(action) or held
        buying = side > 0 if action in ENTRIES or action in REVERSALS else side < 0
        touch = (event.ask if buying else event.bid) or event.close
        memory.asked += 1
        memory.waiting = f"{memory.run}-i{memory.asked}"
        memory.waiting_until = event.at + int(settings.signals.ttl_s * SECOND)
        instrument = settings.instrument
        price = instrument.price(instrument.ticks(touch))
        return Intent(
            event.at, memory.waiting, action, side, wish.confidence,
            *first(settings, side, price, memory.conditions), price, memory.waiting_until,
            settings.signals.strategy,
        )  # fmt: skip

    def _hear(self, message: Message) -> None:
        book, held = self.memory.book, self.memory.book.position.size
        book.hear(message, self._settings().instrument)
        if book.position.size != held:
            self.memory.waiting = ""
            self.memory.entered += not held

    def _answered(self, intent: str) -> None:
        if self.memory.waiting == intent:
            self.memory.waiting = ""

    def _settings(self) -> Settings:
        assert self.memory.settings is not None
        return self.memory.settings
