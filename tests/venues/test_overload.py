"""Row V7: hours of more calls than may be made, as the gateway counts them when they reach it.

HOURS and SEEDS in the environment ask for more.
"""

import heapq
import os
from collections import deque
from random import Random

import pytest

from tests.build import CONFIG
from venues.throttle import Throttle
from venues.topstepx.rest import BARS_WINDOW_S, CALLS_WINDOW_S

HOURS, SEEDS = float(os.environ.get("HOURS", "0.5")), int(os.environ.get("SEEDS", "4"))
VENUE = CONFIG.venue
SLACK_S = VENUE.request_timeout_s
CANCELS = 40  # a minute, in bursts: within the share that is kept for them


class Gateway:
    """Counts what has come within a window, which is closed at both ends."""

    def __init__(self, window_s):
        self.window_s, self.times, self.most = window_s, deque(), 0

    def hear(self, at):
        self.times.append(at)
        while at - self.times[0] > self.window_s:
            self.times.popleft()
        self.most = max(self.most, len(self.times))


def overload(seed, hours):
    """The most calls and bars that any window held at the gateway, and each cancel's wait."""
    rng = Random(seed)
    calls = Throttle(VENUE.requests_max, CALLS_WINDOW_S + SLACK_S, VENUE.reserve)
    bars = Throttle(VENUE.bars_max, BARS_WINDOW_S + SLACK_S)
    heard, heard_bars = Gateway(CALLS_WINDOW_S), Gateway(BARS_WINDOW_S)
    coming, waits = [], []  # (reaches the gateway at, is for bars)
    now, burst_at, wishes = 0.0, 0.0, []
    while now < hours * 3600:
        now += rng.expovariate(8.0)
        if now >= burst_at:
            size = rng.randrange(1, 11)
            wishes += [now] * size
            burst_at = now + 60 * size / CANCELS
        while wishes and not calls.take(now, urgent=True):
            waits.append(now - wishes.pop(0))
            heapq.heappush(coming, (now + rng.uniform(0, SLACK_S), False))
        want = rng.random() < 0.5
        if not calls.take(now) and (not want or not bars.take(now)):
            heapq.heappush(coming, (now + rng.uniform(0, SLACK_S), want))
        while coming and coming[0][0] <= now:
            at, of_bars = heapq.heappop(coming)
            heard.hear(at)
            if of_bars:
                heard_bars.hear(at)
    return heard.most, heard_bars.most, sorted(waits)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_window_at_the_gateway_holds_too_much_and_no_cancel_waits(seed):
    calls, bars, waits = overload(seed, HOURS)
    assert VENUE.requests_max * 0.7 < calls <= 200  # it was an overload, and kept within
    assert VENUE.bars_max * 0.7 < bars <= 50
    assert len(waits) > 30 * HOURS * CANCELS
    assert waits[len(waits) * 99 // 100] <= 0.5
