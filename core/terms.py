"""The words of the trade: what a side, a state, a purpose can be, and the base of every message."""

from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from core.reasons import Reason


class Action(StrEnum):
    LONG_ENTRY = "LONG_ENTRY"
    SHORT_ENTRY = "SHORT_ENTRY"
    EXIT_LONG = "EXIT_LONG"
    EXIT_SHORT = "EXIT_SHORT"
    REVERSE_TO_LONG = "REVERSE_TO_LONG"
    REVERSE_TO_SHORT = "REVERSE_TO_SHORT"
    FLATTEN = "FLATTEN"


PLACES = 9  # of a sum of money: no tick, fee or lot is finer
EXITS = (Action.EXIT_LONG, Action.EXIT_SHORT, Action.FLATTEN)
REVERSALS = (Action.REVERSE_TO_LONG, Action.REVERSE_TO_SHORT)  # their entry waits for their exit
FLATTENING = ("flatten", "stop", "kill")  # commands that leave the account flat


class Purpose(StrEnum):
    ENTRY = "ENTRY"
    STOP = "STOP"
    TARGET = "TARGET"
    EXIT = "EXIT"


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class Status(StrEnum):
    """An order as the venue shows it."""

    PENDING = "PENDING"
    SUSPENDED = "SUSPENDED"  # a bracket leg whose entry is not filled
    WORKING = "WORKING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


ALIVE = (Status.PENDING, Status.WORKING, Status.SUSPENDED)


class Request(StrEnum):
    """What was asked of the venue."""

    PLACE = "PLACE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"
    CLOSE = "CLOSE"


class State(StrEnum):
    """What risk admits: ACTIVE all, PAUSED and FLATTEN_ONLY exits, HALTED exits until re-armed."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    FLATTEN_ONLY = "FLATTEN_ONLY"
    HALTED = "HALTED"


EXITS_ONLY = (State.FLATTEN_ONLY, State.HALTED)


class Check(Struct, frozen=True, array_like=True, gc=False):
    """One rule's number against its limit, so that `explain` can show both."""

    rule: Reason
    value: Decimal
    limit: Decimal
    passed: bool


def most(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    return Check(rule, value, limit, value <= limit)


def least(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    return Check(rule, value, limit, value >= limit)


def above(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    """Being at the limit breaks it."""
    return Check(rule, value, limit, value > limit)


def below(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    """Reaching the limit breaks it."""
    return Check(rule, value, limit, value < limit)


def flag(rule: Reason, passed: bool) -> Check:
    """True or false: 0 if so, else 1, against 0."""
    return Check(rule, whole(not passed), whole(0), passed)


@lru_cache(maxsize=256)
def exact(number: float) -> Decimal:
    """A number of the settings as it is written there."""
    return Decimal(repr(number))


def rounded(number: float) -> Decimal:
    """A number of the market or the model, to six places."""
    return Decimal(repr(round(number, 6)))


def tidied(money: Decimal) -> Decimal:
    """Without what a division leaves behind the ninth place: no number is a third of a tick."""
    if money.as_tuple().exponent >= -PLACES:  # type: ignore[operator]
        return money
    short = round(money, PLACES).normalize()
    return short.quantize(Decimal(1)) if short == short.to_integral_value() else short


@lru_cache(maxsize=1024)
def whole(number: int) -> Decimal:
    """A count as a Decimal: made once, for an entry meets many."""
    return Decimal(number)


class VenueOrder(Struct, frozen=True, gc=False):
    """An order as a venue's query lists it."""

    venue_id: int
    tag: str  # empty: not placed by us
    status: Status
    type: OrderType
    side: int
    size: int
    filled: int
    price: Decimal | None  # limit or stop price; None while there is none
    created: int  # UTC ns


class Message(Struct, frozen=True, tag=True, tag_field="kind", gc=False):
    at: int  # UTC nanoseconds of the event itself
