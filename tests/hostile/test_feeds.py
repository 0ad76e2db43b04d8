"""A feed that stands still is found out, and one that races loses no trade (M3, M4)."""

import pytest

from core.messages import FeedState
from core.reasons import Reason
from tests.actors.market_events import SETTINGS, at
from tests.hostile.path import Path, quote, text, trade
from tests.venues.topstepx.server import frame

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


def test_a_burst_of_800_events_a_second_loses_no_trade():
    path, size = Path(), 0
    for tick in range(8_000):  # 400 trades and 400 quotes a second
        moment = 0.1 + tick / 400
        path.frame(moment, quote(moment, 6715.0 + tick % 3 / 4))
        path.frame(moment, trade(moment, 6715.0 + tick % 3 / 4))
        size += 2
        if not tick % 400:
            path.pulse(moment)
    path.pulse(22.5)
    assert sum(bar.volume for bar in path.bars) == size and len(path.bars) == 21
    assert {bar.reason for bar in path.bars} == {Reason.BAR_CLOSED} and not path.reasons
