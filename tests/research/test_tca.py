"""Implementation shortfall: the reference's example, its identity, and what is not known."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND
from research import runs, tca
from research.runs import Run, empty
from research.tca import Piece, Quotes, shortfall

ticks = st.integers(-40, 40).map(lambda n: 5000 + n * 0.25)
pieces = st.lists(st.builds(Piece, ticks, st.integers(1, 5), ticks, ticks), max_size=6)


def test_the_example_of_the_reference_costs_what_it_says():
    parts = shortfall(
        1, 5000.125, 5000.375,
        [Piece(5000.50, 1, 5000.375, 5000.50), Piece(5000.75, 1, 5000.375, 5000.50)], 5.0, 0.84,
    )  # fmt: skip
    told = {name: parts[name] for name in ("delay", "drift", "spread", "depth", "total")}
    assert told == {"delay": 2.5, "drift": 0, "spread": 1.25, "depth": 1.25, "total": 5.84}


@given(st.sampled_from([-1, 1]), ticks, ticks, pieces, st.integers(0, 5), ticks)
def test_the_parts_add_up_to_what_was_paid(side, decided, arrived, done, unfilled, end):
    parts = shortfall(side, decided, arrived, done, 5.0, 0.42, unfilled, end)
    paid = sum(side * (piece.price - decided) * piece.size for piece in done) * 5.0
    missed = side * (end - decided) * unfilled * 5.0
    assert parts["total"] == pytest.approx(paid + missed + 0.42)
    assert sum(parts[name] for name in tca.PARTS[:-1]) == pytest.approx(parts["total"])


def test_markouts_are_those_of_the_reference():
    at = np.array([0, 1, 5, 30]) * SECOND
    mids = np.array([5000.375, 5000.375, 5000.625, 5001.0])
    quotes = Quotes(at, mids - 0.125, mids + 0.125)
    fills = [{"at": 0, "price": 5000.50, "size": 1}]
    assert [tca.markout(1, fills, quotes, s, 0.25) for s in (1, 5, 30)] == [-0.5, 0.5, 2.0]
    assert tca.markout(1, fills, quotes, 31, 0.25) is None  # beyond the tape


QUOTES = Quotes(
    np.arange(100) * SECOND, np.full(100, 5000.25), np.where(np.arange(100) < 3, 5000.5, 5000.75)
)
ABOUT = {"multiplier": 5.0, "tick": 0.25}


def one_order(purpose="ENTRY", size=1, ended=None):
    orders = pl.DataFrame(
        [("a", purpose, 1, size, 2 * SECOND, 5000.375, 2 * SECOND, ended)], runs.ORDERS,
        orient="row",
    )  # fmt: skip
    fills = pl.DataFrame([("a", 5 * SECOND, 1, 1, 5000.75, 0.42)], runs.FILLS, orient="row")
    none = empty(runs.TRADES)
    return Run(1000.0, none, empty(runs.EQUITY), orders=orders, fills=fills, about=ABOUT)


def test_an_order_is_measured_by_the_quotes_just_before_it_and_its_fills():
    row = tca.orders(one_order(), QUOTES).row(0, named=True)
    assert (row["delay"], row["drift"], row["spread"], row["depth"]) == (0, 0.625, 1.25, 0)
    assert row["total"] == pytest.approx(5 * 0.375 + 0.42)
    assert row["bps"] == pytest.approx(1e4 * row["total"] / (5000.375 * 5))


def test_what_was_not_filled_costs_what_the_market_ran_away():
    row = tca.orders(one_order(size=3, ended=60 * SECOND), QUOTES).row(0, named=True)
    assert row["opportunity"] == pytest.approx(2 * 5 * 0.125)


def test_an_order_that_rests_does_not_arrive_late():
    assert tca.orders(one_order("STOP"), QUOTES)["delay"][0] == 0


def test_fills_before_the_first_quote_are_left_out():
    late = Quotes(QUOTES.at + 50 * SECOND, QUOTES.bid, QUOTES.ask)
    assert not len(tca.orders(one_order(), late))


def test_a_quote_is_good_for_its_time_only():
    quotes = Quotes(np.array([0, 1_000 * SECOND]), np.array([9.0, 19.0]), np.array([11.0, 21.0]))
    last = tca.FRESH_S * SECOND
    assert (quotes.mid_at(last), quotes.mid_at(last + 1)) == (10.0, None)


def test_purposes_are_added_up_and_unknown_markouts_counted():
    table = tca.by_purpose(tca.orders(one_order(), Quotes(QUOTES.at[:9], QUOTES.bid[:9],
                                                          QUOTES.ask[:9])))  # fmt: skip
    row = table.row(0, named=True)
    assert (row["orders"], row["contracts"], row["markout_30s_unknown"]) == (1, 1, 1)
    assert np.isnan(row["markout_30s"]) and row["markout_1s"] == pytest.approx(-1.0)
