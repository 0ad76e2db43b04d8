"""Rows M2 and M5: seeded spells of the market, clean and spoilt, by the live way and in columns.

DAYS in the environment asks for more of them.
"""

import os
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from actors.bars import Bars
from actors.features import Catalogue
from actors.feed import Feed
from core.clock import SECOND
from core.messages import Bar, Features, FeedState, Quote, Trade
from core.reasons import Reason
from indicators.columns import features, matrix
from tests.actors.market_events import SETTINGS, ticks, with_pulses

DAYS = int(os.environ.get("DAYS", "3"))
TICK, LOST = 0.25, Reason.DATA_LINK_DOWN


def live(events):
    """Bars by feed and bars stage, as the daemon has them."""
    feed, maker = Feed(SETTINGS), Bars(SETTINGS)
    made = []
    for event in events:
        raw = isinstance(event, Quote | Trade)
        for clean in [*([] if raw else [event]), *feed.on(event)]:
            if type(clean) in maker.takes:
                made += [one for one in maker.on(clean) if isinstance(one, Bar)]
    return made


def spoilt(events, rng):
    """Quotes twice, events late by a few, and events lost with their link; and the seconds of which
    a trade came when another had begun."""
    told, held, missed, newest, down = [], [], set(), 0, 0
    for event in events:
        chance = rng.random()
        if down or chance < 0.001:
            down = down - 1 if down else rng.randrange(1, 60)
            up = not down
            told.append(FeedState(event.at, "market", up, "", Reason.DATA_LINK_UP if up else LOST))
            continue
        if chance < 0.03:
            held.append((len(told) + rng.randrange(1, 6), event))
        else:
            told += [event] * (2 if chance > 0.97 and type(event) is Quote else 1)
            newest = max(newest, event.at)
        for due, late in [one for one in held if one[0] <= len(told)]:
            held.remove((due, late))
            told.append(late)
            if type(late) is Trade and late.at // SECOND < newest // SECOND:
                missed.add((late.at // SECOND + 1) * SECOND)
    return told, missed | {(late.at // SECOND + 1) * SECOND for _, late in held}


@pytest.mark.parametrize("seed", range(DAYS))
def test_on_a_clean_day_live_bars_and_features_are_the_columns_bit_for_bit(seed):
    events = list(with_pulses(ticks(seed, 9_000, 0.3)))
    made, stage = live(events), Catalogue(SETTINGS)
    trades = [event for event in events if isinstance(event, Trade)]
    told = [answer for bar in made for answer in stage.on(bar)]
    values, ready = features(matrix(made), TICK)
    assert sum(bar.volume for bar in made) == sum(t.size for t in trades if t.at < made[-1].at)
    assert {bar.reason for bar in made} == {Reason.BAR_CLOSED}
    rows = [a.values for a in told if isinstance(a, Features)]
    assert np.array_equal(np.array(rows), values[ready]) and len(rows) > 500


@pytest.mark.parametrize("seed", range(DAYS))
def test_on_a_spoilt_day_each_bar_is_built_once_and_true_or_marked(seed):
    """But for a trade that comes when its second is over: its bar has been told, and quiet seconds
    behind it repeat its price."""
    events = list(with_pulses(ticks(seed, 6_000, 0.05)))
    true = {bar.at: told(bar) for bar in live(events)}
    spoilt_events, missed = spoilt(events, Random(seed))
    made = live(spoilt_events)
    assert [bar.at for bar in made] == sorted({bar.at for bar in made})
    for before, bar in pairwise(made):
        missed |= {bar.at} if bar.filled and before.at in missed else set()
    whole = [bar for bar in made if bar.reason is Reason.BAR_CLOSED and bar.at not in missed]
    assert len(whole) > 100 and len(whole) < len(made)
    assert not [bar for bar in whole if told(bar) != true[bar.at]]


def told(bar):
    return (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)
