"""A week of a strategy that loses, with the shipped numbers, in a market that is against it.

python -m tests.oracle.week [--seeds N]     what became of the account, by what the market did

Each kind of market has its seeds; in every other one the daemon is killed now and then. What counts
is the venue's balance, and its position at the side where it could be closed. Below 700 dollars it
may lie by what was approved for the position of that moment, and no more: what a gap took beyond
the stop is told apart, for no rule can prevent it.
"""

import argparse
import random
from collections import Counter
from datetime import datetime
from decimal import Decimal

from msgspec.structs import replace

from core import messages as m
from core.clock import SECOND
from tests import build
from tests.oracle.days import MONDAY, Life
from tests.oracle.ledger import NEW_YORK
from tests.oracle.reckless import Reckless

D = Decimal
LEAST = D(700)
DAYS, MORNING_S, EVENING_S, NIGHT_S = 5, 600, 2400, 60
LATE = "held over the day's end"
GAPS = {"a gap through the stop": 20, "a jump of 50 ticks": 50}
MARKETS = (
    "small losses", *GAPS, "five losses in a row", "wins, then losses", LATE,
)  # fmt: skip


def at(day, hour, minute):
    there = datetime(2026, 11, MONDAY + day, hour, minute, tzinfo=NEW_YORK)
    return int(there.timestamp()) * SECOND


class Against:
    """The next price of a market of that kind, for the side that is held."""

    def __init__(self, kind, rng):
        self.kind, self.rng, self.bid, self.held_for, self.day = kind, rng, 20_000, 0, 0

    def move(self, held):
        side = (held > 0) - (held < 0)
        self.held_for = self.held_for + 1 if held else 0
        step = self.rng.choice((-1, 0, 0, 1))
        if side and self.kind in GAPS and self.held_for == 5:
            step = -side * GAPS[self.kind]
        elif side and self.kind == "small losses":
            step = -side * self.rng.choice((0, 0, 1, 1))
        elif side and self.kind == "five losses in a row":
            step = -side
        elif side and self.kind == "wins, then losses":
            step = side if self.day < 2 else -side
        elif side and self.kind == LATE:
            step = self.rng.choice((-1, 0, 1)) if self.held_for % 2 else 0
        self.bid += step
        return abs(step) > 9


class Week(Life):
    def __init__(self, kind, seed):
        self.rng, self.seed, self.days = random.Random(f"{kind} {seed}"), seed, DAYS
        self.kind, self.most, self.restarts, self.killed = kind, 1, 0, seed % 2
        base = build.CONTROLLED
        self.numbers = replace(base, signals=replace(base.signals, strategy="cycle"))
        start = self.rng.choice((1000, 1000, 860, 760, 730))
        self.build(
            D(start), latency=self.rng.choice((0, SECOND // 5)), strategy=Sure(seed, every_s=3)
        )
        self.worst, self.lowest, self.below, self.beyond = D(9999), D(9999), D(-9999), D(0)
        self.admitted, self.trades, self.codes = D(0), 0, Counter()

    def live(self):
        self.market = Against(self.kind, self.rng)
        self.start(at(0, 9, 0))
        for day in range(DAYS):
            self.market.day = day
            begins, seconds = (at(day, 15, 30), EVENING_S) if self.kind == LATE else (
                at(day, 9, 30), MORNING_S
            )  # fmt: skip
            self.hours(begins, seconds)
            self.night(begins + seconds * SECOND, at(day + 1, 9, 30))
        return self

    def night(self, start, end):
        for moment in range(start, end, NIGHT_S * SECOND):
            self.run(m.Pulse(moment))

    def hours(self, start, seconds):
        """Of trading; a market that moves once a second."""
        for second in range(seconds):
            moment = start + second * SECOND
            self.run(m.Pulse(moment))
            jump, market = self.market.move(self.world.exchange.position.size), self.market
            quote = m.Quote(moment + SECOND // 4, market.bid / 4, (market.bid + 1) / 4, 9, 9)
            self.run(quote, *[replace(quote, at=quote.at + n) for n in (1, 2) if jump])
            if second % 3 == 0:
                side = self.rng.choice((-1, 1))
                self.run(m.Trade(moment + SECOND // 2, market.bid / 4, 2, side))
            self.see()
            if self.killed and self.rng.random() < 0.0007:
                self.crash()
                self.start(moment + SECOND // 2)

    def run(self, *events):
        before = len(self.world.records)
        super().run(*events)
        for record in self.world.records[before:]:
            self.count(record.message)

    def count(self, message):
        if isinstance(message, m.Approved) and message.risk:
            self.admitted = message.risk
        if isinstance(message, m.Refused | m.Reduce):
            self.codes[str(message.reason)] += 1
        if isinstance(message, m.StateChanged) and message.state != "ACTIVE":
            self.codes[str(message.reason)] += 1
        if isinstance(message, m.TradeClosed):
            self.trades += 1
            self.beyond = max(self.beyond, -message.net - self.admitted)
            self.admitted = D(0)

    def see(self):
        """Of each second: what is the account worth, and how much of it was ever admitted?"""
        exchange = self.world.exchange
        held, worth = exchange.position, exchange.balance
        if held.size:
            touch = D(self.market.bid + (held.size < 0)) / 4
            worth += (touch - held.average) * 5 * held.size
        self.lowest, self.worst = min(self.lowest, exchange.balance), min(self.worst, worth)
        self.below = max(self.below, LEAST - worth - self.admitted)


class Sure(Reckless):
    """As reckless, and sure of it, so that a small account is traded too."""

    def decide(self, view):
        wish = super().decide(view)
        return replace(wish, confidence=0.95)


def table(seeds):
    yield "| market | weeks | trades | lowest balance | lowest equity | stops by code |"
    yield "|---|---:|---:|---:|---:|---|"
    for kind in MARKETS:
        weeks = [Week(kind, seed).live() for seed in range(seeds)]
        codes = sum((week.codes for week in weeks), Counter())
        told = ", ".join(f"{name} {count}" for name, count in codes.most_common())
        yield (
            f"| {kind} | {seeds} | {sum(w.trades for w in weeks)} "
            f"| {min(w.lowest for w in weeks):.2f} | {min(w.worst for w in weeks):.2f} | {told} |"
        )


if __name__ == "__main__":
    words = argparse.ArgumentParser(prog="python -m tests.oracle.week")
    words.add_argument("--seeds", type=int, default=4)
    for row in table(words.parse_args().seeds):
        print(row, flush=True)
