"""What the news of a position's exits tells besides: of a fill, or that nothing protects it."""

from actors.book import PURPOSE_BY_SUFFIX, WARY
from actors.desk import Desk
from actors.order import NEWEST, Order
from core.messages import AccountSnapshot, Message, OrderAccepted, OrderCancelled
from core.reasons import Reason
from core.terms import Purpose, Status


def hear(desk: Desk, told: OrderAccepted | OrderCancelled) -> None:
    """Before the book does. A leg of the venue's works from its entry's fill on: it proves that
    one, if nobody has told all of it."""
    held, book = desk.book.position.size, desk.book
    if isinstance(told, OrderCancelled):
        if held and told.tag in book.alive:
            desk.bared |= book.orders[told.tag].purpose is Purpose.STOP and not desk.exit_at
    elif told.status is Status.WORKING and told.tag[-3:] in PURPOSE_BY_SUFFIX and not held:
        told_by_hub = told.reason is Reason.ORD_ACKED  # a look knows the position, too
        entry = book.orders.get(told.tag[:-3])
        proves = told_by_hub and not (entry and 0 < entry.size <= entry.filled)
        desk.legs_at = desk.seen if proves and desk.numbers().edition >= WARY else 0


def looked(desk: Desk, told: AccountSnapshot) -> list[Message]:
    """No position at the venue: the fill was closed, or there was none. Else recovery tells it."""
    if not told.position and told.at >= desk.legs_at:
        desk.legs_at = 0
    return []


def spent(desk: Desk, order: Order | None, held: int) -> bool:
    """Our own stop is done, and its entry filled further before that could be added to it: the
    market is past the stop, so that nothing is gained by the time in which one may come."""
    done = order is not None and order.purpose is Purpose.STOP and not order.live
    new = desk.numbers().edition >= NEWEST
    return new and done and desk.manual and not desk.exit_at and desk.book.position.size * held > 0
