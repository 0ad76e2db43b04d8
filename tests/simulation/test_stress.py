"""An hour of twice the most that our recordings ever brought (control 30), in virtual time.

The busiest minute of the futures in data/ has 1,717 events, the busiest second 596 (gold, 8 October
2013). STRESS_MINUTES=60 is the whole hour, about half a minute of work.
"""

import os
import random
from collections import Counter

from actors.replay import replay
from core import messages as m
from tests.simulation.world import BALANCE, SECOND, START, World, alive, deciding, settings

MINUTES = int(os.environ.get("STRESS_MINUTES", "10"))
PER_MINUTE, BURST = 2 * 1_717, 2 * 596  # events; so many of them within one second


def dense(minutes):
    """Each minute one second of the burst and 59 of all the rest; a pulse each second."""
    rng, bid = random.Random(30), 20_000
    usual = (PER_MINUTE - BURST) // 59
    for second in range(60 * minutes):
        count = BURST if second % 60 == 30 else usual
        yield m.Pulse(START + second * SECOND)
        for at in sorted(rng.randrange(1, SECOND) for _ in range(count)):
            at += START + second * SECOND
            if rng.random() < 0.5:
                bid += rng.choice((-1, 0, 0, 0, 0, 1))
                yield m.Quote(at, bid / 4, (bid + 1) / 4, rng.randint(1, 9), rng.randint(1, 9))
            else:
                side = rng.choice((-1, 1))
                yield m.Trade(at, (bid + (side > 0)) / 4, rng.randint(1, 9), side)


def busiest(asked, window):
    """The most messages to the venue that any window of so many seconds holds."""
    return max(sum(1 for other in asked if at <= other < at + window * SECOND) for at in asked[::7])


def test_twice_the_highest_rate_ends_flat_with_every_second_decided():
    world = World(settings(breakers={"losses_first": 0}))
    assert world.run(world.start())
    seen = Counter()
    for event in dense(MINUTES):
        seen[type(event)] += 1
        assert world.run([event])
    assert seen[m.Quote] + seen[m.Trade] >= 0.99 * PER_MINUTE * MINUTES
    end = START + MINUTES * 60 * SECOND
    after = (m.Pulse(end + n * SECOND) for n in range(1, 400))
    assert not world.run([m.Command(end, "stop", "test", "end"), *after]), "not proven flat"

    assert world.exchange.position.size == 0 and alive(world.exchange) == []
    assert len({book.realised for book in world.books()}) == 1
    assert world.exchange.balance == BALANCE + world.books()[0].realised
    bars = world.of(m.Bar)
    assert len(bars) >= 60 * MINUTES - 2
    assert Counter(bar.reason for bar in bars[1:]).keys() == {"BAR_CLOSED"}
    assert world.of(m.Halted) == [] and world.of(m.Dropped) == []
    assert len(world.of(m.TradeClosed)) >= 5 * MINUTES
    numbers, asked = (
        world.settings.controls,
        sorted(
            message.at
            for message in world.of(m.PlaceOrder, m.ModifyOrder, m.CancelOrder, m.ClosePosition)
        ),
    )
    assert busiest(asked, numbers.messages_short_s) <= numbers.messages_short_max
    assert busiest(asked, numbers.messages_long_s) <= numbers.messages_long_max
    assert list(replay(deciding(world.settings), world.records)) == []
