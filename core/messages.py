"""The one union of all messages, the record that carries one, and what a stage is.

`Trade`, `Quote` and what else is not in `LOGGED` goes to the tape; all the rest is the log.
"""

from typing import Protocol, get_args

from msgspec import Struct

from core.decisions import (
    Approved,
    CancelOrder,
    ClosePosition,
    Features,
    Hold,
    Intent,
    ModifyOrder,
    PlaceOrder,
    Prediction,
    Reconcile,
    Reduce,
    Refused,
)
from core.market import (
    Bar,
    Conditions,
    Dropped,
    FeedState,
    Gap,
    Mark,
    Pulse,
    Quote,
    SessionClosed,
    SessionOpened,
    Trade,
)
from core.outcomes import (
    AccountSnapshot,
    ActorFailed,
    Agreed,
    Alert,
    CloseAccepted,
    Command,
    Fill,
    Flat,
    Halted,
    NotPlaced,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderReplaced,
    OrderUncertain,
    QueryFailed,
    RunEnded,
    RunStarted,
    SegmentClosed,
    SegmentOpened,
    StateChanged,
    Tightened,
    TradeClosed,
)
from core.terms import Message

Logged = (
    Dropped | Gap | FeedState | Bar | Conditions | Mark | SessionOpened | SessionClosed | Pulse
    | Features | Prediction | Intent | Hold | Approved | Refused | Reduce
    | PlaceOrder | CancelOrder | ModifyOrder | ClosePosition | Reconcile
    | OrderAccepted | OrderRejected | OrderUncertain | OrderCancelled | OrderReplaced
    | CloseAccepted | NotPlaced | Fill | TradeClosed
    | AccountSnapshot | QueryFailed | Agreed | Flat
    | Command | StateChanged | Tightened | Halted | Alert | ActorFailed | RunStarted | RunEnded
    | SegmentOpened | SegmentClosed
)  # fmt: skip
LOGGED: tuple[type[Message], ...] = get_args(Logged)

# D: on disk before its effect. L: may be lost. All others are G: one sync for a group.
DURABLE: tuple[type[Message], ...] = (
    PlaceOrder, CancelOrder, ModifyOrder, ClosePosition, Command, StateChanged, Halted,
    RunStarted, RunEnded, SegmentOpened, SegmentClosed,
)  # fmt: skip
LOSSY: tuple[type[Message], ...] = (Pulse, Dropped)


class Record(Struct, frozen=True, gc=False):
    """One line of the log. `seq` is the order of delivery; `cause` the record it answers."""

    seq: int
    actor: str
    cause: int | None
    message: Message


class Stage(Protocol):
    """An actor: pure, synchronous, without a clock. Same messages in, same messages out."""

    @property
    def takes(self) -> tuple[type[Message], ...]: ...

    def on(self, message: Message) -> list[Message]: ...


__all__ = [
    "DURABLE", "LOGGED", "LOSSY", "AccountSnapshot", "ActorFailed", "Agreed", "Alert", "Approved",
    "Bar", "CancelOrder", "CloseAccepted", "ClosePosition", "Command", "Conditions", "Dropped",
    "Features",
    "FeedState", "Fill", "Flat", "Gap", "Halted", "Hold", "Intent", "Logged", "Mark", "Message",
    "ModifyOrder", "NotPlaced", "OrderAccepted", "OrderCancelled", "OrderRejected", "OrderReplaced",
    "OrderUncertain", "PlaceOrder", "Prediction", "Pulse", "QueryFailed", "Quote", "Reconcile",
    "Record", "Reduce", "Refused", "RunEnded", "RunStarted", "SegmentClosed", "SegmentOpened",
    "SessionClosed", "SessionOpened", "Stage", "StateChanged", "Tightened", "Trade", "TradeClosed",
]  # fmt: skip
