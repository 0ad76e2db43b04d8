"""Two accounts of one story: what the venue tells and the book lacks, and what neither explains."""

from decimal import Decimal

from msgspec.structs import replace

from actors.book import PURPOSE_BY_SUFFIX, Book, strange
from actors.order import NEWEST, RESTING, SHOWN, Life, Order
from core.messages import (
    AccountSnapshot,
    Fill,
    Message,
    NotPlaced,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
)
from core.reasons import Reason
from core.terms import ALIVE, OrderType, Request, Status, VenueOrder

UNSURE = (Life.INTENT, Life.UNKNOWN, Life.NOT_PLACED, Life.REJECTED)
NEVER = (Life.NOT_PLACED, Life.REJECTED)


def missing(book: Book, told: AccountSnapshot, began: int, again: bool = False) -> list[Message]:
    """The messages that would bring the book to the venue's state, in the order of events.

    Orders first, so that fills find their owner; then fills; then ends, so that a fill is booked
    on a live order. `again`: also what the book has, for another who missed one of them.
    """
    by_id = {order.venue_id: order.tag for order in told.orders}
    fills = [
        Fill(
            f.at, f.trade_id, f.venue_id, f.tag or by_id.get(f.venue_id, ""), f.side, f.size,
            f.price, f.fees, Reason.FILL_INFERRED,
        )
        for f in told.fills
        if (again or f.trade_id not in book.trades) and f.at >= began
    ]  # fmt: skip
    seen = named(told)
    starts = [m for order in seen for m in _start(book, order, told.at, again)]
    ends = [m for order in seen for m in _end(book, order, told.at, again)]
    shown = {order.tag for order in seen}
    never: list[Message] = [
        NotPlaced(told.at, order.tag)
        for order in book.orders.values()
        if again and order.life in NEVER and order.at >= told.since and order.tag not in shown
    ]
    return [*starts, *fills, *ends, *never]


def named(told: AccountSnapshot) -> list[VenueOrder]:
    """The orders by their tags; one without a tag by the name it has once it is adopted."""
    return [replace(order, tag=order.tag or strange(order.venue_id)) for order in told.orders]


def _start(book: Book, order: VenueOrder, at: int, again: bool) -> list[Message]:
    known = book.orders.get(order.tag)
    base = _base(order.tag)
    fresh = known is None and base != order.tag and base in book.orders
    unsure = known is not None and known.life in UNSURE
    changed = known is not None and known.life in RESTING and _differs(known, order, at)
    woken = (
        known is not None
        and known.life is Life.SUSPENDED
        and order.status in (Status.WORKING, Status.FILLED)
    )
    grown = known is not None and order.status in ALIVE and known.grew(order.size, at)
    changed = changed or (grown and book.edition >= NEWEST)
    repeated = again and known is not None and (order.status in ALIVE or order.filled > 0)
    if order.status is Status.REJECTED or not (fresh or unsure or woken or changed or repeated):
        return []
    if fresh and order.status not in ALIVE and not order.filled:
        return []
    return [_shown(order, at, Reason.ORD_ACKED)]


def _shown(order: VenueOrder, at: int, reason: Reason) -> OrderAccepted:
    return OrderAccepted(
        at, order.tag, order.venue_id, order.status, order.type, order.side, order.size,
        order.price, reason,
    )  # fmt: skip


def _differs(known: Order, told: VenueOrder, at: int) -> bool:
    """A change of terms that the log missed; one that is on its way is not missed yet.

    One that is done may have shrunk before: else it would never be filled in the book."""
    if told.status is Status.FILLED:
        return told.size < known.size
    if told.status not in ALIVE or known.wish is not None or known.overtakes(at):
        return False
    return told.size != known.size or told.price not in (None, known.price)


def _end(book: Book, order: VenueOrder, at: int, again: bool) -> list[Message]:
    known = book.orders.get(order.tag)
    if known is None or not (again or known.live or known.life is Life.NOT_PLACED):
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
    orders = named(told)
    shown = {order.tag for order in orders}
    for order in orders:
        ours = _ours(order.tag, runs)
        if ours and _base(order.tag) not in book.orders:
            odd.append(f"{Reason.REC_LOST_ACK}: order {order.tag} is not in the log")
        elif not ours and order.status in ALIVE and not _ours_now(book, order):
            odd.append(f"{Reason.ORD_FOREIGN}: order {order.venue_id} {order.tag}")
        elif order.status in ALIVE and _dead(book, order.tag):
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


def _base(tag: str) -> str:
    """Of a bracket leg, the entry's tag."""
    return tag[:-3] if tag[-3:] in PURPOSE_BY_SUFFIX else tag


def _ours(tag: str, runs: list[str]) -> bool:
    return _base(tag).rpartition("-")[0] in runs


def _ours_now(book: Book, order: VenueOrder) -> bool:
    """A stranger that was adopted, or that is our own close, which carries no tag."""
    untagged = order.tag == strange(order.venue_id)
    return order.tag in book.orders or (untagged and may_close(book, order.type))


def stranger(book: Book, told: OrderAccepted) -> bool:
    """An order that is not ours, and not our own close either; the book has heard of it."""
    known = (told.tag or strange(told.venue_id)) in book.orders
    return not known and (bool(told.tag) or not may_close(book, told.type))


def may_close(book: Book, kind: OrderType | None) -> bool:
    """May an order without a tag be our own close? Those are market orders; None is not told."""
    return book.may_close and kind in (None, OrderType.MARKET)


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


def adopt(book: Book, told: AccountSnapshot, runs: list[str]) -> list[Message]:
    """Take the venue's word: orders end, live or become ours; a fill makes up the position."""
    alive = {order.tag: order for order in named(told) if order.status in ALIVE}
    answers: list[Message] = [
        OrderCancelled(told.at, order.tag, order.venue_id, Reason.REC_ORDER_DRIFT)
        for order in book.living()
        if order.life in SHOWN and order.tag not in alive
    ]
    answers += [
        _shown(order, told.at, Reason.REC_ORDER_DRIFT)
        for tag, order in alive.items()
        if _dead(book, tag)
    ]
    for order in named(told):
        lost = _ours(order.tag, runs) and _base(order.tag) not in book.orders
        if lost or (order.tag in alive and not _ours_now(book, order)):
            why = Reason.REC_LOST_ACK if lost else Reason.ORD_FOREIGN
            answers.append(_shown(order, told.at, why))
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


def confirms(odd: list[str], adopted: Message) -> bool:
    """Is this said of what two looks could not explain? The second may have been asked for before
    all else that it does not know."""
    if isinstance(adopted, Fill):
        return any(text.startswith(Reason.REC_POSITION_DRIFT) for text in odd)
    return any(getattr(adopted, "tag", "") in text.split() for text in odd)
