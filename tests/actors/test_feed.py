"""The feed passes what can be believed, refuses the rest with a reason, and tells of its doubts."""

from decimal import Decimal
from math import inf, nan

import pytest
from msgspec.structs import replace

from actors.feed import Feed
from core.messages import (
    AccountSnapshot,
    Dropped,
    FeedState,
    Fill,
    Gap,
    Mark,
    Quote,
    SessionClosed,
    SessionOpened,
    Trade,
)
from core.reasons import Reason
from tests.actors.market_events import SETTINGS, at, pulse, quote, ticks, trade


def feed(*events, stage=None):
    stage = stage or Feed(SETTINGS)
    return [answer for event in events for answer in stage.on(event)]


def clean(answers):
    return [answer for answer in answers if isinstance(answer, Quote | Trade)]


def refused(*events):
    """{reason: count} told at a pulse after the events."""
    told = feed(*events, pulse(20.0))
    return {answer.reason: answer.count for answer in told if isinstance(answer, Dropped)}


def fill(trade_id, side, size=1):
    return Fill(at(1), trade_id, 1, "t", side, size, Decimal(5000), Decimal(0))


def snapshot(position, *fills):
    return AccountSnapshot(at(1), 0, Decimal(1000), True, position, None, (), fills)


def link(seconds, up, name="market"):
    reason = Reason.DATA_LINK_UP if up else Reason.DATA_LINK_DOWN
    return FeedState(at(seconds), name, up, "", reason)


def test_clean_events_pass_unchanged():
    events = list(ticks(1, 500))
    assert clean(feed(*events)) == events
    assert refused(*events) == {}


@pytest.mark.parametrize("bad", [nan, inf, -inf, 0.0, -5000.0, 5000.1, 1e300, 1e-9])
def test_a_price_that_is_none_never_passes(bad):
    for event in (quote(1, bad), quote(1, 5000.0, bad), trade(1, bad)):
        assert clean(feed(event)) == []
        assert sum(refused(event).values()) == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (quote(1, 5000.25, 5000.25), Reason.DATA_CROSSED),
        (quote(1, 5000.5, 5000.25), Reason.DATA_CROSSED),
        (quote(1, 5000.0, 5002.25), Reason.DATA_OUTLIER),  # nine ticks wide
        (quote(1, 5000.0, 5000.3), Reason.DATA_BAD_VALUE),
        (quote(1, nan, 5000.25), Reason.DATA_BAD_VALUE),
        (Quote(at(1), 5000.0, 5000.25, -1, 0), Reason.DATA_BAD_VALUE),
        (Quote(at(1), 5000.0, 5000.25, 0, -1), Reason.DATA_BAD_VALUE),
        (trade(1, 5000.0, 0), Reason.DATA_BAD_VALUE),
        (trade(1, 5000.0, -3), Reason.DATA_BAD_VALUE),
        (quote(1, lag=1.001), Reason.DATA_STALE),
        (trade(1, lag=1.001), Reason.DATA_STALE),
        (quote(1, lag=-0.051), Reason.RISK_CLOCK_SKEW),
        (trade(1, lag=-0.051), Reason.RISK_CLOCK_SKEW),
    ],
)
def test_each_fault_has_its_reason(event, reason):
    assert clean(feed(event)) == []
    assert refused(event) == {reason: 1}


@pytest.mark.parametrize(
    "event",
    [quote(1, 5000.0, 5002.0), quote(1, lag=1.0), trade(1, lag=-0.05), Quote(at(1), 1.0, 1.25)],
)
def test_what_is_just_within_the_limits_passes(event):
    assert clean(feed(event)) == [event]


def test_stamps_of_a_stream_never_go_back():
    assert clean(feed(quote(2), trade(1), quote(2), trade(1))) == [
        quote(2), trade(1), quote(2), trade(1)
    ]  # fmt: skip
    assert refused(quote(2), quote(1.9), trade(1), trade(0.5)) == {Reason.DATA_SEQUENCE: 2}


def test_a_lone_jump_is_never_believed():
    spike = [trade(1.2, 5100.0), quote(1.3), trade(1.4, 5100.0), quote(1.5), trade(1.6, 4000.0)]
    answers = clean(feed(quote(1), *spike, trade(1.7)))
    assert answers == [quote(1), quote(1.3), quote(1.5), trade(1.7)]
    assert refused(quote(1), *spike) == {Reason.DATA_OUTLIER: 3}


def test_a_jump_that_two_more_events_confirm_is_believed():
    far = [trade(1.1 + i / 10, 5020.0) for i in range(4)]
    assert clean(feed(quote(1), *far)) == [quote(1), *far[2:]]
    lonely = [trade(1.1, 5020.0), trade(1.2, 5100.0), trade(1.3, 5020.0), trade(1.4, 5100.0)]
    assert clean(feed(quote(1), *lonely)) == [quote(1)]


def test_a_quiet_market_may_move_farther():
    assert len(clean(feed(quote(1), trade(4, 5030.0)))) == 2  # 120 ticks in three seconds
    assert len(clean(feed(quote(1), trade(4, 5030.5)))) == 1


def test_refusals_are_told_once_a_pulse():
    stage = Feed(SETTINGS)
    bad = [quote(1 + i / 1000, 5000.0, 4999.0) for i in range(100)]
    assert feed(*bad, stage=stage) == []
    (dropped,) = [a for a in feed(pulse(2), stage=stage) if isinstance(a, Dropped)]
    assert (dropped.count, dropped.reason) == (100, Reason.DATA_CROSSED)
    assert "4999.0" in dropped.example
    assert feed(pulse(3), stage=stage) == []


def test_a_stale_trade_is_one_the_bars_have_missed():
    answers = feed(trade(1), trade(2, lag=1.5), trade(2.1, lag=1.5), quote(3, lag=1.5))
    gaps = [answer for answer in answers if isinstance(answer, Gap)]
    assert gaps == [Gap(at(3.5), at(2), Reason.DATA_STALE)]


def test_marks_follow_the_side_that_would_close():
    stage = Feed(SETTINGS)
    assert not [a for a in feed(quote(1), stage=stage) if isinstance(a, Mark)]
    feed(fill(7, 1), fill(7, 1), stage=stage)
    assert feed(quote(2), stage=stage) == [quote(2), Mark(at(2), Decimal("5000.00"))]
    assert feed(quote(3, ask=5000.5), stage=stage) == [quote(3, ask=5000.5)]
    feed(fill(8, -1, 2), stage=stage)
    assert feed(quote(4), stage=stage)[1:] == [Mark(at(4), Decimal("5000.25"))]
    feed(fill(9, 1), stage=stage)
    assert feed(quote(5, 5001.0, 5001.25), stage=stage)[1:] == []


def test_the_venues_position_replaces_ours():
    stage = Feed(SETTINGS)
    feed(fill(1, 1), snapshot(-1, fill(1, 1), fill(2, -1, 2)), fill(2, -1, 2), stage=stage)
    marks = [a for a in feed(quote(1), stage=stage) if isinstance(a, Mark)]
    assert marks == [Mark(at(1), Decimal("5000.25"))]
    feed(snapshot(0), stage=stage)
    assert not [a for a in feed(quote(2), stage=stage) if isinstance(a, Mark)]


def test_an_answer_asked_for_before_a_fill_does_not_hide_it():
    """Else no price of an open position would be judged until the next look at the venue."""
    stage = Feed(SETTINGS)
    feed(fill(1, 1), replace(snapshot(0), at=at(0.9)), stage=stage)
    assert [a for a in feed(quote(1), stage=stage) if isinstance(a, Mark)]


def test_the_session_opens_and_closes():
    close = 23 * 3600
    answers = feed(pulse(-1), pulse(0), trade(1), pulse(close - 1), pulse(close), pulse(close + 1))
    turns = [a for a in answers if isinstance(a, SessionOpened | SessionClosed)]
    assert turns == [SessionOpened(at(0), "2023-12-26"), SessionClosed(at(close), "2023-12-26")]


def test_a_market_event_may_open_the_session():
    assert feed(trade(0.5)) == [SessionOpened(at(0.5), "2023-12-26"), trade(0.5)]


def test_after_a_lost_link_there_is_a_gap():
    events = [trade(1), link(5, False), link(6, True, "user"), link(9, True), link(9.5, True)]
    assert [a for a in feed(*events) if isinstance(a, Gap)] == [Gap(at(9), at(1))]
    assert feed(link(1, False), link(2, True)) == []


def test_a_silent_market_is_stale_until_it_speaks():
    stage = Feed(SETTINGS)
    feed(trade(1), pulse(31), stage=stage)
    (down,) = feed(pulse(31.1), pulse(32), stage=stage)
    assert (down.up, down.reason) == (False, Reason.DATA_STALE)
    assert feed(down, stage=stage) == []
    up, gap, first = feed(quote(40), stage=stage)
    assert (up.up, gap, first) == (True, Gap(at(40), at(1)), quote(40))
    assert feed(up, quote(41), stage=stage) == [quote(41)]


def test_silence_outside_the_session_is_no_fault():
    close = 23 * 3600
    answers = feed(trade(close - 1), pulse(close), pulse(close + 1000), pulse(close + 3600))
    assert not [a for a in answers if isinstance(a, FeedState)]
