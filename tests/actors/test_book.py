"""The book: one fold of orders and position for all who need it."""

import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.book import Book
from actors.budget import worst_case
from actors.order import LIVE, NEXT, Life
from core.instruments import INSTRUMENTS
from core.reasons import Reason
from core.terms import OrderType, Purpose, Request, Status
from tests import build

MES = INSTRUMENTS["MES"]
TAG, STOP = "r-1", "r-1-SL"
PLACE = build.place_order(tag=TAG, size=2, type=OrderType.MARKET, limit_price=None)
STOP_RESTS = build.order_accepted(
    tag=STOP, venue_id=2, type=OrderType.STOP, side=-1, size=2, price=Decimal("4998.25")
)
HEARD = {
    "accepted": build.order_accepted(tag=TAG, size=2, venue_id=1),
    "suspended": build.order_accepted(tag=TAG, size=2, venue_id=1, status=Status.SUSPENDED),
    "rejected": build.order_rejected(tag=TAG),
    "withheld": build.order_rejected(tag=TAG, reason=Reason.SIG_EXPIRED),
    "uncertain": build.order_uncertain(tag=TAG),
    "cancelled": build.order_cancelled(tag=TAG),
    "expired": build.order_cancelled(tag=TAG, reason=Reason.ORD_EXPIRED),
    "absent": build.not_placed(tag=TAG),
    "part": build.fill(trade_id=77000, tag=TAG, size=1, venue_id=1),
    "filled": build.fill(tag=TAG, size=2, venue_id=1),
    "restarted": build.run_started(),
    "adopted": build.order_accepted(tag=TAG, size=2, venue_id=1, reason=Reason.REC_ORDER_DRIFT),
}


def booked(*messages, edition=0):
    book = Book(edition=edition)
    for message in messages:
        book.hear(message, MES)
    return book


@pytest.mark.parametrize("event", HEARD)
@pytest.mark.parametrize("life", Life)
def test_an_orders_life_is_the_table(life, event):
    book = booked(PLACE)
    book.orders[TAG].life = life
    if life is Life.FILLED:
        book.orders[TAG].filled = 2
    expected = NEXT[life].get(event, life)
    if life is Life.FILLED and event == "adopted":
        expected = Life.FILLED  # nothing is left of it
    book.hear(HEARD[event], MES)
    assert book.orders[TAG].life is expected


def test_a_fill_is_booked_in_any_state_and_only_once():
    fill = build.fill(tag=TAG, size=2)
    for life in Life:
        book = booked(PLACE)
        book.orders[TAG].life = life
        assert [book.hear(fill, MES), book.hear(fill, MES)] == [None, None]
        assert book.position.size == 2


def test_a_part_filled_order_lives_on_with_what_is_left():
    book = booked(PLACE, HEARD["accepted"], build.fill(tag=TAG))
    assert (book.orders[TAG].life, book.orders[TAG].left) == (Life.PARTIAL, 1)


@pytest.mark.parametrize("tag", ["", TAG])
def test_a_fill_before_its_order_is_known_counts_on_it_later(tag):
    book = booked(build.fill(tag=tag, venue_id=1, size=2), PLACE, HEARD["accepted"])
    assert (book.orders[TAG].life, book.position.size) == (Life.FILLED, 2)
    assert not book.loose


def test_a_leg_that_fills_before_it_was_seen_is_dead_once_it_is_seen():
    fill = build.fill(trade_id=2, tag=STOP, venue_id=2, side=-1, size=2)
    book = booked(PLACE, HEARD["accepted"], HEARD["filled"], fill, STOP_RESTS)
    assert (book.orders[STOP].life, book.orders[STOP].purpose) == (Life.FILLED, Purpose.STOP)


def test_an_entry_whose_intent_was_missed_counts_on_its_side_once_the_venue_shows_it():
    book = booked(HEARD["uncertain"], HEARD["accepted"])
    assert worst_case(0, book.live(Purpose.ENTRY), 1) == 2


def test_only_a_working_stop_of_the_right_side_protects():
    book = booked(PLACE, HEARD["filled"])
    assert book.resting_stop() == 0
    book.hear(STOP_RESTS, MES)
    assert book.resting_stop() == 2
    book.orders[STOP].side = 1
    assert book.resting_stop() == 0


@pytest.mark.parametrize(("request_", "confirmed", "size"), [
    ("wish", None, 2), ("wish", build.order_replaced(tag=STOP), 1),
    ("wish", build.order_rejected(tag=STOP, request=Request.MODIFY), 2),
])  # fmt: skip
def test_new_terms_hold_when_the_venue_says_so(request_, confirmed, size):
    book = booked(PLACE, HEARD["filled"], STOP_RESTS, build.modify_order(tag=STOP, size=1))
    if confirmed is not None:
        book.hear(confirmed, MES)
    assert book.orders[STOP].size == size
    assert book.orders[STOP].price == Decimal("4998.25")


TARGET = build.order_accepted(
    at=build.AT + 1, tag=f"{TAG}-TP", venue_id=3, side=-1, size=1, price=Decimal(5003)
)
GROWN = replace(TARGET, at=build.AT + 3, size=3)
ASKED = build.modify_order(at=build.AT + 2, tag=TARGET.tag, size=3)
DONE = build.order_replaced(at=build.AT + 3, tag=TARGET.tag)


@pytest.mark.parametrize(("edition", "left"), [(6, 1), (5, -1)])
@pytest.mark.parametrize("news", [
    [GROWN, TARGET], [TARGET, ASKED, DONE, TARGET],
    [replace(TARGET, at=build.AT + 9), ASKED, DONE, replace(TARGET, at=build.AT + 9)],
], ids=["overtaken", "after a change", "doubled by an early clock"])  # fmt: skip
def test_older_news_of_an_order_tell_no_terms(news, edition, left):
    """It would be done by them, while it rests at the venue: nobody would cancel it any more."""
    book = Book(edition=edition)
    for message in (PLACE, HEARD["filled"], *news[:-1]):
        book.hear(message, MES)
    out = build.fill(trade_id=2, tag=TARGET.tag, venue_id=3, side=-1, size=2)
    for message in (out, news[-1]):
        book.hear(message, MES)
    order = book.orders[TARGET.tag]
    assert (order.left, order.live) == (left, edition == 6)


@pytest.mark.parametrize(("edition", "foreign"), [(6, []), (5, [1])])
def test_a_part_that_came_nameless_counts_on_the_order_that_the_next_names(edition, foreign):
    """News of the order itself may be lost: then its own fill would halt us as a stranger's."""
    book, first = Book(edition=edition), build.fill(tag="", venue_id=1, size=1)
    for message in (PLACE, first, replace(first, trade_id=first.trade_id + 1, tag=TAG)):
        book.hear(message, MES)
    assert book.foreign() == foreign
    assert (book.orders[TAG].life is Life.FILLED) is (edition == 6)


def test_a_close_is_doubtful_until_the_venue_was_seen_flat():
    held = (PLACE, HEARD["accepted"], HEARD["filled"], build.close_position())
    out = build.fill(trade_id=2, venue_id=9, tag="", side=-1, size=2)
    assert booked(*held).doubt
    assert booked(*held, build.agreed(position=2)).doubt
    assert booked(*held, out).doubt
    assert not booked(*held, out, build.agreed(position=0)).doubt
    assert booked(*held, out, build.agreed(at=build.AT - 1, position=0)).doubt  # asked before
    assert booked(*held, out).foreign() == []


@pytest.mark.parametrize("answer", [
    build.close_accepted(), build.order_rejected(request=Request.CLOSE),
    build.order_uncertain(request=Request.CLOSE), build.run_started(), build.actor_failed(),
], ids=lambda answer: type(answer).__name__)  # fmt: skip
def test_a_close_that_is_unanswered_may_still_come_however_the_venue_was_seen(answer):
    """Two: the first filled, and the venue was seen flat while the second was on its way."""
    told = (
        PLACE, HEARD["accepted"], HEARD["filled"], build.close_position(), build.close_position(),
        build.close_accepted(), build.order_rejected(request=Request.CANCEL),  # of no close
        build.fill(trade_id=2, venue_id=9, tag="", side=-1, size=2), build.agreed(position=0),
    )  # fmt: skip
    older, book = (booked(*told, edition=edition) for edition in (4, 5))
    assert not book.doubt and older.settled() and not book.settled()
    book.hear(answer, MES)
    assert book.settled()


def test_a_fill_nobody_sent_is_foreign_until_its_order_is_known():
    book = booked(build.fill(venue_id=1, tag=""))
    assert book.foreign() == [1]
    book.hear(PLACE, MES)
    book.hear(HEARD["accepted"], MES)
    assert book.foreign() == []


@pytest.mark.parametrize("closes", [1, 2])
def test_our_own_closes_stay_ours_however_many_there_were(closes):
    """Each fills in two parts: as a stranger's, the oldest would halt us."""
    book, number = Book(), 0
    for n in range(1100):
        book.hear(build.place_order(tag=f"r-{n}"), MES)
        book.hear(build.order_cancelled(tag=f"r-{n}"), MES)
        for venue_id in range(n * closes, (n + 1) * closes):
            book.hear(build.close_position(), MES)
            for side in (1, -1):
                number += 1
                told = build.fill(trade_id=number, venue_id=venue_id + 1, tag="", side=side)
                book.hear(told, MES)
    assert book.foreign() == [] and len(book.closes) <= 1002


def test_the_dead_are_forgotten_and_the_living_are_not():
    book = booked(*(build.place_order(tag=f"r-{n}") for n in range(3)))
    for n in range(3000):
        book.hear(build.place_order(tag=f"s-{n}"), MES)
        book.hear(build.order_cancelled(tag=f"s-{n}"), MES)
    assert len(book.orders) <= 1004
    assert [tag for tag in book.orders if tag.startswith("r-")] == ["r-0", "r-1", "r-2"]


MESSAGES = [
    *HEARD.values(), STOP_RESTS, build.order_cancelled(tag=STOP), build.modify_order(tag=STOP),
    build.order_replaced(tag=STOP), build.close_position(), build.agreed(),
    *(build.fill(trade_id=n, venue_id=1 + n % 2, tag=(TAG, STOP)[n % 2], side=(1, -1)[n % 2],
                 price=Decimal(5000 + n)) for n in range(6)),
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(MESSAGES), max_size=40), st.integers())
def test_position_and_money_are_the_sum_of_fills_in_any_order(messages, seed):
    fills = {m.trade_id: m for m in messages if hasattr(m, "trade_id")}
    shuffled = messages + messages
    random.Random(seed).shuffle(shuffled)
    book = booked(PLACE, *shuffled)
    assert book.position.size == sum(f.side * f.size for f in fills.values())
    if not book.position.size:
        points = sum((-f.side * f.size * f.price for f in fills.values()), Decimal(0))
        fees = sum((f.fees for f in fills.values()), Decimal(0))
        assert abs(book.realised - (points * 5 - fees)) < Decimal("1e-15")
    for order in book.orders.values():
        assert order.live == (order.life in LIVE)


@given(st.lists(st.sampled_from(["placed", "accepted", "rejected", "cancelled", "uncertain"])))
def test_the_list_of_live_orders_is_the_live_orders(events):
    book = Book()
    for number, event in enumerate(events):
        tag = f"r-{number % 3}"
        told = {
            "placed": build.place_order(tag=tag),
            "accepted": build.order_accepted(tag=tag),
            "rejected": build.order_rejected(tag=tag),
            "cancelled": build.order_cancelled(tag=tag),
            "uncertain": build.order_uncertain(tag=tag),
        }
        book.hear(told[event], build.SETTINGS.instrument)
        assert sorted(book.alive) == sorted(t for t, order in book.orders.items() if order.live)
