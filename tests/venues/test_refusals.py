"""What the exchange refuses, in the gateway's words; and what a refused order leaves behind."""

import pytest

from core.terms import OrderType, Status
from tests.venues.market import exchange, limit, market, stop
from venues.orders import Ticket


@pytest.mark.parametrize(
    ("ticket", "text"),
    [
        (limit("5000.10"), "Invalid limit price (5000.10). Price is not aligned to tick size"),
        (stop("4990.10"), "Invalid stop price (4990.10). Price is not aligned to tick size"),
        (stop("5000.00"), "Invalid stop price (5000.00). Price must be below the best bid"),
        (stop("5000.25", side=1), "Price must be above the best ask"),
        (Ticket(OrderType.LIMIT, 1, 1), "Invalid limit price"),
        (Ticket(OrderType.STOP, 1, 1), "Invalid stop price"),
        (market(stop_ticks=8), "Invalid stop loss ticks (8)"),
        (market(stop_ticks=-3), "at least 4 ticks"),
        (market(target_ticks=-8), "greater than zero when going long"),
        (market(side=-1, stop_ticks=8, target_ticks=8), "less than zero when going short"),
        (market(size=51), "Not enough margin"),
        (market(size=0), "Invalid order size"),
    ],
)
def test_a_refused_order_shows_as_rejected_and_keeps_its_tag(ticket, text):
    venue = exchange()
    answer = venue.place(5, ticket)
    assert answer.code == 2 and text in answer.text
    assert venue.orders[answer.order_id].status is Status.REJECTED


def test_a_tag_is_used_up_even_by_a_rejected_order():
    venue = exchange()
    assert venue.place(5, market(size=99, tag="a")).code == 2
    answer = venue.place(6, market(tag="a"))
    assert (answer.code, answer.events) == (2, ()) and "already in use" in answer.text
    assert len(venue.orders) == 1


def test_the_tags_of_legs_are_used_up_too():
    venue = exchange()
    venue.place(5, market(tag="a-SL"))
    assert "already in use" in venue.place(6, market(tag="a", stop_ticks=-8)).text
    assert venue.place(7, market(tag="b", stop_ticks=-8)).code == 0
    assert "already in use" in venue.place(8, market(tag="b-SL")).text


def test_where_tags_are_not_for_ever_an_ended_order_frees_its_tag():
    venue = exchange(tag_forever=False)
    first = venue.place(5, limit(4990, tag="a"))
    assert venue.place(6, limit(4990, tag="a")).code == 2
    venue.cancel(7, first.order_id)
    assert venue.place(8, limit(4990, tag="a")).code == 0


def test_an_account_in_position_bracket_mode_refuses_brackets():
    answer = exchange(brackets=False).place(5, market(stop_ticks=-8))
    assert "Brackets cannot be used with Position Brackets" in answer.text


def test_a_locked_account_and_a_closed_market_refuse():
    venue = exchange()
    venue.open = False
    assert "not in an active trading status" in venue.place(5, market()).text
    venue.open = True
    venue.place(5, market())
    venue.allow(6, False)
    assert venue.place(7, market()).code == 4
    assert (venue.close_position(7).code, venue.partial_close(7, 1).code) == (8, 9)
