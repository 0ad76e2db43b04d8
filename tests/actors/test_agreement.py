"""What the venue tells and the book lacks, as the messages the hub would have brought."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors import agreement
from actors.book import Book
from actors.order import Life
from core.instruments import INSTRUMENTS
from core.reasons import Reason
from core.terms import OrderType, Purpose, Request, Status
from tests import build

MES = INSTRUMENTS["MES"]
RUNS = ["r1"]


def book(life=None, **more):
    book = Book()
    if life is not None:
        book.hear(build.place_order(tag="r1-1", type=OrderType.MARKET, limit_price=None), MES)
        book.orders["r1-1"].life = life
        book.orders["r1-1"].venue_id = 9001 if life is Life.ACKED else 0
    return book


def told(*orders, position=0, fills=()):
    return build.account_snapshot(position=position, orders=orders, fills=tuple(fills))


def order(status=Status.WORKING, tag="r1-1", **more):
    return build.venue_order(status=status, tag=tag, price=None, **more)


def heal(known, snapshot):
    missing = agreement.missing(known, snapshot, 0)
    for message in missing:
        known.hear(message, MES)
    return [type(message).__name__ for message in missing]


@pytest.mark.parametrize(("life", "status", "kinds", "after"), [
    (Life.INTENT, Status.WORKING, ["OrderAccepted"], Life.ACKED),
    (Life.UNKNOWN, Status.PENDING, ["OrderAccepted"], Life.ACKED),
    (Life.UNKNOWN, Status.CANCELLED, ["OrderAccepted", "OrderCancelled"], Life.CANCELLED),
    (Life.UNKNOWN, Status.EXPIRED, ["OrderAccepted", "OrderCancelled"], Life.EXPIRED),
    (Life.UNKNOWN, Status.REJECTED, ["OrderRejected"], Life.REJECTED),
    (Life.NOT_PLACED, Status.WORKING, ["OrderAccepted"], Life.ACKED),
    (Life.NOT_PLACED, Status.CANCELLED, ["OrderAccepted", "OrderCancelled"], Life.CANCELLED),
    (Life.REJECTED, Status.WORKING, ["OrderAccepted"], Life.ACKED),
    (Life.REJECTED, Status.REJECTED, [], Life.REJECTED),
    (Life.SUSPENDED, Status.SUSPENDED, [], Life.SUSPENDED),
    (Life.SUSPENDED, Status.WORKING, ["OrderAccepted"], Life.ACKED),
    (Life.SUSPENDED, Status.CANCELLED, ["OrderCancelled"], Life.CANCELLED),
    (Life.ACKED, Status.WORKING, [], Life.ACKED),
    (Life.ACKED, Status.CANCELLED, ["OrderCancelled"], Life.CANCELLED),
    (Life.CANCELLED, Status.CANCELLED, [], Life.CANCELLED),
    (Life.FILLED, Status.FILLED, [], Life.FILLED),
])  # fmt: skip
def test_the_venues_word_on_an_order_is_taken(life, status, kinds, after):
    known = book(life)
    assert heal(known, told(order(status))) == kinds
    assert known.orders["r1-1"].life is after
    assert heal(known, told(order(status))) == []  # once is enough


@pytest.mark.parametrize("heard", [0, 1, 2])
def test_an_order_that_shrank_before_it_was_done_is_done(heard):
    """Its stop was filled in part, and the news of its new size was lost."""
    known = book(Life.ACKED)
    known.orders["r1-1"].size = 3
    fills = [build.fill(trade_id=n, tag="r1-1", venue_id=9001, size=1) for n in (1, 2)]
    for fill in fills[:heard]:
        known.hear(fill, MES)
    done = told(order(Status.FILLED, size=2, filled=2), position=2, fills=fills)
    heal(known, done)
    assert known.orders["r1-1"].life is Life.FILLED and not known.alive
    assert known.position.size == 2 and heal(known, done) == []


@pytest.mark.parametrize("life", [Life.INTENT, Life.UNKNOWN, Life.ACKED, Life.NOT_PLACED])
def test_a_fill_that_was_missed_is_booked_once(life):
    known = book(life)
    fill = build.fill(tag="", venue_id=9001)
    snapshot = told(order(Status.FILLED, filled=1), position=1, fills=[fill])
    heal(known, snapshot)
    assert (known.orders["r1-1"].life, known.position.size) == (Life.FILLED, 1)
    assert heal(known, snapshot) == []


def test_new_terms_whose_answer_is_lost_are_those_the_venue_shows():
    known, price = book(Life.ACKED), Decimal("4998.25")
    known.hear(build.modify_order(tag="r1-1", stop_price=price), MES)
    shown = told(replace(order(), price=price))
    assert heal(known, shown) == []  # on its way, so not missed yet
    known.hear(build.order_uncertain(tag="r1-1", request=Request.MODIFY), MES)
    assert heal(known, shown) == ["OrderAccepted"]
    assert known.orders["r1-1"].price == price


@pytest.mark.parametrize("hub", [True, False])
@pytest.mark.parametrize(("edition", "lives"), [(6, True), (5, False)])
def test_a_leg_that_grew_before_a_part_of_it_filled_is_not_done(edition, lives, hub):
    """Its entry filled twice, and only the first growth was told. Left at the venue it would open
    a position; and that it lives, while the log says it ended, halted us."""
    known, leg = book(Life.ACKED), {"tag": "r1-1-SL", "venue_id": 5, "side": -1}
    known.edition = edition
    told_once = build.order_accepted(**leg, size=1, price=Decimal(4998), status=Status.WORKING)
    known.hear(told_once, MES)
    known.hear(build.fill(trade_id=9, **leg, size=1), MES)
    assert known.orders["r1-1-SL"].life is Life.FILLED
    if hub:
        known.hear(replace(told_once, size=2), MES)
    look = build.venue_order(**leg, status=Status.WORKING, size=2, filled=1, price=Decimal(4998))
    assert (heal(known, told(look)) == ["OrderAccepted"]) is (lives and not hub)
    assert known.orders["r1-1-SL"].life is (Life.PARTIAL if lives else Life.FILLED)
    assert ("r1-1-SL" in known.alive) is lives


@pytest.mark.parametrize(("edition", "healed"), [(6, False), (5, True)])
def test_a_look_from_before_a_change_that_the_venue_confirmed_knows_no_better(edition, healed):
    """Looks may be slow: what one shows is of the time at which it was asked for."""
    known, told_at = book(Life.ACKED), build.AT + 2
    known.edition = edition
    known.hear(build.modify_order(tag="r1-1", size=3), MES)
    known.hear(build.order_replaced(at=told_at, tag="r1-1"), MES)
    old = told(order(size=1))
    assert heal(known, old) == ["OrderAccepted"] * healed
    assert heal(known, replace(old, at=told_at)) == ["OrderAccepted"] * (not healed)


def test_fills_from_before_this_log_are_not_ours():
    snapshot = told(fills=[build.fill(at=5)])
    assert agreement.missing(Book(), snapshot, 6) == []
    assert len(agreement.missing(Book(), snapshot, 5)) == 1


@pytest.mark.parametrize(("change", "healed"), [
    ({"size": 2}, True), ({"price": Decimal("4998.00")}, True),
    ({"price": Decimal("4998.25"), "size": 1}, False), ({"price": None, "size": 1}, False),
])  # fmt: skip
def test_terms_that_changed_unheard_are_taken(change, healed):
    known = book(Life.FILLED)
    known.hear(build.order_accepted(tag="r1-1-SL", side=-1, price=Decimal("4998.25")), MES)
    leg = build.venue_order(**{"tag": "r1-1-SL", "side": -1, "price": Decimal("4998.25"), **change})
    assert heal(known, told(leg)) == ["OrderAccepted"] * healed
    known.hear(build.modify_order(tag="r1-1-SL", size=3), MES)
    assert heal(known, told(build.venue_order(tag="r1-1-SL", size=7))) == []  # on its way


def test_a_leg_never_heard_of_is_found():
    known = book(Life.ACKED)
    leg = build.venue_order(tag="r1-1-SL", venue_id=2, side=-1, price=Decimal("4998.25"))
    assert heal(known, told(order(), leg)) == ["OrderAccepted"]
    assert known.orders["r1-1-SL"].purpose is Purpose.STOP
    dead = build.venue_order(tag="r1-1-TP", venue_id=3, side=-1, status=Status.CANCELLED)
    assert heal(known, told(order(), leg, dead)) == []


@pytest.mark.parametrize(("known", "snapshot", "reason"), [
    (book(), told(), None),
    (book(), told(position=1), Reason.REC_POSITION_DRIFT),
    (book(Life.ACKED), told(), Reason.REC_ORDER_DRIFT),
    (book(Life.SUSPENDED), told(), Reason.REC_ORDER_DRIFT),
    (book(Life.UNKNOWN), told(), None),
    (book(Life.CANCELLED), told(order()), Reason.REC_ORDER_DRIFT),
    (book(), told(order(tag="r1-1")), Reason.REC_LOST_ACK),
    (book(), told(order(tag="r1-1", status=Status.REJECTED)), Reason.REC_LOST_ACK),
    (book(), told(order(tag="")), Reason.ORD_FOREIGN),
    (book(), told(order(tag="", status=Status.FILLED)), None),
    (book(), told(order(tag="r1-1"), order(tag=""), position=1), Reason.REC_LOST_ACK),
])  # fmt: skip
def test_what_nothing_explains_is_named(known, snapshot, reason):
    odd = agreement.oddities(known, snapshot, RUNS, [])
    assert (agreement.gravest(odd) if odd else None) is reason


@pytest.mark.parametrize(("kind", "foreign"), [
    (OrderType.MARKET, False), (OrderType.LIMIT, True), (OrderType.STOP, True),
])  # fmt: skip
def test_the_order_of_our_own_close_is_not_foreign_but_what_rests_is(kind, foreign):
    """Else an order of others, found while we hold something, would outlive the halt."""
    known = book()
    known.hear(build.close_position(), MES)
    odd = agreement.oddities(known, told(order(tag="", type=kind)), RUNS, [])
    assert bool(odd) is foreign


def test_a_foreign_fill_is_named_until_excused():
    known = book()
    known.hear(build.fill(tag="", venue_id=77), MES)
    snapshot = told(position=1)
    assert agreement.gravest(agreement.oddities(known, snapshot, RUNS, [])) is Reason.ORD_FOREIGN
    assert agreement.oddities(known, snapshot, RUNS, [77]) == []


@pytest.mark.parametrize("position", [-2, -1, 1, 2])
def test_adopting_brings_the_book_to_the_venues_position(position):
    known = book()
    snapshot = told(position=position)
    for message in agreement.adopt(known, snapshot, RUNS):
        known.hear(message, MES)
    assert known.position.size == position
    assert agreement.adopt(known, snapshot, RUNS) == []
