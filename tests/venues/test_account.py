"""The account's money is exact, of contracts and of the small lots of coins."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.book import Book
from core.instruments import COINS, INSTRUMENTS
from core.messages import Fill
from core.terms import Status
from tests.venues.market import market
from venues.account import Account
from venues.orders import Order
from venues.tickets import order_of

D = Decimal
BTC = INSTRUMENTS["BTC"]


def booked(instrument, fills):
    """The venue's account after (side, ticks, size) each, and our book of the same fills."""
    account, book = Account(instrument, D(10_000)), Book()
    for number, (side, ticks, size) in enumerate(fills, 1):
        order: Order = order_of(market(side, size), number, number, Status.WORKING, instrument, 0)
        account.book(number, order, ticks, size)
        price, fees = instrument.price(ticks), instrument.side_cost * size
        book.hear(Fill(number, number, number, "", side, size, price, fees), instrument)
    return account, book


def test_a_coins_lot_is_worth_its_part_of_the_coin():
    """0.00001 BTC at 60,000 dollars: 0.60; ten dollars are many of them."""
    per_lot = 60_000 / BTC.tick * BTC.tick_value
    assert per_lot == D("0.6") and int(10 / per_lot) == 16
    eth = INSTRUMENTS["ETH"]
    assert 2_500 / eth.tick * eth.tick_value == D("0.25")


@pytest.mark.parametrize(("symbol", "unit"), [
    ("MES", "0.01"), ("MGC", "0.01"), ("BTC", "0.0000001"), ("ETH", "0.000001"),
])  # fmt: skip
def test_a_profit_is_told_to_the_cent_or_to_a_tick_of_a_lot(symbol, unit):
    assert INSTRUMENTS[symbol].unit == D(unit)
    assert (symbol in COINS) == (D(unit) < D("0.01"))


def test_a_profit_of_less_than_a_cent_is_not_lost():
    free = replace(BTC, fee=D(0))
    account, _ = booked(free, [(1, 6_000_000, 40), (-1, 6_000_100, 40)])
    assert account.balance == 10_000 + D("0.0004")  # a dollar on 0.0004 BTC


fills = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(5_900_000, 6_100_000), st.integers(1, 5_000)),
    max_size=12,
)


@given(fills)
def test_the_venues_balance_is_the_books_and_that_of_the_fills(rows):
    """Sold less bought less what is still held, at its cost; each profit is rounded once."""
    account, book = booked(BTC, rows)
    rounded = len(rows) * Fraction(BTC.unit) / 2 + Fraction(1, 10**15)
    assert abs(Fraction(account.balance - 10_000 - book.realised)) <= rounded
    assert account.position.size == book.position.size
    worth = Fraction(BTC.tick_value)
    cash = sum((-side * ticks * size * worth for side, ticks, size in rows), Fraction(0))
    held = Fraction(account.position.average) / Fraction(BTC.tick) * account.position.size * worth
    paid = sum((size for _, _, size in rows), 0) * Fraction(BTC.side_cost)
    assert abs(Fraction(account.balance) - 10_000 - (cash + held - paid)) <= rounded
