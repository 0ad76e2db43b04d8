"""Sanitizer and bars as one: what the first does not believe, the second does not go on with."""

import pytest

from actors.market import Market
from core.messages import Bar, Quote
from tests.actors.market_events import SETTINGS, at, quote, trade


def bars(*events):
    stage = Market(SETTINGS)
    return [answer for event in events for answer in stage.on(event) if isinstance(answer, Bar)]


BEFORE = trade(0.1), quote(0.2)


@pytest.mark.parametrize(
    "moved",
    [
        quote(0.5, 4995.0, 5001.0),  # far too wide
        quote(0.5, 5000.25, 5000.25),
        quote(0.5, 5100.0, 5100.25),
        Quote(at(0.5), 5000.0, 5000.25, received=at(2)),
    ],
)
def test_a_quote_that_is_not_believed_ends_the_one_before_it(moved):
    """An entry at the old one would be sent into a market that has left it: there is none."""
    (bar,) = bars(*BEFORE, moved, trade(0.6), trade(1.0))
    assert (bar.bid, bar.ask) == (0.0, 0.0)
    (bar,) = bars(*BEFORE, moved, quote(0.7, 5000.25, 5000.5), trade(1.0))
    assert (bar.bid, bar.ask) == (5000.25, 5000.5)


def test_old_news_ends_no_quote():
    (bar,) = bars(*BEFORE, quote(0.15, 5000.25, 5000.0), quote(0.1), trade(1.0))
    assert (bar.bid, bar.ask) == (5000.0, 5000.25)
