"""What became of it: the venue's answers, people's commands, and the life of the program."""

from decimal import Decimal

from msgspec import UNSET, UnsetType

from core.reasons import Reason
from core.settings import Settings
from core.terms import Message, OrderType, Request, State, Status, VenueOrder


class OrderAccepted(Message, frozen=True):
    """The venue shows this order alive. Fields it did not tell are None."""

    tag: str
    venue_id: int
    status: Status = Status.PENDING
    type: OrderType | None = None
    side: int | None = None
    size: int | None = None
    price: Decimal | None = None  # limit or stop price
    reason: Reason = Reason.ORD_ACKED


class OrderRejected(Message, frozen=True):
    """A structured refusal of the venue, or ours at the edge before anything was sent."""

    tag: str
    request: Request
    code: int
    text: str
    reason: Reason = Reason.ORD_REJECTED


class OrderUncertain(Message, frozen=True):
    """Sent, and the answer is lost or unreadable: it may live."""

    tag: str
    request: Request
    why: str
    reason: Reason = Reason.ORD_UNKNOWN


class OrderCancelled(Message, frozen=True):
    tag: str
    venue_id: int
    reason: Reason = Reason.ORD_CANCELED


class OrderReplaced(Message, frozen=True):
    tag: str
    venue_id: int
    reason: Reason = Reason.ORD_REPLACED


class CloseAccepted(Message, frozen=True):
    """The venue took a `ClosePosition`; its fill follows."""

    tag: str
    reason: Reason = Reason.ORD_ACKED


class NotPlaced(Message, frozen=True):
    """An unknown order is proven absent at the venue."""

    tag: str
    reason: Reason = Reason.ORD_NOT_PLACED


class Fill(Message, frozen=True):
    trade_id: int  # the venue's; each is booked once
    venue_id: int  # of the order; 0 unknown
    tag: str  # of the order; empty for a `ClosePosition` or a foreign order
    side: int
    size: int
    price: Decimal
    fees: Decimal  # fees and commissions of this half-turn, dollars
    reason: Reason = Reason.FILL_APPLIED


class TradeClosed(Message, frozen=True):
    """A round trip. Dollars; `net = gross - fees`."""

    entry_at: int
    side: int
    size: int
    entry: Decimal
    exit: Decimal  # the average, if it was left in parts
    gross: Decimal
    fees: Decimal
    net: Decimal
    confidence: float
    reason: Reason  # TRADE_TARGET, TRADE_STOP, TRADE_SIGNAL, TRADE_FLATTEN, TRADE_FOREIGN


class AccountSnapshot(Message, frozen=True):
    """One complete answer of the venue to a `Reconcile`; a partial one is a `QueryFailed`."""

    since: int
    balance: Decimal  # realised, dollars
    can_trade: bool
    position: int  # signed contracts
    average: Decimal | None
    orders: tuple[VenueOrder, ...]  # all created since `since`, and all that are alive
    fills: tuple[Fill, ...]  # since `since`, oldest first
    skew: Decimal | UnsetType = UNSET  # seconds the venue's clock is ahead of ours
    day: int | UnsetType = UNSET  # fills, and those alone, are told since then
    others: int | UnsetType = UNSET  # positions and orders in other contracts: not ours
    reason: Reason = Reason.REC_SNAPSHOT


class QueryFailed(Message, frozen=True):
    why: str
    reason: Reason = Reason.REC_QUERY_FAILED


class Agreed(Message, frozen=True):
    """Log and venue tell the same story: entries may go on."""

    position: int
    corrected: int  # outcomes this reconciliation had to add
    unknown: int  # orders whose fate is still open
    reason: Reason = Reason.REC_DONE


class Flat(Message, frozen=True):
    """No position and no order in our contract, by two queries a second apart."""

    balance: Decimal
    others: int | UnsetType = UNSET  # positions and orders in other contracts: not ours
    reason: Reason = Reason.SYS_FLAT


class Command(Message, frozen=True):
    """An operator's word: pause, resume, flatten, kill, rearm, enable, ack, stop, override."""

    name: str
    by: str
    why: str
    reason: Reason = Reason.SYS_COMMAND


class Alert(Message, frozen=True):
    """A person must look at this, and say so with `tradebot ack`."""

    text: str
    of: Reason
    reason: Reason = Reason.SYS_ALERT


class StateChanged(Message, frozen=True):
    state: State
    was: State
    why: str
    by: str
    reason: Reason = Reason.RISK_STATE_CHANGE
    reopens: str | UnsetType = UNSET  # what ends it; logs before 0.1.0 do not tell


class Tightened(Message, frozen=True):
    """Fewer entries are admitted than before, or smaller ones, while the state stays as it is."""

    what: str  # of those for this reason
    why: str
    by: str
    reopens: str  # what ends it
    reason: Reason


class Halted(Message, frozen=True):
    """Flatten and admit nothing more. Sticky until a person re-arms."""

    why: str
    by: str
    reason: Reason


class ActorFailed(Message, frozen=True):
    actor: str
    seq: int  # the record it failed on, which every fold leaves out
    error: str
    count: int  # failures of this actor within its window
    reason: Reason = Reason.SYS_ACTOR_CRASH


class RunStarted(Message, frozen=True):
    run: str  # short id, part of every client order id
    mode: str
    account_id: int
    contract_id: str
    balance_start: Decimal  # capital against which the kill switch counts
    commit: str
    config_sha256: str
    model_sha256: str
    settings: Settings  # every number that decides, so that a replay has it
    reason: Reason = Reason.SYS_START


class RunEnded(Message, frozen=True):
    why: str
    position: int
    open_orders: int
    balance: Decimal | None
    reason: Reason  # SYS_CLEAN_CLOSE or SYS_NOT_FLAT


class SegmentOpened(Message, frozen=True):
    """First line of every log segment."""

    version: int
    account: str  # sha256 of the account id: another account's log is never mixed in
    previous: str  # sha256 of the previous segment; empty for the first
    reason: Reason = Reason.SYS_SEGMENT


class SegmentClosed(Message, frozen=True):
    """Last line of a finished segment."""

    count: int  # records in it, without this one
    sha256: str  # of all its bytes before this line
    reason: Reason = Reason.SYS_SEGMENT
