"""Each limit's state after a kill is what it was: by the log alone, and by a snapshot and the rest.

SEEDS says how many lives; each dies some times in two short days. In many of them limits, pauses,
breakers, throttles, a repeating strategy, drifting prices, alerts and a firm's floor all come up;
in the dozen of every push, and a long life beside it, some do.
"""

import json
import os
import random
import sys
from collections import Counter
from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.replay import replay
from core import messages as m
from core.clock import SECOND
from core.settings import PropSettings
from daemon.snapshots import remembered, restore
from storage.snapshot import arrays, canonical
from tests.oracle.days import Life, began, market
from tests.oracle.reckless import Reckless

SEEDS = int(os.environ.get("SEEDS", "12"))
DAYS, KILLS = 2, 3
SHORT, LONG, ONE_IN = 60, 1000, 100  # seconds a day; range and volume are known after 15 minutes


class Killed(Life):
    def __init__(self, seed):
        super().__init__(seed, DAYS, SHORT if (seed + 1) % ONE_IN else LONG)
        rng, base = self.rng, self.numbers
        tight = rng.choice((
            {}, {"repeat_max": 2}, {"drift_orders": 3, "drift_ticks": 2}, {"ack_s": 20.0},
            {"trades_day_max": 3}, {"messages_long_max": 20},
        ))  # fmt: skip
        firm = rng.choice(("", "", "topstepx-50k-combine"))
        self.numbers = replace(
            base, controls=replace(base.controls, **tight), prop=PropSettings(firm, bool(firm)),
            conditions=replace(base.conditions, minutes_min=1),
        )  # fmt: skip
        balance = Decimal(50_000 if firm else rng.choice((1000, 760, 715, 2000)))
        self.build(balance, rng.choice((0.0, 0.1)), strategy=Reckless(seed, every_s=2))
        self.met = Counter()

    def live(self):
        kills = set(self.rng.sample(range(DAYS * self.seconds), KILLS))
        for day in range(DAYS):
            at = began(self.rng, day)
            self.start(at)
            for event in market(self.rng, at, self.seconds, lambda: self.book.position.size):
                self.run(event)
                now = day * self.seconds + (event.at - at) // SECOND
                if isinstance(event, m.Pulse) and now in kills:
                    self.die()
                    self.start(event.at)
        for record in self.world.records:
            if isinstance(record.message, m.Refused | m.StateChanged | m.Alert | m.Halted):
                self.met[str(record.message.reason)] += 1
        return self

    def run(self, *events):
        world = self.world
        for event in events:
            pending = [("tape", None, event)]
            for actor, cause, message in pending:
                seq = world.log(actor, cause, message)
                for name in self.table.get(type(message), ()):
                    pending += [(name, seq, told) for told in world.stages[name].on(message)]

    def die(self):
        lived = {name: self.world.stages[name] for name in self.deciding()}
        folded, records = self.deciding(), self.world.records
        assert list(replay(folded, records)) == []
        cut = random.Random(len(records)).randrange(len(records))
        first, resumed = self.deciding(), self.deciding()
        list(replay(first, records[:cut]))
        restore(resumed, arrays(json.loads(canonical(remembered(first)))))
        list(replay(resumed, records[cut:]))
        for name, stage in lived.items():
            assert folded[name].memory == stage.memory, name
            assert resumed[name].memory == stage.memory, name
        assert canonical(remembered(folded)) == canonical(remembered(lived))
        self.world.stages |= resumed
        self.world.stages["venue"].held.clear()
        self.restarts += 1


FOUND = (95,)  # a snapshot sorted what had been switched off, and with it what is forgotten first
LONGEST = ONE_IN - 1  # of this seed: range and volume are known in it


@pytest.mark.parametrize("seed", sorted({*FOUND, LONGEST, *range(SEEDS)}))
def test_a_killed_daemon_knows_each_limit_as_if_it_had_lived(seed):
    assert Killed(seed).live().restarts == KILLS


if __name__ == "__main__":
    met, kills, first = Counter(), 0, int(sys.argv[1]) if sys.argv[1:] else 0
    for number in range(1, SEEDS + 1):
        life = Killed(first + number - 1).live()
        met, kills = met + life.met, kills + life.restarts
        if number in (SEEDS, *range(50, SEEDS, 50)):
            print(f"{number} lives from {first}, {kills} kills, 0 differences", flush=True)
    print(f"met: {dict(met.most_common())}")
