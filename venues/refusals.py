"""Why an exchange refuses an order: one text, in the gateway's words, or nothing."""

from decimal import Decimal

from msgspec import Struct

from core.instruments import Instrument
from core.terms import OrderType
from venues.orders import Ticket
from venues.working import Working

STOP_TICKS_MIN = 4
TRAIL_TICKS_MAX = 1000
TAG_USED = "Specified custom tag is already in use."
CLOSED = "Trading is currently unavailable. The instrument is not in an active trading status."
LOCKED = "Account violation: this account is not allowed to trade."
MARGIN = "Not enough margin."
POSITION_BRACKETS = (
    "Brackets cannot be used with Position Brackets. Please enable Auto OCO Brackets."
)
NEEDS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
NEEDS_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


class Situation(Struct, frozen=True):
    """What a refusal may depend on. Touches in ticks."""

    instrument: Instrument
    position: int
    position_max: int
    brackets: bool
    bid: int
    ask: int


def refuse(ticket: Ticket, situation: Situation) -> str:
    """The first rule the ticket breaks; empty if none."""
    if ticket.size <= 0 or ticket.side not in (1, -1):
        return "Invalid order size or side."
    after = situation.position + ticket.side * ticket.size
    if abs(after) > max(situation.position_max, abs(situation.position)):
        return MARGIN
    return refuse_prices(ticket, situation) or refuse_brackets(ticket, situation)


def refuse_prices(ticket: Ticket, situation: Situation) -> str:
    grid = situation.instrument
    if ticket.type in NEEDS_LIMIT and (why := off_grid("limit", ticket.limit_price, grid)):
        return why
    if ticket.type in NEEDS_STOP:
        return refuse_stop("stop", ticket.stop_price, ticket.side, situation)
    if ticket.type is OrderType.TRAILING_STOP:
        return refuse_stop("trail", ticket.trail_price, ticket.side, situation)
    return ""


def refuse_stop(name: str, price: Decimal | None, side: int, situation: Situation) -> str:
    """A stop lies beyond the touch it would take, or it is a market order in disguise."""
    why = off_grid(name, price, situation.instrument)
    if why or price is None:
        return why
    ticks, touch = situation.instrument.ticks(price), situation.ask if side > 0 else situation.bid
    if side * (ticks - touch) <= 0:
        relation, best = ("above", "ask") if side > 0 else ("below", "bid")
        return f"Invalid {name} price ({price}). Price must be {relation} the best {best}."
    if name == "trail" and abs(ticks - touch) > TRAIL_TICKS_MAX:
        return f"Invalid trail price ({price}). Distance is over {TRAIL_TICKS_MAX} ticks."
    return ""


def off_grid(name: str, price: Decimal | None, grid: Instrument) -> str:
    if price is None or price <= 0:
        return f"Invalid {name} price. A positive price is required."
    if price % grid.tick:
        return f"Invalid {name} price ({price}). Price is not aligned to tick size {grid.tick}."
    return ""


def refuse_brackets(ticket: Ticket, situation: Situation) -> str:
    stop, target, side = ticket.stop_ticks, ticket.target_ticks, ticket.side
    if not stop and not target:
        return ""
    if not situation.brackets:
        return POSITION_BRACKETS
    way = "long" if side > 0 else "short"
    if stop and stop * side > -STOP_TICKS_MIN:
        return (
            f"Invalid stop loss ticks ({stop}). "
            f"Ticks should be at least {STOP_TICKS_MIN} ticks away when going {way}."
        )
    if target and target * side < 0:
        bound = "greater than zero" if side > 0 else "less than zero"
        return f"Invalid take profit ticks ({target}). Ticks should be {bound} when going {way}."
    return ""


def refuse_change(
    waiting: Working,
    situation: Situation,
    size: int | None,
    limit_price: Decimal | None,
    stop_price: Decimal | None,
) -> str:
    """As `refuse`, for new terms of a working order."""
    order, grid = waiting.order, situation.instrument
    if size is not None and size <= order.filled:
        return f"Invalid order size ({size})."
    after = situation.position + order.side * ((size or order.size) - order.filled)
    if abs(after) > max(situation.position_max, abs(situation.position)):
        return MARGIN
    if limit_price is not None and (why := off_grid("limit", limit_price, grid)):
        return why
    if stop_price is not None and waiting.dormant:
        return refuse_stop("stop", stop_price, order.side, situation)
    return ""
