"""Whatever is asked and whatever trades: the books balance and nothing fills from nowhere."""

from collections import Counter
from decimal import Decimal as D

from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages import Quote, Trade
from core.terms import OrderType, Status
from tests.venues.market import MES, exchange
from venues.orders import Ticket, Traded

TICKS = st.integers(19980, 20020)
SIZES = st.integers(0, 6)
SIDES = st.sampled_from([1, -1])
KINDS = [OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT]


def priced(ticks):
    return MES.price(ticks)


QUOTES = st.builds(
    lambda bid, gap, b, a: Quote(2, bid / 4, (bid + gap) / 4, b + 1, a + 1),
    TICKS, st.integers(1, 4), SIZES, SIZES,
)  # fmt: skip
TRADES = st.builds(
    lambda ticks, size, side: Trade(2, ticks / 4, size + 1, side),
    TICKS, SIZES, st.sampled_from([1, -1, 0]),
)  # fmt: skip
TICKETS = st.builds(
    lambda kind, side, size, lim, stp, tag, sl, tp: Ticket(
        kind, side, size + 1, priced(lim), priced(stp), tag=tag, stop_ticks=-side * sl,
        target_ticks=side * tp,
    ),
    st.sampled_from(KINDS), SIDES, SIZES, TICKS, TICKS, st.sampled_from(["", *"abcdefgh"]),
    st.sampled_from([0, 4, 8]), st.sampled_from([0, 4, 8]),
)  # fmt: skip
CALLS = st.tuples(st.sampled_from(["cancel", "modify", "close", "part"]), st.integers(1, 30), TICKS)


def do(venue, step):
    match step:
        case Quote():
            return venue.on_quote(step)
        case Trade():
            return venue.on_trade(step)
        case Ticket():
            return venue.place(2, step).events
        case ("close", _, _):
            return venue.close_position(2).events
        case ("part", size, _):
            return venue.partial_close(2, size % 5).events
        case ("cancel", number, _):
            return venue.cancel(2, 3_500_000_000 + number).events
        case ("modify", number, ticks):
            price = priced(ticks)
            return venue.modify(2, 3_500_000_000 + number, number % 7, price, price).events
    raise AssertionError(step)


def check_books(venue):
    costs = sum(half.fees + half.commissions for half in venue.trades)
    profits = sum(half.profit or 0 for half in venue.trades)
    assert venue.balance == D(1000) + profits - costs
    assert venue.position.size == sum(half.side * half.size for half in venue.trades)
    filled = Counter()
    for half in venue.trades:
        filled[half.order_id] += half.size
    for order in venue.orders.values():
        assert order.filled == filled[order.id] <= order.size
        assert (order.status is Status.FILLED) == (order.filled == order.size)
    assert sorted(venue.orders) == list(venue.orders)


def check_brackets(venue):
    for ids in venue.book.legs.values():
        legs = [venue.orders[leg] for leg in ids]
        if any(leg.status is Status.FILLED for leg in legs):
            assert all(leg.over for leg in legs)
    tags = Counter(order.tag for order in venue.orders.values() if order.tag)
    assert all(count == 1 for count in tags.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(QUOTES, TRADES, TICKETS, CALLS), max_size=40))
def test_books_balance_and_fills_stay_within_the_tape(steps):
    venue, bought = exchange(), Counter()
    for step in steps:
        held = venue.position.size
        before = venue.quote
        events = do(venue, step)
        fills = [event.trade for event in events if isinstance(event, Traded)]
        check_books(venue)
        check_brackets(venue)
        if isinstance(step, tuple) and step[0] in ("close", "part"):
            assert abs(venue.position.size) <= abs(held) and venue.position.size * held >= 0
        if isinstance(step, Quote):
            changed = {
                1: (step.ask, step.ask_size) != (before.ask, before.ask_size),
                -1: (step.bid, step.bid_size) != (before.bid, before.bid_size),
            }
            for side in (1, -1):
                bought[side] = 0 if changed[side] else bought[side]
        if isinstance(step, Trade):
            continue  # a print fills resting orders from itself and wakes stops into the quote
        for half in fills:
            bought[half.side] += half.size
        assert bought[1] <= venue.quote.ask_size and bought[-1] <= venue.quote.bid_size


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(SIDES, st.integers(1, 5), st.integers(19990, 20010)), max_size=6), TRADES)
def test_a_print_fills_no_more_than_its_size(orders, print_):
    venue = exchange()
    for side, size, ticks in orders:
        venue.place(2, Ticket(OrderType.LIMIT, side, size, priced(ticks)))
    events = venue.on_trade(print_)
    assert sum(e.trade.size for e in events if isinstance(e, Traded)) <= print_.size
