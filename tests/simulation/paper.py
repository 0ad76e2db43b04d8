"""A session on paper in a given weather: the stages of world.py, no bus, no log, no clock.

It costs a tenth of a second, so that most safeguards of the actors are tried here; truth.py counts
the harm.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from actors.pipeline import routes
from actors.replay import replay
from core import messages as m
from core.clock import SECOND
from core.config import load
from tests.simulation.test_failing_actors import Raises
from tests.simulation.truth import Truth
from tests.simulation.world import (
    ASKED,
    HEARD,
    REQUEST,
    START,
    Lossy,
    World,
    deciding,
    walk,
)

LENGTH, PATIENCE = 150, 400  # seconds of market, and of pulses to the proof of flatness
# A busy strategy, and room to lose.
USUAL = {
    "SIGNALS_STRATEGY": "cycle", "SIGNALS_CYCLE_S": "7", "SIGNALS_COOLDOWN_S": "0.0",
    "RISK_DAY_LOSS_MAX": "90000.00", "RISK_DAY_DRAWDOWN_MAX": "90000.00",
    "RISK_ACCOUNT_DRAWDOWN_MAX": "90000.00", "RISK_KILL_LOSS_MAX": "90000.00",
    "RISK_LOSSES_IN_ROW_MAX": "10000", "ACCOUNT_BALANCE_START": "1000000.00",
    "SIZING_MODE": "fixed", "RISK_DRB_REDUCE": "false", "CONDITIONS_MINUTES": "0",
    "STOPS_EVEN_R": "0.0", "STOPS_TRAIL_R": "0.0", "STOPS_TIGHTEN": "[]",
    "CONTROLS_QUANTITY_MAX": "10", "CONTROLS_ORDER_VALUE_MAX": "6000000.00",
    "CONTROLS_OPEN_VALUE_MAX": "6000000.00", "CONTROLS_COLLAR_TICKS": "400",
    "CONTROLS_COLLAR_NIGHT_TICKS": "400",
    "CONTROLS_ORDERS_OPEN_MAX": "100", "CONTROLS_BALANCE_MAX_S": "300.0",
    "CONTROLS_TRADES_DAY_MAX": "200", "CONTROLS_HOLD_MIN_S": "1.0", "CONTROLS_REPEAT_MAX": "200",
    "CONTROLS_DRIFT_ORDERS": "50", "CONTROLS_MESSAGES_SHORT_MAX": "20",
    "CONTROLS_MESSAGES_LONG_MAX": "200", "CONTROLS_DUPLICATE_S": "0.1",
    "CONTROLS_QUOTE_MAX_S": "120.0", "CONTROLS_ACK_S": "300.0",
    "BREAKERS_LOSSES_FIRST": "20", "BREAKERS_SPREAD_PAUSE_TICKS": "50",
}  # fmt: skip


class Weather(Struct, frozen=True):
    """What befalls a day. Rates are of each message."""

    numbers: dict[str, str] = {}  # over USUAL
    news: float = 0.0  # of the venue: dropped, repeated, late, nameless
    lost: float = 0.0  # answers to requests, and half of the requests with them
    late_s: int = 0  # a request whose answer is lost acts up to so much later
    way_s: float = 0.0  # of every request
    jitter_s: float = 0.0  # each takes up to so much longer, and may overtake another
    thin: bool = False  # quotes of one contract
    trades: bool = False  # to the end, as nothing forbids it
    told_s: int = 0  # of an answer to a query, at most
    unheard: float = 0.0  # queries that nobody answers
    crashes: int = 0
    brackets: bool = True
    start: int = START
    before: Callable[["Paper"], None] = lambda paper: None
    events: Callable[["Paper", int], Iterable[m.Message]] = lambda paper, second: ()
    dirt: Callable[[Any, m.Message], Iterable[m.Message]] | None = None  # before a true event
    faulty: tuple[str, type] | None = None  # a stage, and the kind that it fails on once


class Wires(Lossy):
    """Between venue and stages. Answers to requests get lost, and requests come late."""

    def __init__(self, venue: Any, seed: int, weather: Weather) -> None:
        super().__init__(venue, seed, weather.news)
        self.weather, self.late, self.at = weather, [], 0
        self.deaf = False  # the link of our own news is down

    def on(self, message: m.Message) -> list[m.Message]:
        self.at = max(self.at, message.at)
        answers = self.due(message.at) if isinstance(message, (m.Pulse, m.Quote)) else []
        if isinstance(message, ASKED) and self.rng.random() < self.weather.lost:
            return [*answers, *self.uncertain(message)]
        if isinstance(message, m.Reconcile) and self.rng.random() < self.weather.unheard:
            return answers
        if isinstance(message, (*ASKED, m.Reconcile)) and self.weather.jitter_s:
            way = self.rng.uniform(0, self.weather.jitter_s)
            self.late.append((self.at + int(way * SECOND), message))
            return answers
        if isinstance(message, m.Quote) and self.weather.thin:
            message = replace(message, bid_size=1, ask_size=1)
        for answer in self.venue.on(message):
            answers += self.way(answer)
        return answers

    def due(self, at: int) -> list[m.Message]:
        answers = [late for due, late in self.held if due <= at]
        self.held = [(due, late) for due, late in self.held if due > at]
        come = [asked for due, asked in self.late if due <= at]
        self.late = [(due, asked) for due, asked in self.late if due > at]
        return answers + [a for asked in come for told in self.venue.on(asked)
                          for a in self.way(told)]  # fmt: skip

    def way(self, told: m.Message) -> list[m.Message]:
        if isinstance(told, m.AccountSnapshot) and self.weather.told_s:
            self.held.append((told.at + self.rng.randrange(self.weather.told_s) * SECOND, told))
            return []
        if not isinstance(told, HEARD):
            return [told]
        return [] if self.deaf else self.garble(told)

    def uncertain(self, asked: Any) -> list[m.Message]:
        told = m.OrderUncertain(asked.at, asked.tag, REQUEST[type(asked)], "time-out")
        if self.weather.late_s:
            wait = self.rng.randrange(1, self.weather.late_s + 1)
            self.late.append((asked.at + wait * SECOND, asked))
            return [told]
        happened = self.venue.on(asked) if self.rng.random() < 0.5 else []
        return [told, *(a for m_ in happened for a in self.garble(m_) if isinstance(m_, HEARD))]


class Dirty:
    """The market as a bad feed tells it: to the stages only, the exchange knows better."""

    def __init__(self, stage: Any, dirt: Callable[[Any, m.Message], Iterable[m.Message]]) -> None:
        self.stage, self.dirt, self.takes = stage, dirt, stage.takes

    def on(self, message: m.Message) -> list[m.Message]:
        told = [*self.dirt(self.stage, message), message]
        return [answer for one in told for answer in self.stage.on(one)]


class Paper(World):
    def __init__(self, weather: Weather, seed: int, knobs: dict[str, str]) -> None:
        known = {f"TRADEBOT_{key}": v for key, v in (USUAL | weather.numbers | knobs).items()}
        numbers = load(Path(__file__).parents[2] / "config.toml", known).settings()
        super().__init__(numbers, seed, brackets=weather.brackets)
        self.paper.latency = int(weather.way_s * SECOND)
        self.stages["venue"] = Wires(self.paper, seed, weather)
        self.weather, self.seed, self.flat = weather, seed, False
        self.truth = Truth(self)
        if weather.dirt:
            self.stages["market"] = Dirty(self.stages["market"], weather.dirt)
        if weather.faulty:
            name, kind = weather.faulty
            self.stages[name] = Raises(self, name, kind, 1 + seed % 9)

    def hear(self, *events: m.Message) -> None:
        """As in the daemon, a turn ends before the venue's next word is heard."""
        table = routes(self.stages)
        told, turn = deque(("tape", None, event) for event in events), deque[Any]()
        while told or turn:
            actor, cause, message = turn.popleft() if turn else told.popleft()
            seq = self.log(actor, cause, message)
            for name in table.get(type(message), ()):
                answers = [(name, seq, a) for a in self.stages[name].on(message)]
                (told if name == "venue" else turn).extend(answers)
            self.truth(message)
            self.flat = self.flat or isinstance(message, m.Flat)

    def live(self) -> None:
        weather, start = self.weather, self.weather.start
        crashes = random.Random(self.seed).sample(range(1, LENGTH), weather.crashes)
        weather.before(self)
        self.hear(*self.start(start))
        for event in walk(self.seed, LENGTH, start):
            second = (event.at - start) // SECOND
            if isinstance(event, m.Pulse):
                self.hear(*weather.events(self, second))
            self.hear(event)
            if isinstance(event, m.Pulse) and second in crashes:
                self.crash()
                self.hear(*self.start(event.at, f"r{second}"))
        self.flat, end = False, start + LENGTH * SECOND
        self.hear(m.Command(end, "stop", "test", "end"))
        for event in walk(self.seed, PATIENCE, end + SECOND):
            if self.flat:
                return
            self.hear(event)

    def crash(self) -> None:
        """What is on its way arrives all the same, but nobody here hears of it."""
        fresh = deciding(self.settings)
        for _ in replay(fresh, self.records):
            pass
        self.stages |= fresh
        self.stages["venue"].held.clear()


def harms(weather: Weather, seed: int, knobs: dict[str, str]) -> list[tuple[str, str]]:
    paper = Paper(weather, seed, knobs)
    try:
        paper.live()
        paper.truth.end()
    except Exception as error:  # noqa: BLE001
        paper.truth.hurt("end", f"it broke: {error!r}")
    return list(paper.truth.harms.items())
