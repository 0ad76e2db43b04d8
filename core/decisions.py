"""What the program thinks, wishes, admits and asks of the venue."""

from decimal import Decimal

from msgspec import UNSET, UnsetType

from core.reasons import Reason
from core.terms import Action, Check, Message, OrderType, Purpose


class Features(Message, frozen=True):
    values: tuple[float, ...]  # in the order of indicators/schema.py
    close: float
    bid: float
    ask: float
    atr: float  # ATR14 of 1-second bars, ticks
    reason: Reason = Reason.FEAT_READY


class Prediction(Message, frozen=True):
    probabilities: tuple[float, float, float]  # DOWN, FLAT, UP
    direction: int
    confidence: float
    move: float  # expected, ticks
    close: float
    bid: float
    ask: float
    atr: float  # ticks
    reason: Reason = Reason.INFER_DONE


class Intent(Message, frozen=True):
    """A wish of a strategy. Nothing is sent before risk has answered it."""

    id: str
    action: Action
    side: int  # entries: of the position wanted; exits: of the position held
    confidence: float
    stop_ticks: int
    target_ticks: int
    price: Decimal  # the touch it would trade at
    expires_at: int
    strategy: str
    reason: Reason = Reason.SIG_NEW


class Hold(Message, frozen=True):
    """A decision to do nothing, which ends the chain of a bar."""

    checks: tuple[Check, ...]
    reason: Reason


class Approved(Message, frozen=True):
    intent: Intent
    size: int
    risk: Decimal  # dollars lost in the worst planned case, costs included
    checks: tuple[Check, ...]
    reason: Reason = Reason.RISK_PASS


class Refused(Message, frozen=True):
    intent: Intent
    checks: tuple[Check, ...]
    reason: Reason


class Reduce(Message, frozen=True):
    """Risk wants contracts of the open position closed; no strategy was asked."""

    size: int
    checks: tuple[Check, ...]
    reason: Reason = Reason.RISK_DRB_OVER


class PlaceOrder(Message, frozen=True):
    tag: str  # client order id: unique for ever, shown by the venue
    purpose: Purpose
    type: OrderType
    side: int
    size: int
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    stop_ticks: int = 0  # unsigned distance of the planned stop from the fill
    target_ticks: int = 0
    bracket: bool = False  # the venue keeps stop and target; else they are orders of our own
    expires_at: int = 0  # not sent after this; 0 never expires
    intent: str = ""
    reason: Reason = Reason.ORD_INTENT


class CancelOrder(Message, frozen=True):
    tag: str
    venue_id: int
    reason: Reason = Reason.ORD_CANCEL_INTENT


class ModifyOrder(Message, frozen=True):
    """New terms for a resting order; None leaves a term as it is."""

    tag: str
    venue_id: int
    size: int | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reason: Reason = Reason.ORD_CANCEL_INTENT


class ClosePosition(Message, frozen=True):
    """Close what is open at the venue, or a part of it, by a call that cannot cross zero."""

    tag: str  # names the request, in the log only: the venue gives such orders no tag
    reason: Reason = Reason.ORD_FLATTEN
    size: int | UnsetType = UNSET  # contracts; unset: whatever is open


class Reconcile(Message, frozen=True):
    """Ask the venue for its whole truth: orders and fills since a time, position, balance."""

    since: int
    reason: Reason
    day: int | UnsetType = UNSET  # fills since then, for the statement of a closed day
