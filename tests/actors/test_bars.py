"""Bars are those of the trades, second by second, whoever asks and however often."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.bars import Bars
from core.clock import SECOND
from core.messages import Bar, Dropped, FeedState, Gap, RunStarted, Trade
from core.reasons import Reason
from tests.actors.market_events import SETTINGS, at, pulse, quote, ticks, trade, with_pulses

CLOSED, PARTIAL = Reason.BAR_CLOSED, Reason.BAR_PARTIAL
STARTED = RunStarted(at(0), "r", "sim", 1, "c", 1, "", "", "", SETTINGS)


def answers(events, stage=None):
    stage = stage or Bars(SETTINGS)
    return [answer for event in events for answer in stage.on(event)]


def bars(events, stage=None):
    return [answer for answer in answers(events, stage) if isinstance(answer, Bar)]


def second(event):
    return event.at // SECOND


def grouped(events):
    """Seconds with trades: end -> open, high, low, close, volume, trades."""
    trades = [event for event in events if isinstance(event, Trade)]
    for key, group in groupby(trades, second):
        prices, sizes = zip(*((t.price, t.size) for t in group), strict=True)
        row = prices[0], max(prices), min(prices), prices[-1], sum(sizes), len(sizes)
        yield (key + 1) * SECOND, row


@effort(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.02, 0.4, 3.0]))
def test_bars_are_the_trades_of_each_second(seed, pause_s):
    events = list(ticks(seed, 400, pause_s))
    made = bars(events)
    known = dict(grouped(events))
    last_end = second(events[-1]) * SECOND
    assert [bar.at for bar in made] == list(range(min(known), last_end + 1, SECOND))
    last = 0.0
    for bar in made:
        row = bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades
        assert row == known.get(bar.at, (last, last, last, last, 0, 0))
        assert bar.filled == (bar.at not in known)
        assert bar.buy + bar.sell <= bar.volume
        assert bar.reason is CLOSED and bar.segment == 1
        last = bar.close


@effort(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0.02, 0.4, 3.0, 200.0]))
def test_pulses_bring_bars_sooner_but_not_others(seed, pause_s):
    events = list(ticks(seed, 200, pause_s))
    plain, pulsed = bars(events), bars(with_pulses(events))
    assert pulsed == plain


def test_a_second_closes_late_without_a_further_event():
    stage = Bars(SETTINGS)
    assert answers([trade(0.5), pulse(1.0), pulse(1.9)], stage) == []
    (bar,) = answers([pulse(2.0)], stage)
    assert (bar.at, bar.trades, bar.filled) == (at(1), 1, False)
    (bar,) = answers([quote(3.0)], stage)[:1]
    assert (bar.at, bar.filled, bar.open, bar.volume) == (at(2), True, bar.close, 0)


def test_the_quote_of_a_bar_is_the_last_one_within_it():
    made = bars([trade(0.1), quote(0.2, 1.0, 1.25), quote(0.9, 2.0, 2.25), quote(1.0, 3.0, 3.25)])
    assert [(bar.bid, bar.ask) for bar in made] == [(2.0, 2.25)]


def test_a_trade_for_a_closed_second_is_dropped_and_told_once():
    stage = Bars(SETTINGS)
    events = [trade(0.5), pulse(2.0), trade(0.9, size=7), trade(0.8)]
    assert [bar.volume for bar in answers(events, stage)] == [1]
    dropped, bar = answers([pulse(3.0)], stage)
    assert isinstance(dropped, Dropped) and bar.volume == 0
    assert (dropped.count, dropped.reason) == (2, Reason.DATA_SEQUENCE)
    assert not [a for a in answers([pulse(4.0)], stage) if isinstance(a, Dropped)]


def test_a_long_silence_ends_the_segment():
    made = bars([trade(0.5), trade(1000.5, 5001.0), quote(1001.0)])
    assert [bar.segment for bar in made] == [1] * 301 + [2]
    assert made[300].at == at(301) and made[301].at == at(1001)
    assert made[301].open == 5001.0


def test_the_grid_ends_with_the_session():
    close = 23 * 3600
    made = bars(
        [trade(close - 2.5), quote(close + 100), trade(close + 3600.2), quote(close + 3602)]
    )
    assert [bar.at for bar in made] == [
        *(at(close - 2), at(close - 1), at(close)), at(close + 3601), at(close + 3602)
    ]  # fmt: skip
    assert [bar.segment for bar in made] == [1, 1, 1, 2, 2]


def test_the_grid_of_a_market_that_never_closes_goes_on():
    """Over the close of the exchange, over midnight UTC, and after a start."""
    settings = replace(SETTINGS, session=replace(SETTINGS.session, kind="all"))
    close = 23 * 3600
    stage = Bars(settings)
    made = bars([trade(close - 1.5), trade(close + 1.5), quote(close + 3)], stage)
    assert [bar.at for bar in made] == [at(close + n) for n in range(-1, 4)]
    after = bars([trade(close + 5.5), quote(close + 6)], Bars(settings, made[-1]))
    assert {bar.segment for bar in (*made, *after)} == {1}


@pytest.mark.parametrize(
    "loss",
    [
        [Gap(at(2.5), at(1.2))],
        [FeedState(at(1.5), "market", False, "lost", Reason.DATA_LINK_DOWN)],
        [FeedState(at(1.5), "user", True, "", Reason.DATA_LINK_UP), STARTED],
    ],
)
def test_seconds_in_which_something_may_be_missing_are_partial(loss):
    made = bars([trade(0.5), trade(1.2), *loss, trade(3.5), trade(4.5), trade(5.5)])
    assert [bar.reason for bar in made] == [CLOSED, PARTIAL, PARTIAL, PARTIAL, CLOSED]


def test_a_trade_that_comes_late_after_a_gap_does_not_end_it():
    """The link was down from 1.5 to 3.9; what was held back of before comes when it is up again."""
    down, up = (FeedState(at(s), "market", s > 2, "", Reason.DATA_LINK_DOWN) for s in (1.5, 3.9))
    made = bars([
        trade(0.5), trade(1.2), down, up, Gap(at(3.9), at(1.4)), trade(1.45), trade(4.5), pulse(9),
    ])  # fmt: skip
    assert [(bar.at, bar.reason) for bar in made[:5]] == [
        (at(1), CLOSED), (at(2), PARTIAL), (at(3), PARTIAL), (at(4), PARTIAL), (at(5), CLOSED),
    ]  # fmt: skip


def test_a_gap_told_twice_is_one_gap():
    gap = Gap(at(2.5), at(1.2))
    made = bars([trade(0.5), trade(1.2), gap, trade(3.5), gap, trade(4.5), trade(5.5)])
    assert [bar.reason for bar in made] == [CLOSED, PARTIAL, PARTIAL, PARTIAL, CLOSED]


def test_a_lost_user_link_loses_no_trade():
    lost = FeedState(at(1.5), "user", False, "lost", Reason.DATA_LINK_DOWN)
    assert {bar.reason for bar in bars([trade(0.5), lost, trade(3.5)])} == {CLOSED}


def test_a_restart_goes_on_with_the_grid():
    last = bars([trade(0.5, 5000.5), trade(1.5)])[0]
    made = bars([STARTED, pulse(3.0), trade(4.5, 5002.0), trade(6.0)], Bars(SETTINGS, last))
    assert [(bar.at, bar.reason, bar.segment) for bar in made] == [
        *((at(s), PARTIAL, 1) for s in (2, 3, 4, 5)), (at(6), CLOSED, 1)
    ]  # fmt: skip
    assert [bar.open for bar in made] == [5000.5] * 3 + [5002.0] * 2


def test_a_restart_after_a_long_hole_starts_a_segment():
    last = bars([trade(0.5), trade(1.5)])[0]
    made = bars([pulse(400.0), trade(401.0), trade(403.0)], Bars(SETTINGS, last))
    assert [(bar.at, bar.segment) for bar in made] == [(at(402), 2), (at(403), 2)]


def test_a_restart_after_the_close_goes_on_with_no_grid():
    close = 23 * 3600
    last = bars([trade(close - 1.5), quote(close)])[-1]
    assert last.at == at(close)
    assert bars([pulse(close + 30), pulse(close + 60)], Bars(SETTINGS, last)) == []


def test_a_late_trade_of_the_last_second_makes_no_second_bar_of_it():
    close = 23 * 3600
    stage = Bars(SETTINGS)
    made = bars([trade(close - 0.5), quote(close), trade(close - 0.1), quote(close + 1)], stage)
    assert [bar.at for bar in made] == [at(close)]
    (dropped,) = answers([pulse(close + 2)], stage)
    assert (dropped.count, dropped.reason) == (1, Reason.DATA_SEQUENCE)


@pytest.mark.parametrize(
    ("quotes", "prices", "buy", "sell"),
    [
        ([(5000.0, 5000.25)], [5000.25], 1, 0),  # above the middle
        ([(5000.0, 5000.25)], [5000.0], 0, 1),
        ([(5000.0, 5000.5)], [5000.25], 0, 0),  # at it, and no change known
        ([(5000.0, 5000.5)], [5000.0, 5000.25, 5000.25], 2, 1),  # up, and still up
        ([], [5000.0, 5000.25, 5000.0], 1, 1),  # no quote: the tick rule alone
    ],
)
def test_a_trade_of_unknown_side_is_judged_by_quote_then_by_tick(quotes, prices, buy, sell):
    events = [quote(0.1, *pair) for pair in quotes] + [trade(0.2, p, 1, 0) for p in prices]
    (bar,) = bars([*events, quote(1.0)])
    assert (bar.buy, bar.sell, bar.volume) == (buy, sell, len(prices))
