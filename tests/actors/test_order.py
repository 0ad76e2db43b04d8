"""An order's life: no message in no order takes it along an edge that is not one of these.

The edges are written down here once more, from the words of the promise and not from the table.
"""

import os

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.book import Book
from actors.order import LIVE, NEXT, Life
from core.instruments import INSTRUMENTS
from core.messages import Fill, NotPlaced, OrderRejected
from core.reasons import Reason
from core.terms import OrderType, Purpose, Request, Status
from tests import build

STEPS = int(os.environ.get("STEPS", "2400"))  # at most, in all histories together
MES = INSTRUMENTS["MES"]
TAGS = ("r-1", "r-2", "r-3", "")
FATES = {Life.PARTIAL, Life.FILLED, Life.CANCELLED, Life.EXPIRED, Life.REJECTED}
SENT = {Life.SUSPENDED, Life.ACKED} | FATES
EDGES = {
    Life.INTENT: SENT | {Life.UNKNOWN, Life.NOT_PLACED},
    Life.UNKNOWN: SENT | {Life.NOT_PLACED},
    Life.SUSPENDED: FATES | {Life.ACKED},
    Life.ACKED: FATES,
    Life.PARTIAL: {Life.FILLED, Life.CANCELLED, Life.EXPIRED},
    # An end that was not the end.
    Life.REJECTED: {Life.ACKED, Life.PARTIAL, Life.FILLED},
    Life.NOT_PLACED: {Life.ACKED, Life.PARTIAL, Life.FILLED, Life.REJECTED},
    Life.CANCELLED: {Life.ACKED, Life.PARTIAL},
    Life.EXPIRED: {Life.ACKED, Life.PARTIAL},
    Life.FILLED: {Life.ACKED, Life.PARTIAL},
}
ENDED = {Life.CANCELLED, Life.EXPIRED, Life.FILLED}
tags, sizes, sides = st.sampled_from(TAGS), st.integers(1, 3), st.sampled_from((1, -1))


class AnyNews(RuleBasedStateMachine):
    """Three orders, and whatever may be heard of them in whatever order."""

    def __init__(self):
        super().__init__()
        self.book, self.booked = Book(), {}
        for tag in TAGS[:3]:
            placed = build.place_order(tag=tag, size=2, type=OrderType.MARKET, limit_price=None)
            self.book.hear(placed, MES)

    def hear(self, message):
        before = {tag: order.life for tag, order in self.book.orders.items()}
        self.book.hear(message, MES)
        for tag, was in before.items():
            now = self.book.orders[tag].life
            if now is not was:
                self.judge(was, now, message)

    def judge(self, was, now, message):
        assert now in EDGES[was], f"{was} to {now} by {message}"
        if now is Life.NOT_PLACED:
            by_us = isinstance(message, OrderRejected) and message.reason is not Reason.ORD_REJECTED
            assert isinstance(message, NotPlaced) if was is Life.UNKNOWN else by_us
        if now is Life.REJECTED:
            assert message.reason is Reason.ORD_REJECTED
        if now in (Life.CANCELLED, Life.EXPIRED) and was is not Life.PARTIAL:
            assert (message.reason is Reason.ORD_EXPIRED) is (now is Life.EXPIRED)
        if was in ENDED:
            assert message.reason is Reason.REC_ORDER_DRIFT  # two looks at the venue say so

    @rule(tag=tags, size=st.none() | sizes, status=st.sampled_from(Status),
          reason=st.sampled_from((Reason.ORD_ACKED, Reason.REC_ORDER_DRIFT)))  # fmt: skip
    def accepted(self, tag, size, status, reason):
        number = TAGS.index(tag) + 1
        self.hear(build.order_accepted(
            tag=tag, venue_id=number, size=size, status=status, reason=reason
        ))  # fmt: skip

    @rule(tag=tags, request=st.sampled_from(Request), reason=st.sampled_from(
        (Reason.ORD_REJECTED, Reason.SIG_EXPIRED, Reason.ORD_NOT_PLACED, Reason.SYS_WAL_IO)
    ))  # fmt: skip
    def rejected(self, tag, request, reason):
        self.hear(build.order_rejected(tag=tag, request=request, reason=reason))

    @rule(tag=tags, request=st.sampled_from(Request))
    def uncertain(self, tag, request):
        self.hear(build.order_uncertain(tag=tag, request=request))

    @rule(tag=tags, reason=st.sampled_from((Reason.ORD_CANCELED, Reason.ORD_EXPIRED)))
    def over(self, tag, reason):
        self.hear(build.order_cancelled(tag=tag, reason=reason))

    @rule(tag=tags)
    def proven_absent(self, tag):
        self.hear(build.not_placed(tag=tag))

    @rule(tag=tags, trade_id=st.integers(1, 30), size=sizes, side=sides)
    def filled(self, tag, trade_id, size, side):
        fill = build.fill(trade_id=trade_id, tag=tag, venue_id=0, size=size, side=side)
        self.booked.setdefault(trade_id, fill)
        self.hear(fill)

    @rule(tag=tags, size=st.none() | sizes)
    def changed(self, tag, size):
        self.hear(build.modify_order(tag=tag, size=size))
        self.hear(build.order_replaced(tag=tag))

    @rule(said=st.sampled_from((build.run_started(), build.actor_failed())))
    def restarted(self, said):
        self.hear(said)
        assert not [o for o in self.book.orders.values() if o.life is Life.INTENT]

    @invariant()
    def every_fill_is_booked_once(self):
        fills: list[Fill] = list(self.booked.values())
        assert self.book.position.size == sum(fill.side * fill.size for fill in fills)

    @invariant()
    def the_living_are_those_that_may_fill(self):
        alive = [tag for tag, order in self.book.orders.items() if order.life in LIVE]
        assert sorted(self.book.alive) == sorted(alive)
        assert all(order.filled for order in self.book.living() if order.life is Life.PARTIAL)


AnyNews.TestCase.settings = settings(
    max_examples=max(STEPS // 40, 1), stateful_step_count=40, deadline=None
)
TestAnyNews = AnyNews.TestCase


def test_every_state_is_in_the_table_and_can_be_reached():
    reached = {Life.INTENT} | {after for edges in NEXT.values() for after in edges.values()}
    assert set(NEXT) == reached == set(Life)


def test_only_what_was_never_sent_or_is_proven_absent_is_not_placed():
    ways = [(b, e) for b, edges in NEXT.items() for e, a in edges.items() if a is Life.NOT_PLACED]
    assert ways == [(Life.INTENT, "withheld"), (Life.UNKNOWN, "absent")]


def test_an_unknown_order_that_filled_in_part_can_not_be_proven_absent():
    book = Book()
    book.hear(build.place_order(tag="r-1", size=2, purpose=Purpose.ENTRY), MES)
    book.hear(build.order_uncertain(tag="r-1"), MES)
    book.hear(build.fill(tag="r-1", size=1), MES)
    book.hear(build.not_placed(tag="r-1"), MES)
    assert (book.orders["r-1"].life, book.unknown()) == (Life.PARTIAL, [])
