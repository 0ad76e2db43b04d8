"""What the news of a position's exits tells besides: of a fill, or that nothing protects it."""

from actors.book import PURPOSE_BY_SUFFIX, WARY
from actors.desk import Desk
from core.messages import OrderAccepted, OrderCancelled
from core.terms import Purpose, Status


def hear(desk: Desk, told: OrderAccepted | OrderCancelled) -> None:
    """Before the book does. A leg of the venue's works from its entry's fill on."""
    held, book = desk.book.position.size, desk.book
    if isinstance(told, OrderCancelled):
        if held and told.tag in book.alive:
            desk.bared |= book.orders[told.tag].purpose is Purpose.STOP and not desk.exit_at
    elif told.status is Status.WORKING and told.tag[-3:] in PURPOSE_BY_SUFFIX and not held:
        desk.legs_at = desk.seen if desk.numbers().edition >= WARY else 0
