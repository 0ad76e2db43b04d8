"""A feed that stands still is found out, and one that races loses no trade (M3, M4).

FEEDS in the environment says how many seeded feeds stop, BURSTS how many race.
"""

import os
import random

import pytest

from core.messages import FeedState
from core.reasons import Reason
from tests.actors.market_events import SETTINGS, at
from tests.hostile.path import Path, quote, text, trade
from tests.venues.topstepx.server import frame

FEEDS, BURSTS = int(os.environ.get("FEEDS", "27")), int(os.environ.get("BURSTS", "1"))
STALE_S = SETTINGS.feed.stale_s
FROZEN = {
    "heartbeats only": lambda second: '{"type":6}\x1e',
    "the same quote again and again": lambda second: quote(second),
    "the same quote with its old stamp": lambda second: quote(1.0),
    "the same trade with its old stamp": lambda second: trade(1.0),
    "a moving quote with an old stamp": lambda second: quote(1.0, 6715.25 + second % 7 / 4),
    "quotes of another contract": lambda second: quote(second).replace("MES", "MNQ"),
    "events that nobody knows": lambda second: frame("GatewayDepth", second),
    "refused quotes": lambda second: quote(second, -1.0),
    "refused trades": lambda second: text("GatewayTrade", {"price": 0, "volume": 0}, second),
}


@pytest.mark.parametrize("kind", FROZEN)
def test_a_frozen_market_is_stale_within_the_limit(kind, monkeypatch):
    path, told = Path(), []
    monkeypatch.setattr(path, "tell", lambda m: told.append((path.now, m)))
    path.frame(0.9, quote(0.9))
    path.frame(1.0, trade(1.0))
    for second in range(2, int(3 * STALE_S)):
        path.frame(second, FROZEN[kind](second))
        path.now = at(second + 0.5)
        path.pulse(second + 0.5)
    stale = [m.at for _, m in told if isinstance(m, FeedState) and m.reason is Reason.DATA_STALE]
    assert len(stale) == 1 and at(1.0) < stale[0] <= at(1.0 + STALE_S + 2)


def told_of(path):
    """What is said of the links, with the moment of it."""
    told, tell = [], path.tell

    def noting(message):
        if isinstance(message, FeedState):
            told.append((path.now, message))
        tell(message)

    path.tell = noting
    return told


@pytest.mark.parametrize("seed", range(FEEDS))
def test_a_market_that_stops_at_any_moment_is_stale_in_time_and_comes_back(seed):
    """Lively for up to two minutes, at up to ten events a second; then one of the ways to stop."""
    rng, path = random.Random(seed), Path()
    told, kind = told_of(path), list(FROZEN)[seed % len(FROZEN)]
    stops, rate, second, last = rng.uniform(2, 120), rng.uniform(0.5, 10), 1.0, 1.0
    back, pulse = stops + STALE_S + rng.uniform(3, 60), 1
    path.frame(0.9, quote(0.9))
    while second < back:
        while pulse <= second:
            path.now = at(pulse)
            path.pulse(pulse)
            pulse += 1
        lively = second < stops
        side = rng.choice((quote, trade))
        price = 6715.0 + rng.randrange(9) / 4
        path.frame(second, side(second, price) if lively else FROZEN[kind](second))
        if lively or (kind == "the same quote again and again" and last < stops <= second):
            last = second  # the first of them is news
        second += min(rng.expovariate(rate), STALE_S / 2)
    (stale,) = [(now, m) for now, m in told if m.reason is Reason.DATA_STALE]
    assert at(last) < stale[0] <= at(last + STALE_S + 2) and not stale[1].up
    path.frame(back, quote(back, 6716.0))
    path.frame(back + 0.1, trade(back + 0.1, 6716.0))
    assert told[-1][1].up and told[-1][1].link == stale[1].link


@pytest.mark.parametrize("seed", range(BURSTS))
def test_a_burst_of_800_events_a_second_loses_no_trade(seed):
    """A minute of it: 28 times as many as the busiest minute in data/ has (1,717)."""
    rng, path, size, reach = random.Random(seed), Path(), 0, 60
    for tick in range(400 * reach):  # 400 trades and 400 quotes a second
        moment = 0.1 + tick / 400
        price = 6715.0 + (tick % 3 if not seed else rng.randrange(3)) / 4
        path.frame(moment, quote(moment, price))
        path.frame(moment, trade(moment, price))
        size += 2
        if not tick % 400:
            path.pulse(moment)
    path.pulse(reach + 2.5)
    assert sum(bar.volume for bar in path.bars) == size and len(path.bars) == reach + 1
    assert {bar.reason for bar in path.bars} == {Reason.BAR_CLOSED} and not path.reasons
