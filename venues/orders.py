"""What an exchange keeps and tells: orders, half trades, positions, and the events of each.

All frozen: a change is a new value. Limits and stops are whole ticks; averages are prices. `side`
is +1 buy, -1 sell. Numbers of refusals are those of the gateway (`Order/place` and its kin).
"""

from decimal import Decimal
from enum import IntEnum

from msgspec import Struct

from core.terms import OrderType, Status

OVER = (Status.FILLED, Status.CANCELLED, Status.EXPIRED, Status.REJECTED)


class Ticket(Struct, frozen=True):
    """What a client asks for. Bracket ticks are signed offsets from the fill; 0 is no leg."""

    type: OrderType
    side: int
    size: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None  # first stop level of a trailing stop
    tag: str = ""
    stop_ticks: int = 0
    target_ticks: int = 0
    stop_type: OrderType = OrderType.STOP


class Order(Struct, frozen=True):
    id: int
    created: int
    updated: int
    status: Status
    type: OrderType
    side: int
    size: int
    filled: int = 0
    limit: int | None = None  # ticks
    stop: int | None = None  # ticks
    average: Decimal | None = None  # price of what is filled
    tag: str = ""
    parent: int = 0  # of a bracket leg: its entry
    linked: int = 0  # of a target: its stop
    trail: int = 0  # ticks: distance of a trailing stop; signed offset of a leg

    @property
    def left(self) -> int:
        return self.size - self.filled

    @property
    def over(self) -> bool:
        return self.status in OVER


class HalfTrade(Struct, frozen=True):
    """One side of a round trip, as it fills. `profit` is gross and None where it opens."""

    id: int
    at: int
    order_id: int
    side: int
    size: int
    price: Decimal
    profit: Decimal | None
    fees: Decimal
    commissions: Decimal


class Position(Struct, frozen=True):
    id: int
    opened: int
    size: int  # signed contracts; 0 flat
    average: Decimal


class OrderChanged(Struct, frozen=True):
    at: int
    order: Order


class Traded(Struct, frozen=True):
    at: int
    trade: HalfTrade


class PositionChanged(Struct, frozen=True):
    at: int
    position: Position


class AccountChanged(Struct, frozen=True):
    at: int
    balance: Decimal
    can_trade: bool


Event = OrderChanged | Traded | PositionChanged | AccountChanged


class PlaceCode(IntEnum):
    SUCCESS = 0
    ACCOUNT_NOT_FOUND = 1
    ORDER_REJECTED = 2
    ACCOUNT_VIOLATION = 4
    CONTRACT_NOT_FOUND = 8


class ChangeCode(IntEnum):
    """Of cancel and modify."""

    SUCCESS = 0
    ACCOUNT_NOT_FOUND = 1
    ORDER_NOT_FOUND = 2
    REJECTED = 3


class CloseCode(IntEnum):
    """Of close. A partial close has INVALID_SIZE as 5 and the later ones one higher."""

    SUCCESS = 0
    ACCOUNT_NOT_FOUND = 1
    POSITION_NOT_FOUND = 2
    CONTRACT_NOT_FOUND = 3
    ORDER_REJECTED = 5
    ORDER_PENDING = 6
    ACCOUNT_REJECTED = 8


INVALID_CLOSE_SIZE = 5


class Answer(Struct, frozen=True):
    """To a request: code 0 and the order's id, or a refusal; and what happened at once."""

    code: int = 0
    text: str = ""
    order_id: int = 0
    events: tuple[Event, ...] = ()
