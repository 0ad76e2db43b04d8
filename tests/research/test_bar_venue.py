"""Orders that meet bars: when, at what price, and which of two comes first."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.clock import SECOND
from core.instruments import INSTRUMENTS
from core.messages import Conditions, Fill, Mark, ModifyOrder, OrderRejected, PlaceOrder
from core.terms import OrderType, Purpose
from research.bar_venue import BarVenue, Path
from tests.indicators.bars import seconds
from tests.research.invented import SETTINGS
from venues.fills import MODES

GOLD = replace(SETTINGS, instrument=INSTRUMENTS["MGC"])
RTH, NIGHT = "2024-01-03T11:00:00", "2024-01-03T03:00:00"


class Market:
    """Bars one after the other, each a second long."""

    def __init__(self, fills, when=RTH, settings=SETTINGS):
        self.venue = BarVenue(settings, Decimal(1000), MODES[fills])
        self.at = seconds(when) * SECOND

    def bar(self, opened, high, low, close):
        self.at += SECOND
        path = Path(self.at, opened, high, low, close, close - 0.25, close)
        return self.venue.on(path)

    def enter(self, side=1):
        return self.venue.on(
            PlaceOrder(self.at, f"t{side}", Purpose.ENTRY, OrderType.MARKET, side, 1,
                       stop_ticks=8, target_ticks=12, bracket=True)
        )  # fmt: skip


def fills(answers):
    return [(float(m.price), m.side) for m in answers if isinstance(m, Fill)]


def entered(kind, side=1):
    """Who bought or sold at an open of 5000."""
    market = Market(kind)
    market.bar(5000.0, 5000.0, 5000.0, 5000.0)
    market.enter(side)
    market.bar(5000.0, 5000.25, 4999.75, 5000.0)
    return market


@pytest.mark.parametrize(
    ("kind", "when", "side", "price"),
    [
        ("conservative", RTH, 1, 5001.25), ("conservative", NIGHT, -1, 5000.75),
        ("realistic", RTH, 1, 5001.25), ("realistic", NIGHT, 1, 5001.5),
        ("realistic", NIGHT, -1, 5000.5),
    ],
)  # fmt: skip
def test_an_order_acts_at_the_next_open_and_slips(kind, when, side, price):
    market = Market(kind, when)
    market.bar(5000.0, 5000.0, 5000.0, 5000.0)
    assert not market.enter(side)
    assert fills(market.bar(5001.0, 5001.25, 5000.75, 5001.0)) == [(price, side)]


def test_the_optimist_fills_at_the_close_he_decided_on():
    market = Market("optimistic")
    market.enter()  # no price is known yet: it waits
    assert fills(market.bar(5000.0, 5000.0, 5000.0, 5000.5)) == [(5000.0, 1)]
    market = entered("optimistic")
    assert market.venue.exchange.position.average == Decimal(5000)


def test_he_fills_at_that_close_however_long_nothing_was_held():
    market = Market("optimistic")
    market.bar(5000.0, 5000.0, 5000.0, 5000.0)
    assert fills(market.enter()) == [(5000.0, 1)]
    market.bar(5000.0, 5010.0, 5000.0, 5010.0)  # the target
    assert market.venue.idle and not market.bar(5050.0, 5050.0, 5040.0, 5045.0)
    assert fills(market.enter(-1)) == [(5045.0, -1)]


def test_in_a_wild_market_a_taker_slips_more():
    market = Market("realistic")
    market.venue.on(Conditions(market.at, 26.0, 10.0, 100, 100.0, 0.0, 0.0))
    market.enter()
    assert fills(market.bar(5000.0, 5000.0, 5000.0, 5000.0)) == [(5000.75, 1)]


@pytest.mark.parametrize(
    ("kind", "side", "bar", "price"),
    [
        ("conservative", 1, (5000.0, 5010.0, 4990.0, 5000.0), 4998.0),  # both: the stop is first
        ("conservative", -1, (5000.0, 5010.0, 4990.0, 5000.0), 5002.0),
        ("conservative", 1, (4990.0, 4995.0, 4989.0, 4990.0), 4989.75),  # opened beyond the stop
        ("conservative", 1, (5000.0, 5000.0, 4998.25, 5000.0), 4998.0),  # touched
        ("conservative", 1, (5000.0, 5003.5, 5000.0, 5000.0), 5003.25),  # gone through
        ("conservative", 1, (5010.0, 5010.0, 5010.0, 5010.0), 5003.25),  # no better than its price
        ("optimistic", 1, (5000.0, 5003.0, 5000.0, 5000.0), 5003.0),  # touched
        ("optimistic", 1, (5000.0, 5000.0, 4998.0, 5000.0), 4998.0),  # and no slip
    ],
)
def test_stops_come_before_targets_and_targets_fill_at_their_price(kind, side, bar, price):
    assert fills(entered(kind, side).bar(*bar)) == [(price, -side)]


@pytest.mark.parametrize(
    "bar", [(5000.0, 5003.25, 4998.5, 5000.0), (4998.5, 4998.5, 4998.5, 4998.5)]
)
def test_what_is_only_touched_or_not_even_that_rests(bar):
    assert not fills(entered("conservative").bar(*bar))


@pytest.mark.parametrize(("kind", "done"), [("conservative", []), ("optimistic", [(5003.0, -1)])])
def test_a_market_that_stands_at_a_target_has_not_gone_through_it(kind, done):
    """It closed there, and the next second opens there: only who is content with a touch has it."""
    market, target = entered(kind), 5003.25 if kind == "conservative" else 5003.0
    told = fills(market.bar(5002.0, target, 5002.0, target))
    assert told + fills(market.bar(target, target, target, target)) == done
    assert fills(market.bar(target + 0.25, target + 0.25, target, target)) or done


@pytest.mark.parametrize("ticks", range(20_000, 20_100))
def test_a_stop_at_the_end_of_a_range_is_met_whatever_its_tick(ticks):
    """Tenths are no binary numbers: 2000.3 is not 20003 times 0.1."""
    market = Market("conservative", settings=GOLD)
    market.bar(ticks / 10, ticks / 10, ticks / 10, ticks / 10)
    market.enter(-1)
    market.bar(ticks / 10, ticks / 10, ticks / 10, ticks / 10)
    stop = next(o.stop for o in market.venue.exchange.orders.values() if o.tag.endswith("-SL"))
    assert fills(market.bar(ticks / 10, stop / 10, ticks / 10, ticks / 10))


def test_a_target_that_is_moved_through_the_market_slips():
    market = entered("conservative")
    leg = next(o for o in market.venue.exchange.orders.values() if o.tag.endswith("-TP"))
    market.venue.on(ModifyOrder(market.at, leg.tag, leg.id, limit_price=Decimal("4999")))
    assert fills(market.bar(5000.0, 5000.0, 5000.0, 5000.0)) == [(4999.75, -1)]


def test_an_open_position_is_marked_when_its_price_changes():
    market = entered("conservative")
    assert market.venue.mark == 4999.75
    assert not [m for m in market.bar(5000.0, 5000.0, 5000.0, 5000.0) if isinstance(m, Mark)]
    marks = [m for m in market.bar(5000.0, 5000.5, 5000.0, 5000.5) if isinstance(m, Mark)]
    assert [(m.at, m.price) for m in marks] == [(market.at, Decimal("5000.25"))]


def test_what_the_exchange_refuses_is_told_when_it_acts():
    market = entered("conservative")
    market.enter()  # the tag is used
    answers = market.bar(5000.0, 5000.0, 5000.0, 5000.0)
    assert [type(m) for m in answers if isinstance(m, OrderRejected)] == [OrderRejected]
