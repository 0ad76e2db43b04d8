"""A clock that is off: an alarm over half a second, no entries over two, until it is right."""

import asyncio
from decimal import Decimal

import pytest

from actors.feed import Feed
from actors.skew import Skew
from core.clock import SteadyClock
from core.messages import Approved, FeedState
from core.reasons import Reason
from daemon import watches
from tests import build
from tests.actors.test_risk import AT, intent, risk, verdict

SECOND = build.SECOND
RULES = build.SETTINGS.feed
HALF, TWO = SECOND // 2, 2 * SECOND


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("apart", "told", "up"), [
    (HALF, False, True), (HALF + 1, True, True), (TWO, True, True), (TWO + 1, True, False),
    (86_400 * SECOND, True, False),
])  # fmt: skip
def test_the_limits_are_half_a_second_and_two(sign, apart, told, up):
    skew = Skew("clock", RULES)
    found = skew.judge(AT, sign * apart)
    assert bool(found) is told
    if told:
        (state,) = found
        assert (state.link, state.up, state.reason) == ("clock", up, Reason.RISK_CLOCK_SKEW)
        assert skew.judge(AT + 1, sign * apart) == [], "once"
        (over,) = skew.judge(AT + 2, 0)
        assert (over.up, over.reason) == (True, Reason.DATA_LINK_UP)


def weighed(*lags, pulses=11):
    """What the feed tells of the venue's clock after events received so late, in nanoseconds."""
    feed = Feed(build.SETTINGS)
    feed.on(build.pulse(at=AT))
    for n, lag in enumerate(lags):
        feed.on(build.quote(at=AT + n, received=AT + n + lag))
    found = [m for n in range(pulses) for m in feed.on(build.pulse(at=AT + n * SECOND))]
    return [m for m in found if isinstance(m, FeedState) and m.link == "venue"]


@pytest.mark.parametrize(("lags", "up"), [
    ((HALF,), None), ((HALF + 1, 3 * SECOND), True), ((TWO,), True), ((TWO + 1, 9 * SECOND), False),
    ((9 * SECOND, HALF), None), ((-HALF,), None), ((-HALF - 1, -3 * SECOND), True),
    ((-TWO - 1,), False), ((-TWO - 1, 1), None), ((9 * SECOND, -9 * SECOND), None),
])  # fmt: skip
def test_the_nearest_event_of_the_window_tells_the_venues_skew(lags, up):
    assert [state.up for state in weighed(*lags)] == ([] if up is None else [up])


def test_nothing_received_or_a_window_not_over_tells_nothing():
    assert weighed() == [] == weighed(TWO + 1, pulses=10)
    feed = Feed(build.SETTINGS)
    feed.on(build.quote(at=AT, received=0))
    found = feed.on(build.pulse(at=AT + 60 * SECOND))
    assert not [m for m in found if getattr(m, "link", "") == "venue"]


def test_the_old_quote_that_a_new_link_begins_with_is_no_skew():
    """The gateway tells who subscribes what it knows, however old that is."""
    feed = Feed(build.SETTINGS)
    feed.on(build.pulse(at=AT))
    feed.on(FeedState(AT, "market", True, "subscribed", Reason.DATA_LINK_UP))
    feed.on(build.quote(at=AT - 30 * SECOND, received=AT))
    told = feed.on(build.pulse(at=AT + 60 * SECOND))
    feed.on(build.quote(at=AT + 60 * SECOND, received=AT + 63 * SECOND))
    told += feed.on(build.pulse(at=AT + 71 * SECOND))
    assert [(m.at, m.up) for m in told if getattr(m, "link", "") == "venue"] == [
        (AT + 71 * SECOND, False)
    ]


@pytest.mark.parametrize("link", ["clock", "venue"])
def test_a_clock_that_is_off_ends_entries_and_no_exits_and_is_no_lost_wire(link):
    stage = risk(links_lost_max=0)
    off = FeedState(AT, link, False, "2.1 s", Reason.RISK_CLOCK_SKEW)
    assert stage.on(off) == []
    assert verdict(stage, intent()).reason is Reason.RISK_CLOCK_SKEW
    stage.on(build.fill(at=AT, price=Decimal(5000), venue_id=0))
    assert isinstance(verdict(stage, intent(n=2, action="EXIT_LONG")), Approved)
    stage.on(build.fill(at=AT, trade_id=2, side=-1, price=Decimal(5000), venue_id=0))
    stage.on(FeedState(AT, link, True, "1.9 s", Reason.RISK_CLOCK_SKEW))
    assert isinstance(verdict(stage, intent(n=3)), Approved)


def test_the_walls_clock_is_watched_and_followed_while_it_is_near(monkeypatch):
    monkeypatch.setattr(watches, "WALL_S", 0.0)
    posted, offset = [], [0]
    clock = SteadyClock(lambda: AT + offset[0], lambda: AT)
    steps = iter([0, 0, SECOND, SECOND, 86_400 * SECOND, 86_400 * SECOND, 0])

    class Bus:
        def post(self, actor, message):
            posted.append((message.up, message.reason))

    async def live():
        task = asyncio.create_task(watches.wall(Bus(), clock, RULES))
        for offset[0] in steps:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watches.wall(Bus(), lambda: AT, RULES)  # a tape's: nothing to compare with

    asyncio.run(live())
    skew = Reason.RISK_CLOCK_SKEW
    assert posted == [(True, skew), (False, skew), (True, Reason.DATA_LINK_UP)]
