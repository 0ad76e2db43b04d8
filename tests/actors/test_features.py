"""The stage answers each bar, equals the columns bit for bit, and survives a restart."""

import numpy as np
import pytest

from actors.bars import Bars
from actors.features import Catalogue
from actors.feed import Feed
from core.clock import SECOND
from core.messages import Bar, Features, Hold
from core.reasons import Reason
from indicators.columns import features, matrix
from tests.actors.market_events import SETTINGS, ticks
from tests.indicators.bars import columns

TICK = 0.25


def as_bars(rows):
    for end, segment, o, h, l, c, v, buy, sell, filled in rows.tolist():  # noqa: E741
        yield Bar(
            int(end) * SECOND, o, h, l, c, int(v), int(buy), int(sell), int(v > 0), c, c + TICK,
            bool(filled), int(segment),
        )  # fmt: skip


@pytest.fixture(scope="module")
def bars():
    """Forty minutes over the open of the regular hours."""
    return list(as_bars(columns("2024-01-03T09:05:00", 2400)))


def answers(bars, stage):
    return [answer for bar in bars for answer in stage.on(bar)]


def test_each_bar_is_answered_with_the_columns_values(bars):
    values, ready = features(matrix(bars), TICK)
    told = answers(bars, Catalogue(SETTINGS))
    assert len(told) == len(bars) and ready.sum() == 601
    for bar, answer, row, warm in zip(bars, told, values, ready, strict=True):
        assert answer.at == bar.at
        if warm:
            assert answer.values == tuple(row.tolist())
            assert (answer.close, answer.bid, answer.ask) == (bar.close, bar.bid, bar.ask)
            assert answer.atr >= 1.0
        else:
            assert answer.reason is Reason.FEAT_WARMUP


def test_live_ticks_give_the_features_of_the_research_columns():
    feed, maker, stage = Feed(SETTINGS), Bars(SETTINGS), Catalogue(SETTINGS)
    made = [
        answer
        for event in ticks(4, 9000, 0.3)
        for clean in feed.on(event)
        if type(clean) in maker.takes
        for answer in maker.on(clean)
    ]
    values, ready = features(matrix(made), TICK)
    live = [a for a in answers(made, stage) if isinstance(a, Features)]
    assert len(live) == ready.sum() > 500
    assert [a.values for a in live] == [tuple(row) for row in values[ready].tolist()]


def test_warm_up_says_what_is_missing(bars):
    hold = answers(bars[:150], Catalogue(SETTINGS))[-1]
    assert [(int(c.value), int(c.limit), c.passed) for c in hold.checks] == [
        (150, 200, False),
        (0, 6, False),
    ]


def test_nothing_is_decided_from_a_partial_bar_but_it_counts(bars):
    cut = [*bars]
    cut[2000] = Bar(**{**{f: getattr(bars[2000], f) for f in Bar.__struct_fields__},
                       "reason": Reason.BAR_PARTIAL})  # fmt: skip
    plain, told = answers(bars, Catalogue(SETTINGS)), answers(cut, Catalogue(SETTINGS))
    assert told[2000] == Hold(bars[2000].at, (), Reason.BAR_PARTIAL)
    assert told[2001:] == plain[2001:]


def test_a_poisoned_state_is_held():
    stage = Catalogue(SETTINGS)
    rows = list(as_bars(columns("2024-01-03T02:00:00", 1900)))
    answers(rows[:1850], stage)
    memory = stage.state()
    memory["spans"][0, 1] = np.nan
    stage.restore(memory)
    assert answers(rows[1850:1851], stage) == [Hold(rows[1850].at, (), Reason.FEAT_NONFINITE)]


@pytest.mark.parametrize("n", [0, 1, 130, 1777, 1900])
def test_a_restored_stage_goes_on_bit_for_bit(bars, n):
    stage, later = Catalogue(SETTINGS), Catalogue(SETTINGS)
    answers(bars[:n], stage)
    plain = {name: array.tolist() for name, array in stage.state().items()}  # as a snapshot would
    later.restore({name: np.array(rows) for name, rows in plain.items()})
    assert answers(bars[n:], stage) == answers(bars[n:], later)
    states = stage.state(), later.state()
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])


def test_a_state_taken_does_not_move_on(bars):
    stage = Catalogue(SETTINGS)
    answers(bars[:10], stage)
    taken = stage.state()
    answers(bars[10:20], stage)
    assert taken["k"][0] == 10


def test_what_learns_remembers_what_one_that_answers_does(bars):
    stage, learner = Catalogue(SETTINGS), Catalogue(SETTINGS)
    answers(bars[:1900], stage)
    for bar in bars[:1900]:
        learner.learn(bar)
    states = stage.state(), learner.state()
    assert all(np.array_equal(states[0][name], states[1][name]) for name in states[0])
    assert answers(bars[1900:], stage) == answers(bars[1900:], learner)
