"""The gate: no entry goes to the wire without an approval of risk that no order has used yet.

What the gateway asks before each entry. An approval is good for one order of its own side, of its
size or less. A structured refusal of the venue gives it back, for then nothing was placed, and the
executor may ask again (without brackets, or for half). A link that is lost, or an actor that fails,
takes back what was approved before it, for risk would not approve that now: an entry may wait for
the disk, or behind the exit that it turns. The kill switch and whatever else leaves exits only
close the gate for all entries, in the same turn, whoever else is dead.
"""

from core.messages import (
    ActorFailed,
    Approved,
    Command,
    FeedState,
    Halted,
    Message,
    OrderRejected,
    PlaceOrder,
    Record,
    StateChanged,
)
from core.reasons import Reason
from core.terms import EXITS, FLATTENING, State

HEARS: tuple[type[Message], ...] = (
    Approved, Command, Halted, StateChanged, FeedState, ActorFailed,
)  # fmt: skip
KEPT = 100  # approvals that no order has used
ISSUER = "risk"


class Gate:
    def __init__(self, state: State = State.ACTIVE) -> None:
        self.closed = "" if state is State.ACTIVE else f"the account is {state}"
        self.tokens: dict[str, Approved] = {}  # intent -> its unused approval
        self.used: dict[str, Approved] = {}  # order tag -> what it used

    def hear(self, record: Record) -> None:
        match record.message:
            case Approved(intent=intent) as token:
                if record.actor == ISSUER and intent.action not in EXITS:
                    self.tokens[intent.id] = token
                    if len(self.tokens) > KEPT:
                        del self.tokens[next(iter(self.tokens))]
            case FeedState(up=False) | ActorFailed():
                self.tokens.clear()
            case Command(name=name) if name in FLATTENING:
                self.closed = f"{name} by {record.message.by}"
            case Halted(why=why):
                self.closed = f"halted: {why}"
            case StateChanged(state=state):
                self.closed = "" if state is State.ACTIVE else f"the account is {state}"

    def refuses(self, order: PlaceOrder) -> tuple[Reason, str] | None:
        """Why this entry must not be sent; else its approval is used up."""
        if self.closed:
            return Reason.SIG_BLOCKED, self.closed
        token = self.tokens.get(order.intent)
        if token is None:
            return Reason.RISK_NOT_APPROVED, "no unused approval of risk for it"
        if order.side != token.intent.side or not 0 < order.size <= token.size:
            return Reason.RISK_NOT_APPROVED, "not what risk approved"
        self.used = {order.tag: self.tokens.pop(order.intent)}
        return None

    def answered(self, order: PlaceOrder, answers: list[Message]) -> None:
        """The venue refused it in so many words: nothing was placed."""
        token = self.used.pop(order.tag, None)
        no = any(
            isinstance(answer, OrderRejected) and answer.reason is Reason.ORD_REJECTED
            for answer in answers
        )
        if token is not None and no:
            self.tokens[order.intent] = token
