"""A closed loop without clock or socket: the deciding stages against the exchange as a stage.

The tape is a seeded random walk. `Lossy` stands between venue and stages and drops, repeats, delays
and garbles what the venue says, as wires do; what it never touches is the answer to a query.
"""

import random
from collections import deque
from decimal import Decimal

from msgspec.structs import replace

from actors.conditions import MarketConditions
from actors.executor import Executor
from actors.market import Market
from actors.pipeline import routes
from actors.recovery import Recovery
from actors.replay import replay
from actors.risk import Risk
from actors.signals import Signals
from core import messages as m
from core.reasons import Reason
from research.venue import ALIVE, REQUEST, PaperVenue
from strategies import cycle, model
from tests import build
from venues.matching import Exchange

SECOND = build.SECOND
CONTRACT = "CON.F.US.MES.Z26"
START = build.AT // SECOND * SECOND - 5 * 3600 * SECOND  # a Friday morning in session
BALANCE = Decimal("100000.00")
HEARD = (m.OrderAccepted, m.OrderCancelled, m.Fill)
ASKED = tuple(REQUEST)


def settings(**changes):
    """config.toml's numbers with a busy strategy and room to lose; sections may be overridden."""
    base = build.CONTROLLED
    roomy = dict.fromkeys(
        ("day_loss_max", "day_drawdown_max", "account_drawdown_max", "kill_loss_max"),
        Decimal(90_000),
    )
    wanted = {
        "signals": {"strategy": "cycle", "cycle_s": 7, "cooldown_s": 0.0},
        "risk": {**roomy, "losses_in_row_max": 10_000},
        "controls": {
            "trades_day_max": 10_000,
            "repeat_max": 10_000,
            "hold_min_s": 1.0,
            "ack_s": 1e6,
            "order_value_max": Decimal(100_000),
            "open_value_max": Decimal(1_000_000),
        },
    }
    for section, values in changes.items():
        wanted[section] = {**wanted.get(section, {}), **values}
    parts = {name: replace(getattr(base, name), **values) for name, values in wanted.items()}
    return replace(base, **parts)


def walk(seed, seconds, start=START):
    """Pulses, quotes and prints of a market that moves a few ticks a second."""
    rng, bid = random.Random(seed), 20_000
    for second in range(seconds):
        at = start + second * SECOND
        yield m.Pulse(at)
        for part in range(rng.randint(1, 3)):
            at += rng.randint(1, SECOND // 4)
            bid += rng.choice((-3, -2, -1, -1, 0, 0, 1, 1, 2, 3))
            yield m.Quote(at, bid / 4, (bid + 1) / 4, rng.randint(1, 5), rng.randint(1, 5))
            if part or rng.random() < 0.8:
                side = rng.choice((-1, 1))
                yield m.Trade(at, (bid + (side > 0)) / 4, rng.randint(1, 3), side)


class Lossy:
    """A venue whose news may be lost, repeated, late or nameless. `rate` of each."""

    def __init__(self, venue, seed, rate):
        self.venue, self.rng, self.rate = venue, random.Random(seed), rate
        self.takes = venue.takes
        self.held = []  # (due, message)

    def on(self, message):
        answers = []
        if isinstance(message, m.Pulse):
            answers = [late for due, late in self.held if due <= message.at]
            self.held = [(due, late) for due, late in self.held if due > message.at]
        if isinstance(message, ASKED) and self.chance():
            return [*answers, *self.uncertain(message)]
        for answer in self.venue.on(message):
            answers += self.garble(answer) if isinstance(answer, HEARD) else [answer]
        return answers

    def chance(self):
        return self.rng.random() < self.rate

    def uncertain(self, asked):
        """The answer is lost; the request may have been, too."""
        happened = [] if self.chance() else self.venue.on(asked)
        told = m.OrderUncertain(asked.at, asked.tag, REQUEST[type(asked)], "time-out")
        return [told, *(a for m_ in happened for a in self.garble(m_) if isinstance(m_, HEARD))]

    def garble(self, heard):
        if isinstance(heard, m.Fill) and self.chance():
            heard = replace(heard, tag="")
        if self.chance():
            return []
        if self.chance():
            due = heard.at + self.rng.randint(1, 20) * SECOND
            self.held.append((due, heard))
            return []
        return [heard, heard] if self.chance() else [heard]


def deciding(numbers):
    """The stages that a log rebuilds."""
    return {
        "conditions": MarketConditions(numbers),
        "signals": Signals({"model": model, "cycle": cycle}, numbers),
        "risk": Risk(numbers),
        "executor": Executor(numbers),
        "recovery": Recovery(numbers),
    }


class World:
    """One account's life, with its log."""

    def __init__(self, numbers, seed=0, rate=0.0, brackets=True, balance=BALANCE):
        self.settings = numbers
        self.paper = PaperVenue(numbers, balance)
        self.paper.exchange = Exchange(
            numbers.instrument, balance, numbers.risk.position_max * 10, brackets=brackets
        )
        self.stages = {
            "venue": Lossy(self.paper, seed, rate),
            "market": Market(numbers),
            **deciding(numbers),
        }
        self.records = []  # the log

    @property
    def exchange(self):
        return self.paper.exchange

    def run(self, events, check=None):
        """Everything that follows, in the order of a live log; False once flatness is proven."""
        table = routes(self.stages)
        for event in events:
            pending = deque([("tape", None, event)])
            while pending:
                actor, cause, message = pending.popleft()
                seq = self.log(actor, cause, message)
                for name in table.get(type(message), ()):
                    pending.extend((name, seq, a) for a in self.stages[name].on(message))
                if check is not None:
                    check(self, message)
                if isinstance(message, m.Flat):
                    return False
        return True

    def log(self, actor, cause, message):
        if type(message) not in m.LOGGED:
            return None
        self.records.append(m.Record(len(self.records) + 1, actor, cause, message))
        return len(self.records)

    def crash(self):
        """All that is not in the log is lost; the stages are what a fold makes of it."""
        fresh = deciding(self.settings)
        assert list(replay(fresh, self.records)) == []
        self.stages |= fresh
        self.stages["venue"].held.clear()

    def start(self, at=START, run="r1"):
        begun = m.RunStarted(at, run, "test", 1, CONTRACT, BALANCE, "", "", "", self.settings)
        ups = [m.FeedState(at, link, True, "", Reason.DATA_LINK_UP) for link in ("user", "market")]
        return [begun, *ups]

    def of(self, *kinds):
        return [r.message for r in self.records if isinstance(r.message, kinds)]

    def books(self):
        return [self.stages[n].memory.book for n in ("signals", "risk", "executor", "recovery")]


def alive(exchange):
    return [o for o in exchange.orders.values() if o.status in ALIVE]
