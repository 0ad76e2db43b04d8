"""A recorded hour of ES and a day of gold, through feed, bars and features, against the columns."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from actors.bars import Bars
from actors.features import Catalogue
from actors.feed import Feed
from core.instruments import INSTRUMENTS
from core.messages import Bar, Features, Pulse
from core.reasons import Reason
from indicators.columns import features, matrix
from storage.tape import TRADE, Tape, read
from tests.actors.market_events import SETTINGS, with_pulses

DATA = Path(__file__).parents[2] / "data"
ROWS = 60_000
CASES = {"es_20231225": "MES", "gc_20131007": "MGC"}


@pytest.fixture(scope="module", params=CASES)
def recorded(request):
    """Settings, tape (its first rows), and the bars that the live stages make of it."""
    tape = read(DATA / f"{request.param}.parquet")
    tape = Tape(tape.about, {name: column[:ROWS] for name, column in tape.columns.items()})
    settings = replace(SETTINGS, instrument=INSTRUMENTS[CASES[request.param]])
    feed, bars = Feed(settings), Bars(settings)
    made = [
        answer
        for event in with_pulses(tape.events())
        for clean in ([*feed.on(event), event] if isinstance(event, Pulse) else feed.on(event))
        if type(clean) in bars.takes
        for answer in bars.on(clean)
    ]
    return settings, tape, [bar for bar in made if isinstance(bar, Bar)]


def test_bars_hold_every_trade(recorded):
    settings, tape, bars = recorded
    trades = tape.columns["kind"] == TRADE
    until = trades & (tape.columns["at"] < bars[-1].at)
    assert sum(bar.volume for bar in bars) == tape.columns["size"][until].sum()
    assert sum(bar.trades for bar in bars) == until.sum()
    ticks = [bar.high / float(settings.instrument.tick) for bar in bars]
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)


def test_research_gets_the_bars_of_the_live_feed(recorded):
    settings, tape, bars = recorded
    stage = Bars(settings)
    straight = [bar for event in tape.events() for bar in stage.on(event)]
    prices = [(b.at, b.open, b.high, b.low, b.close, b.volume, b.trades) for b in straight]
    assert prices == [(b.at, b.open, b.high, b.low, b.close, b.volume, b.trades) for b in bars]


def test_live_features_are_the_columns_bit_for_bit(recorded):
    settings, _, bars = recorded
    stage = Catalogue(settings)
    live = [answer for bar in bars for answer in stage.on(bar)]
    values, ready = features(matrix(bars), float(settings.instrument.tick))
    ready &= [bar.reason is Reason.BAR_CLOSED for bar in bars]  # gold falls silent at times
    assert [isinstance(answer, Features) for answer in live] == ready.tolist()
    assert ready.sum() > 1500
    told = [answer.values for answer in live if isinstance(answer, Features)]
    assert told == [tuple(row) for row in values[ready].tolist()]
    assert np.abs(values).max() <= 1.0
