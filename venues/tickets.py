"""From a ticket to orders: the entry, its sleeping bracket legs, and the tags they take."""

from core.instruments import Instrument
from core.terms import OrderType, Status
from venues.orders import Order, Ticket
from venues.refusals import NEEDS_LIMIT, NEEDS_STOP
from venues.topstepx.protocol import STOP_SUFFIX, TARGET_SUFFIX


def tags_of(ticket: Ticket) -> list[str]:
    """Its own tag and those its legs would have."""
    legs = ((ticket.stop_ticks, STOP_SUFFIX), (ticket.target_ticks, TARGET_SUFFIX))
    suffixes = ["", *(suffix for ticks, suffix in legs if ticks)]
    return [ticket.tag + suffix for suffix in suffixes] if ticket.tag else []


def order_of(
    ticket: Ticket, number: int, at: int, status: Status, grid: Instrument, touch: int
) -> Order:
    """Prices that its type does not know are left out. `touch` is the one it would take."""
    trailing = ticket.type is OrderType.TRAILING_STOP
    limit = ticket.limit_price if ticket.type in NEEDS_LIMIT else None
    price = ticket.trail_price if trailing else ticket.stop_price
    price = price if trailing or ticket.type in NEEDS_STOP else None
    stop = None if price is None else grid.ticks(price)
    return Order(
        number, at, at, status, ticket.type, ticket.side, ticket.size,
        limit=None if limit is None else grid.ticks(limit), stop=stop, tag=ticket.tag,
        trail=abs(stop - touch) if trailing and stop is not None else 0,
    )  # fmt: skip


def legs_of(ticket: Ticket, entry: Order) -> list[Order]:
    """Stop, then target, with the ids after the entry's; a leg of 0 ticks is none."""
    legs: list[Order] = []
    for ticks, kind, suffix in (
        (ticket.stop_ticks, ticket.stop_type, STOP_SUFFIX),
        (ticket.target_ticks, OrderType.LIMIT, TARGET_SUFFIX),
    ):
        if ticks:
            leg = Order(
                entry.id + 1 + len(legs), entry.created, entry.created, Status.SUSPENDED, kind,
                -entry.side, entry.size, tag=ticket.tag and ticket.tag + suffix, parent=entry.id,
                linked=legs[0].id if legs else 0, trail=ticks,
            )  # fmt: skip
            legs.append(leg)
    return legs
