"""The exchange answers, fills and refuses as the gateway does."""

from decimal import Decimal as D

import pytest

from core.terms import OrderType, Status
from tests.venues.market import exchange, limit, market, quote, story, trade
from venues.orders import Ticket


def test_a_market_entry_with_a_bracket_tells_its_story_in_the_gateways_order():
    venue = exchange()
    answer = venue.place(5, market(tag="a", stop_ticks=-8, target_ticks=12))
    assert answer.code == 0
    assert story(answer.events, answer.order_id) == [
        "1:suspended", "0:pending", "2:suspended", "0:filled", "T+1@5000.25", "P+1", "A999.58",
        "2:working", "1:working",
    ]  # fmt: skip
    entry, stop_leg, target = venue.orders.values()
    assert (stop_leg.tag, target.tag) == ("a-SL", "a-TP")
    assert (stop_leg.stop, target.limit) == (20001 - 8, 20001 + 12)
    assert (stop_leg.parent, target.linked) == (entry.id, stop_leg.id)
    assert (stop_leg.side, target.side, stop_leg.size) == (-1, -1, 1)


@pytest.mark.parametrize(
    ("later", "filled", "price", "balance"),
    [
        (quote(4998.0), "-SL", D("4998.00"), D("987.91")),
        (trade(4998.25), "-SL", D("4998.25"), D("989.16")),
        (quote(5003.25), "-TP", D("5003.25"), D("1014.16")),
        (trade(5003.50), "-TP", D("5003.25"), D("1014.16")),
    ],
)
def test_one_leg_fills_and_the_other_is_cancelled(later, filled, price, balance):
    venue = exchange()
    venue.place(5, market(tag="a", stop_ticks=-8, target_ticks=12))
    (venue.on_trade if hasattr(later, "price") else venue.on_quote)(later)
    by_tag = {order.tag: order for order in venue.orders.values()}
    other = {"-SL": "-TP", "-TP": "-SL"}[filled]
    assert by_tag["a" + filled].average == price
    assert by_tag["a" + other].status is Status.CANCELLED
    assert venue.position.size == 0 and venue.balance == balance and not venue.open_orders()


def test_legs_of_a_resting_entry_sleep_until_it_fills_and_end_with_it():
    venue = exchange()
    entry = venue.place(5, limit(4999, tag="a", stop_ticks=-8, target_ticks=8))
    assert story(entry.events, entry.order_id)[-1] == "0:working"
    assert [leg.tag for leg in venue.suspended()] == ["a-SL", "a-TP"]
    venue.cancel(6, entry.order_id)
    assert {order.status for order in venue.orders.values()} == {Status.CANCELLED}


def test_legs_grow_with_the_filled_part_of_their_entry():
    venue = exchange(quote(ask_size=2))
    answer = venue.place(5, market(size=5, stop_ticks=-8, target_ticks=8))
    assert story(answer.events, answer.order_id)[3] == "0:working"
    assert [order.size for order in venue.open_orders()] == [5, 2, 2]
    venue.on_quote(quote(ask_size=2))  # the same quote cannot be taken twice
    assert venue.position.size == 2
    venue.on_quote(quote(5000.25, ask_size=9))
    assert [order.size for order in venue.open_orders()] == [5, 5]
    assert venue.orders[answer.order_id].average == D("5000.40")


def test_a_leg_that_fills_in_part_shrinks_the_other():
    venue = exchange()
    venue.place(5, market(size=4, stop_ticks=-8, target_ticks=8))
    venue.on_trade(trade(5002.50, size=3))
    assert [(order.type, order.left) for order in venue.open_orders()] == [
        (OrderType.STOP, 1), (OrderType.LIMIT, 1),
    ]  # fmt: skip


def test_a_leg_that_fills_ends_the_rest_of_its_entry():
    venue = exchange(quote(ask_size=2))
    answer = venue.place(5, market(size=5, stop_ticks=-8))
    venue.on_quote(quote(4998, bid_size=2, ask=5000.25, ask_size=2))
    assert venue.orders[answer.order_id].status is Status.CANCELLED
    assert venue.position.size == 0 and not venue.open_orders()


def test_a_queue_must_be_traded_through_before_a_resting_order_fills():
    venue = exchange(quote(bid_size=10))
    venue.place(5, limit(5000, size=3))
    venue.on_quote(quote(bid_size=6))  # cancels are behind us until the level is smaller
    assert not venue.on_trade(trade(5000, 6, side=-1))
    assert not venue.on_trade(trade(5000, 5, side=1))  # a buyer does not hit bids
    venue.on_trade(trade(5000, 2, side=-1))
    assert venue.position.size == 2
    venue.on_trade(trade(4999.75, 9, side=-1))
    assert venue.position.size == 3 and venue.position.average == D(5000)


def test_a_resting_order_away_from_the_touch_waits_behind_the_whole_level():
    venue = exchange(quote(5000))
    venue.place(5, limit(4999.75))
    venue.on_quote(quote(4999.75, bid_size=4))
    assert not venue.on_trade(trade(4999.75, 4, side=-1))
    assert venue.on_trade(trade(4999.75, 1, side=-1))


def test_a_marketable_limit_takes_the_touch_and_rests_with_what_is_left():
    venue = exchange(quote(ask_size=2))
    answer = venue.place(5, limit(5001, size=5))
    assert venue.position.size == 2 and venue.position.average == D("5000.25")
    venue.on_quote(quote(5000.25, ask_size=1))
    assert venue.orders[answer.order_id].filled == 3
    venue.cancel(6, answer.order_id)
    assert venue.cancel(7, answer.order_id).code == 3 and venue.cancel(7, 1).code == 2


def test_a_stop_limit_becomes_a_limit_when_it_triggers():
    venue = exchange()
    ticket = Ticket(OrderType.STOP_LIMIT, 1, 1, limit_price=D("5001.25"), stop_price=D(5001))
    venue.place(5, ticket)
    venue.on_quote(quote(5003))
    assert venue.position.size == 0
    venue.on_quote(quote(5000.75))
    assert venue.position.size == 1


def test_a_trailing_stop_follows_and_never_goes_back():
    venue = exchange()
    venue.place(4, market())
    ticket = Ticket(OrderType.TRAILING_STOP, -1, 1, trail_price=D(4998))
    number = venue.place(5, ticket).order_id
    for bid in (5001.0, 5000.0):
        venue.on_quote(quote(bid))
        assert venue.orders[number].stop == 19996
    venue.on_quote(quote(4999.0))
    assert venue.position.size == 0


def test_a_modified_order_takes_its_new_terms_or_says_why_not():
    venue = exchange()
    number = venue.place(5, limit(4990)).order_id
    assert venue.modify(6, number, limit_price=D("4990.1")).code == 3
    assert venue.modify(6, number, size=0).code == 3
    assert venue.modify(6, number, stop_price=D("4000")).code == 0
    assert venue.orders[number].stop is None
    assert venue.modify(6, number, size=2, limit_price=D("5000.25")).code == 0
    assert venue.position.size == 2
    assert venue.modify(7, number, size=3).code == 3 and venue.modify(7, 1).code == 2


def test_moving_one_leg_leaves_the_other_and_a_sleeping_leg_cannot_be_moved():
    venue = exchange()
    entry = venue.place(5, limit(4999, stop_ticks=-8, target_ticks=8)).order_id
    assert venue.modify(6, entry + 1, stop_price=D(4990)).code == 3
    venue.on_quote(quote(4998.75))
    assert venue.modify(7, entry + 1, stop_price=D(4990)).code == 0
    assert (venue.orders[entry + 1].stop, venue.orders[entry + 2].limit) == (19960, 20004)


def test_a_close_takes_the_position_and_leaves_resting_orders():
    venue = exchange()
    venue.place(5, market(side=-1, size=3, stop_ticks=8, target_ticks=-8))
    answer = venue.close_position(6)
    closing = venue.orders[answer.order_id]
    assert (closing.status, closing.tag, venue.position.size) == (Status.FILLED, "", 0)
    assert len(venue.open_orders()) == 2
    assert venue.close_position(7).code == 2


def test_a_close_never_crosses_zero_and_ends_with_the_position():
    venue = exchange(quote(bid_size=5))
    venue.place(5, market(size=5))
    venue.on_quote(quote(bid_size=2))
    number = venue.close_position(6).order_id
    assert venue.position.size == 3 and venue.close_position(7).code == 6
    venue.on_quote(quote(4999.75, bid_size=2))
    venue.place(8, limit(4999.75, side=-1, size=1))  # takes nothing: the bid is spent
    venue.on_trade(trade(5001, 9, side=1))  # through it
    assert venue.position.size == 0
    assert venue.orders[number].status is Status.CANCELLED and venue.orders[number].filled == 4


def test_a_part_can_be_closed_but_not_more_than_there_is():
    venue = exchange()
    venue.place(5, market(size=3))
    assert venue.partial_close(6, 4).code == 5 and venue.partial_close(6, 0).code == 5
    assert venue.partial_close(6, 2).code == 0 and venue.position.size == 1


def test_a_fill_through_zero_closes_one_half_and_opens_another():
    venue = exchange()
    venue.place(5, market(size=2))
    venue.place(6, market(side=-1, size=3))
    assert [(half.size, half.profit) for half in venue.trades] == [
        (2, None), (2, D("-2.50")), (1, None),
    ]  # fmt: skip
    assert (venue.position.size, venue.position.average) == (-1, D(5000))
    assert venue.balance == D(1000) - D("2.50") - 5 * D("0.42")


def test_scaling_in_averages_again():
    venue = exchange()
    venue.place(5, market(size=1))
    venue.on_quote(quote(5001))
    venue.place(6, market(size=3))
    assert venue.position.average == D("5001.00")
