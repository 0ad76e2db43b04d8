"""Every bar, prediction and wish of a log ends in exactly one reason, or is called loose.

A chain may be cut in three ways only: the log ends (a kill, or a log still being written), an actor
failed on the record (then ActorFailed is its reason), or an actor was given up (Halted by the
supervisor is, until the next run). What a restart posts late counts by its cause, as in a replay.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from msgspec import Struct, field

from core.messages import (
    ActorFailed,
    Approved,
    Bar,
    Features,
    Halted,
    Hold,
    Intent,
    Message,
    OrderRejected,
    PlaceOrder,
    Prediction,
    Record,
    Refused,
    RunStarted,
)
from core.reasons import Reason
from core.terms import EXITS, REVERSALS, Purpose

# What each of these is answered by: one of them, once.
ENDS: dict[type[Message], tuple[type[Message], ...]] = {
    Bar: (Hold, Features, Intent),
    Features: (Hold, Prediction),
    Prediction: (Hold, Intent),
    Intent: (Approved, Refused),
}
ANSWERS = {kind for ends in ENDS.values() for kind in ends}
COUNTED = ("Bar", "Prediction", "Intent")

HELD = 50_000  # three hours of records
CUT, LOOSE = "cut off", "loose"  # what ends in no reason


class Loose(Struct, frozen=True):
    """A chain that ends in no reason, in two, or that begins with nothing."""

    seq: int
    kind: str
    why: str


class Accounts(Struct):
    ends: dict[str, Counter[str]] = field(default_factory=dict)  # kind: the reasons of its ends
    loose: list[Loose] = field(default_factory=list)
    cut: int = 0  # chains that a kill or a failure cut off


class Log(Struct):
    """A log by what belongs together; of a long one what is settled is let go."""

    by_seq: dict[int, Record] = field(default_factory=dict)
    answers: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    orders: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    odd: dict[int, str] = field(default_factory=dict)  # answers to nothing: why
    refused: set[str] = field(default_factory=set)  # tags of orders, ids of wishes
    failed: dict[int, Reason] = field(default_factory=dict)
    given_up: list[tuple[int, int]] = field(default_factory=list)  # from seq to seq
    starts: list[int] = field(default_factory=list)
    halted: int = 0  # an actor was given up in this run, since
    behind: int = 0  # from here on an actor of the last run may be rebuilt when the log ends
    admitted: int = 0  # the last that risk admitted
    reached: int = 0  # the latest record that was answered
    ended: bool = False  # nothing follows


def account(records: Iterable[Record], held: int = HELD) -> Accounts:
    """`held`: no answer comes so many records after what it answers."""
    log, told = Log(), Accounts()
    for record in records:
        enter(log, record)
        if len(log.by_seq) > 2 * held:
            settle(log, told, record.seq - held)
    log.ended = True
    settle(log, told)
    return told


def settle(log: Log, told: Accounts, until: float = float("inf")) -> None:
    """Say how each chain up to there ended, by what came later; then forget it."""
    final: dict[int, str] = {}
    settled, loose = [seq for seq in log.by_seq if seq <= until], len(told.loose)
    for seq in reversed(settled):
        judge(seq, log, told, final)
    told.loose[loose:] = told.loose[loose:][::-1]
    for seq in settled:
        del log.by_seq[seq]
        log.answers.pop(seq, None)


def judge(seq: int, log: Log, told: Accounts, final: dict[int, str]) -> None:
    kind = type(log.by_seq[seq].message)
    if why := log.odd.get(seq):
        told.loose.append(Loose(seq, kind.__name__, why))
    if kind not in ENDS:
        return
    ends = [one for one in log.answers.get(seq, ()) if isinstance(one.message, ENDS[kind])]
    if len(ends) > 1:
        twice = f"answered {len(ends)} times: {' '.join(str(one.seq) for one in ends)}"
        told.loose.append(Loose(seq, kind.__name__, twice))
    if ends:
        first = ends[0].seq
        if type(ends[0].message) in ENDS and first not in final:  # its own turn is yet to come
            judge(first, log, Accounts(), final)
        final[seq] = final[first] if first in final else end(ends[0], log, told)
    else:
        final[seq] = broken(seq, kind, log, told)
    if kind.__name__ in COUNTED:
        told.cut += final[seq] == CUT
        if final[seq] not in (CUT, LOOSE):
            told.ends.setdefault(kind.__name__, Counter())[final[seq]] += 1


def enter(log: Log, record: Record) -> None:
    log.by_seq[record.seq] = record
    if record.cause is not None:
        log.answers[record.cause].append(record)
    match record.message:
        case PlaceOrder(purpose=Purpose.ENTRY, intent=intent):
            log.orders[intent].append(record)
        case OrderRejected(tag=tag):
            log.refused.add(tag)
        case ActorFailed(seq=seq, reason=reason):
            log.failed[seq] = reason
            log.behind = log.behind or seq
        case Halted(reason=Reason.SYS_ESCALATE):
            log.halted = log.halted or record.seq
        case Approved():
            log.admitted = record.seq
        case RunStarted():
            log.starts.append(record.seq)
            log.behind = 0
            log.given_up += [(log.halted, record.seq)] if log.halted else []
            log.halted = 0
    if type(record.message) in ANSWERS:
        log.reached = max(log.reached, record.cause or 0)
        if why := uncaused(record, log):
            log.odd[record.seq] = why


def uncaused(record: Record, log: Log) -> str:
    """Why this answer answers nothing that it could."""
    cause = log.by_seq.get(record.cause or 0)
    if cause is None:
        return f"answers record {record.cause}, which is not there"
    if type(record.message) not in ENDS.get(type(cause.message), ()):
        return f"answers a {type(cause.message).__name__}"
    match record.message, cause.message:
        case (Approved() | Refused()) as verdict, Intent(id=name) if verdict.intent.id != name:
            return f"answers {verdict.intent.id}, not {name}"
    return ""


def end(record: Record, log: Log, told: Accounts) -> str:
    """The reason that a verdict is, or that became of what was admitted."""
    message = record.message
    if not isinstance(message, Approved) or message.intent.action in EXITS:
        return Reason(getattr(message, "reason", Reason.RISK_PASS))
    name = message.intent.id
    orders, given_up = log.orders[name], name in log.refused
    living = [one for one in orders if getattr(one.message, "tag", "") not in log.refused]
    if len(living) > 1 or (living and given_up):
        told.loose.append(Loose(record.seq, "Approved", f"{name} became more than one order"))
    if orders or given_up:
        return Reason.ORD_INTENT if orders else Reason.ORD_REJECTED
    restarted = any(start > record.seq for start in log.starts)
    waiting = message.intent.action in REVERSALS and (
        restarted or (log.ended and record.seq == log.admitted)
    )
    return CUT if waiting else broken(record.seq, Approved, log, told)


def broken(seq: int, kind: type[Message], log: Log, told: Accounts) -> str:
    """What a chain without an answer ended by."""
    if seq in log.failed:
        return log.failed[seq]
    gone = [*log.given_up, (log.halted or float("inf"), float("inf"))]  # the last: to this day
    if any(first <= seq <= last for first, last in gone):
        return Reason.SYS_ESCALATE
    rebuilt = log.ended and 0 < log.behind < seq
    if not rebuilt and (seq < log.reached or not log.ended):
        told.loose.append(Loose(seq, kind.__name__, "has no answer"))
        return LOOSE
    return CUT
