"""Two accounts of one story: what the venue tells and the book lacks, and what neither explains."""

from decimal import Decimal

from actors.book import Book
from actors.order import RESTING, Life, Order
from core.messages import (
    AccountSnapshot,
    Fill,
    Message,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
)
from core.reasons import Reason
from core.terms import ALIVE, Request, Status, VenueOrder

UNSURE = (Life.INTENT, Life.UNKNOWN, Life.NOT_PLACED, Life.REJECTED)
SHOWN = RESTING | {Life.SUSPENDED}  # what a venue must show in its every answer


def missing(book: Book, told: AccountSnapshot, began: int) -> list[Message]:
    """The messages that would bring the book to the venue's state, in the order of events.

    Orders first, so that fills find their owner; then fills; then ends, so that a fill is booked
    on a live order.
    """
    by_id = {order.venue_id: order.tag for order in told.orders}
    fills = [
        Fill(
            f.at, f.trade_id, f.venue_id, f.tag or by_id.get(f.venue_id, ""), f.side, f.size,
            f.price, f.fees, Reason.FILL_INFERRED,
        )
        for f in told.fills
        if f.trade_id not in book.trades and f.at >= began
    ]  # fmt: skip
    seen = [order for order in told.orders if order.tag]
    starts = [m for order in seen for m in _start(book, order, told.at)]
    ends = [m for order in seen for m in _end(book, order, told.at)]
    return [*starts, *fills, *ends]


def _start(book: Book, order: VenueOrder, at: int) -> list[Message]:
    known = book.orders.get(order.tag)
    fresh = known is None and order.tag[-3:] in ("-SL", "-TP") and order.tag[:-3] in book.orders
    unsure = known is not None and known.life in UNSURE
    changed = known is not None and known.life in RESTING and _differs(known, order)
    woken = (
        known is not None
        and known.life is Life.SUSPENDED
        and order.status in (Status.WORKING, Status.FILLED)
    )
    if order.status is Status.REJECTED or not (fresh or unsure or woken or changed):
        return []
    if fresh and order.status not in ALIVE and not order.filled:
        return []
    return [
        OrderAccepted(
            at, order.tag, order.venue_id, order.status, order.type, order.side, order.size,
            order.price,
        )
    ]  # fmt: skip


def _differs(known: Order, told: VenueOrder) -> bool:
    """A change of terms that the log missed; one that is on its way is not missed yet."""
    if told.status not in ALIVE or known.wish is not None:
        return False
    return told.size != known.size or told.price not in (None, known.price)


def _end(book: Book, order: VenueOrder, at: int) -> list[Message]:
    known = book.orders.get(order.tag)
    if known is None or not (known.live or known.life is Life.NOT_PLACED):
        return []
    match order.status:
        case Status.CANCELLED:
            return [OrderCancelled(at, order.tag, order.venue_id)]
        case Status.EXPIRED:
            return [OrderCancelled(at, order.tag, order.venue_id, Reason.ORD_EXPIRED)]
        case Status.REJECTED:
            return [OrderRejected(at, order.tag, Request.PLACE, 2, "found rejected at the venue")]
    return []


def oddities(book: Book, told: AccountSnapshot, runs: list[str], excused: list[int]) -> list[str]:
    """What stays unexplained after `missing` was booked, each as `CODE: text`.

    `excused`: orders of others whose fills have already been answered for."""
    odd = []
    if told.position != book.position.size:
        text = f"venue holds {told.position}, the log says {book.position.size}"
        odd.append(f"{Reason.REC_POSITION_DRIFT}: {text}")
    shown = {order.tag for order in told.orders}
    for order in told.orders:
        base = order.tag[:-3] if order.tag[-3:] in ("-SL", "-TP") else order.tag
        ours = base.rpartition("-")[0] in runs
        if ours and base not in book.orders:
            odd.append(f"{Reason.REC_LOST_ACK}: order {order.tag} is not in the log")
        elif not ours and order.status in ALIVE and not (book.closing and not order.tag):
            odd.append(f"{Reason.ORD_FOREIGN}: order {order.venue_id} {order.tag or 'without tag'}")
        elif base in book.orders and order.status in ALIVE and _dead(book, order.tag):
            odd.append(f"{Reason.REC_ORDER_DRIFT}: order {order.tag} lives, the log says it ended")
    odd += [
        f"{Reason.ORD_FOREIGN}: a fill of order {number}"
        for number in book.foreign()
        if number not in excused
    ]
    odd += [
        f"{Reason.REC_ORDER_DRIFT}: order {order.tag} is not at the venue"
        for order in book.living()
        if order.life in SHOWN and order.tag not in shown
    ]
    return odd


def _dead(book: Book, tag: str) -> bool:
    return tag in book.orders and not book.orders[tag].live


def gravest(odd: list[str]) -> Reason:
    order = (
        Reason.REC_LOST_ACK,
        Reason.ORD_FOREIGN,
        Reason.REC_POSITION_DRIFT,
        Reason.REC_ORDER_DRIFT,
    )
    codes = {text.partition(":")[0] for text in odd}
    return next(reason for reason in order if reason.value in codes)


def adopt(book: Book, told: AccountSnapshot) -> list[Message]:
    """Take the venue's word: orders end or live, and a fill nobody sent makes up the position."""
    alive = {order.tag: order for order in told.orders if order.status in ALIVE}
    answers: list[Message] = [
        OrderCancelled(told.at, order.tag, order.venue_id, Reason.REC_ORDER_DRIFT)
        for order in book.living()
        if order.life in SHOWN and order.tag not in alive
    ]
    answers += [
        OrderAccepted(
            told.at, tag, order.venue_id, order.status, order.type, order.side, order.size,
            order.price, Reason.REC_ORDER_DRIFT,
        )
        for tag, order in alive.items()
        if _dead(book, tag)
    ]  # fmt: skip
    gap = told.position - book.position.size
    if gap:
        price = told.average if told.average is not None else book.position.average
        side = 1 if gap > 0 else -1
        answers.append(
            Fill(
                told.at, -told.at, 0, "", side, abs(gap), price, Decimal(0), Reason.FILL_INFERRED
            )
        )  # fmt: skip
    return answers
