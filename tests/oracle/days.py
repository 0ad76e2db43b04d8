"""Days in a life of loss, by seed: what the market does, what the wires lose, when it restarts."""

import random
from collections import deque
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from actors.pipeline import routes
from actors.replay import replay
from actors.signals import Signals
from core import messages as m
from core.clock import SECOND
from tests import build
from tests.oracle.audit import Audit
from tests.oracle.ledger import NEW_YORK
from tests.oracle.reckless import Reckless
from tests.simulation.world import World, deciding

MONDAY = 16  # of November 2026
D = Decimal


def numbers(rng):
    """The shipped rules of section 9, with more contracts and no cap on how often."""
    base = build.CONTROLLED
    changes = {
        "signals": {
            "strategy": "cycle", "cooldown_s": 0.0, "stop_ticks": rng.choice((4, 6, 7, 8, 12, 17)),
            "allow_reversal": rng.random() < 0.5,
        },
        "risk": {"contracts": 5, "position_max": 5},
        "stops": {"mode": rng.choice(("fixed", "atr", "structure"))},
        "conditions": {"minutes_min": 3},
        "controls": {
            "trades_day_max": 9_999, "repeat_max": 9_999, "hold_min_s": 1.0, "ack_s": 1e6,
            "order_value_max": D(10**6), "open_value_max": D(10**7), "quantity_max": 9,
            "margin_contract": D(10), "messages_long_max": 9_999, "messages_short_max": 999,
            "drift_ticks": 9_999, "collar_ticks": 400,
        },
    }  # fmt: skip
    return replace(base, **{k: replace(getattr(base, k), **v) for k, v in changes.items()})


def account(rng):
    """Its balance, what the wires do to its news, and how long they are."""
    start = rng.choice((1000, 1000, 1100, 850, 760, 725, 715, 1500, 2000, 3100))
    balance = start + D(rng.randrange(99)) / 100
    return balance, rng.choice((0.0, 0.0, 0.05)), rng.choice((0, 0, SECOND // 3, 2 * SECOND))


def market(rng, start, seconds, held):
    """A walk with moods, calm, wild, thin or wide by the minute; and gaps while one is held."""
    bid, mood = 20_000 + rng.randrange(-200, 200), "calm"
    for second in range(seconds):
        at = start + second * SECOND
        yield m.Pulse(at)
        if not second % 60:
            mood = rng.choice(("calm", "calm", "wild", "thin", "wide"))
        if rng.random() < (0.1 if mood == "thin" else 0.5):
            steps = (-9, -5, 0, 4, 9) if mood == "wild" else (-2, -1, 0, 1, 2)
            gap = rng.choice((-90, -50, 50, 90)) if held() and rng.random() < 0.02 else 0
            bid += rng.choice(steps) + gap
            wide = rng.choice((1, 2, 3, 4)) if mood == "wide" else 1
            quote = m.Quote(at + SECOND // 4, bid / 4, (bid + wide) / 4, 9, 9)
            yield quote
            if gap:  # the feed believes a jump that is said three times
                yield from (replace(quote, at=quote.at + n) for n in (1, 2))
            yield m.Trade(at + SECOND // 2, bid / 4, rng.randint(1, 9), rng.choice((-1, 1)))


def began(rng, day):
    """Some in the morning, some an hour before the flat time."""
    hour, minute = rng.choice(((10, 0), (13, 30), (15, 20)))
    there = datetime(2026, 11, MONDAY + day, hour, minute, tzinfo=NEW_YORK)
    return int(there.timestamp()) * SECOND


class Life:
    """Some days of one account, under audit."""

    def __init__(self, seed, days=3, seconds=1200):
        self.rng, self.seed, self.days, self.seconds = random.Random(seed), seed, days, seconds
        self.most, self.restarts = 5, 0
        self.numbers = numbers(self.rng)
        self.build(*account(self.rng))

    def build(self, balance, rate=0.0, latency=0, strategy=None):
        self.strategy = strategy or Reckless(self.seed)
        self.world = World(self.numbers, self.seed, rate, balance=balance)
        self.world.paper.latency = latency
        self.world.stages |= self.deciding()
        self.audit, self.table = Audit(self.most), routes(self.world.stages)

    def run(self, *events):
        """Each, and all that follows from it, in the order of a live log."""
        world = self.world
        for event in events:
            pending = deque([("tape", None, event)])
            while pending:
                actor, cause, message = pending.popleft()
                seq = world.log(actor, cause, message)
                self.audit.hear(message)
                for name in self.table.get(type(message), ()):
                    pending.extend((name, seq, told) for told in world.stages[name].on(message))

    def start(self, at):
        begun, *links = self.world.start(at, f"r{self.restarts}")
        self.run(replace(begun, balance_start=D(1000)), *links)

    def live(self):
        for day in range(self.days):
            at = began(self.rng, day)
            self.start(at)
            self.run(m.Command(at, "rearm", "ada", "a new day"))
            for event in market(self.rng, at, self.seconds, lambda: self.book.position.size):
                self.run(event)
                if self.rng.random() < 0.001:
                    self.crash()
                    self.start(event.at)
        return self.audit

    @property
    def book(self):
        return self.world.stages["risk"].memory.book

    def deciding(self):
        stages = deciding(self.numbers)
        stages["signals"] = Signals({"cycle": self.strategy}, self.numbers)
        return stages

    def crash(self):
        """Dead, and what a fold of the log makes of it."""
        fresh = self.deciding()
        if found := list(replay(fresh, self.world.records)):
            self.audit.wrong.append(f"replayed otherwise: {found[:2]}")
        self.world.stages |= fresh
        self.world.stages["venue"].held.clear()
        self.restarts += 1
