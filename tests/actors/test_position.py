"""What is held, at what average, and what a fill makes of it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.position import Position, after, gross, left
from core.instruments import INSTRUMENTS
from tests import build

MES = INSTRUMENTS["MES"]
D = Decimal


def fill(side, size, price, fees="0.42"):
    return build.fill(side=side, size=size, price=D(price), fees=D(fees))


def book(*fills):
    held, trips = Position(), []
    for one in fills:
        held, finished = after(held, one, MES)
        trips += [finished] if finished else []
    return held, trips


@pytest.mark.parametrize(("side", "made"), [(1, "15.00"), (-1, "-15.00")])
def test_a_round_trip_makes_what_the_prices_say(side, made):
    held, (trip,) = book(fill(side, 1, "5000.00"), fill(-side, 1, "5003.00"))
    assert held == Position()
    assert (trip.gross, trip.fees, trip.opened) == (D(made), D("0.84"), 1)


def test_adding_averages_and_a_partial_exit_leaves_the_average():
    held, trips = book(fill(1, 1, "5000"), fill(1, 1, "5001"), fill(-1, 1, "5002"))
    assert (held.size, held.average, held.gross, trips) == (1, D("5000.5"), D("7.5"), [])


@pytest.mark.parametrize("side", [1, -1])
def test_a_fill_through_zero_is_split_with_its_fees(side):
    held, (trip,) = book(fill(side, 1, "5000"), fill(-side, 3, "5001", "1.26"))
    assert (held.size, held.average, held.fees, held.opened) == (-2 * side, D(5001), D("0.84"), 2)
    assert (trip.size, trip.gross, trip.fees) == (0, side * D(5), D("0.84"))


@pytest.mark.parametrize("last", [1, 3])
@pytest.mark.parametrize("side", [1, -1])
def test_a_trip_left_in_parts_was_left_at_their_average_also_through_zero(side, last):
    through = fill(-side, last, "4998")
    _, (trip,) = book(fill(side, 2, "5000"), fill(-side, 1, "5004"), through)
    assert left(trip, through, MES) == D(5001)
    alone = fill(-side, last + 1, "4998")
    assert left(book(fill(side, 2, "5000"), alone)[1][0], alone, MES) == D(4998)


@given(st.lists(st.tuples(st.sampled_from((1, -1)), st.integers(1, 3), st.integers(19000, 21000))))
def test_money_is_exact_whatever_the_fills(rows):
    """Realised money and what is still open, marked anywhere, equal the sum of all fills."""
    fills = [fill(side, size, D(ticks) / 4, D("0.42") * size) for side, size, ticks in rows]
    held, trips = book(*fills)
    mark = D("5000.25")
    whole = sum((gross(MES, f.side * f.size, f.price, mark) for f in fills), D(0))
    booked = sum((t.gross for t in trips), D(0)) + held.gross
    if held.size:
        booked += gross(MES, held.size, held.average, mark)
    assert abs(whole - booked) < D("1e-15")
    assert sum((t.fees for t in trips), D(0)) + held.fees - sum(f.fees for f in fills) < D("1e-15")
    assert held.size == sum(f.side * f.size for f in fills)


@pytest.mark.parametrize(("edition", "made"), [(6, D("24.999999999999999999999995")), (7, D(25))])
def test_what_three_contracts_made_is_what_their_prices_say(edition, made):
    held, trip = Position(), None
    for one in (
        fill(1, 1, "5000"), fill(1, 2, "5000.25"), fill(-1, 1, "5001.00"), fill(-1, 2, "5002.25"),
    ):  # fmt: skip
        held, trip = after(held, one, MES, edition)
    assert (trip.gross, held) == (made, Position())


def test_three_contracts_that_left_at_one_price_left_at_that_price():
    _, (trip,) = book(fill(1, 1, "5000"), fill(1, 2, "5000.25"), fill(-1, 3, "5001.00"))
    assert left(trip, fill(-1, 3, "5001.00"), MES) == D("5001.00")
