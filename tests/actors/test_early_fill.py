"""A fill may come before its order: after a crash the hub is faster than recovery."""

from actors.book import Book, Life
from core.terms import OrderType, Purpose, Request, Status
from tests import build

LEG = build.order_accepted(
    tag=f"{build.TAG}-TP", venue_id=9003, status=Status.FILLED, type=OrderType.LIMIT, side=-1
)
FILL = build.fill(trade_id=77002, venue_id=9003, tag=LEG.tag, side=-1)


def book(*messages):
    kept = Book()
    for message in messages:
        kept.hear(message, build.SETTINGS.instrument)
    return kept


def test_a_leg_whose_fill_came_first_is_filled_and_not_alive():
    kept = book(build.place_order(), FILL, LEG, build.fill())
    assert kept.orders[LEG.tag].life is Life.FILLED
    assert kept.live(Purpose.TARGET) == []
    assert kept.position.size == 0


def test_a_leg_partly_filled_before_it_was_known_has_the_rest_left():
    kept = book(build.place_order(size=2), FILL, build.order_accepted(
        tag=LEG.tag, venue_id=9003, side=-1, size=2))  # fmt: skip
    assert (kept.orders[LEG.tag].life, kept.orders[LEG.tag].left) == (Life.PARTIAL, 1)


def test_a_refused_cancel_is_not_asked_again_at_once():
    kept = book(build.place_order(), build.order_accepted())
    kept.orders[build.TAG].asked_at = build.AT
    kept.hear(build.order_rejected(request=Request.CANCEL, code=3), build.SETTINGS.instrument)
    assert kept.orders[build.TAG].asked_at == build.AT
