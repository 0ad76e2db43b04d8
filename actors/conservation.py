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
    """A log by what belongs together."""

    by_seq: dict[int, Record] = field(default_factory=dict)
    answers: dict[int, list[Record]] = field(default_factory=lambda: defaultdict(list))
    orders: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)  # tags of orders, ids of wishes
    failed: dict[int, Reason] = field(default_factory=dict)
    given_up: list[tuple[int, int]] = field(default_factory=list)  # from seq to seq
    starts: list[int] = field(default_factory=list)
    behind: int = 0  # from here on an actor of the last run may be rebuilt when the log ends
    admitted: int = 0  # the last that risk admitted
    reached: int = 0  # the latest record that was answered


def account(records: Iterable[Record]) -> Accounts:
    log, told = sorted_out(records), Accounts()
    final: dict[int, str] = {}
    for seq in sorted(log.by_seq, reverse=True):
        record = log.by_seq[seq]
        kind = type(record.message)
        if kind in ANSWERS and (why := uncaused(record, log)):
            told.loose.append(Loose(seq, kind.__name__, why))
        if kind not in ENDS:
            continue
        ends = [one for one in log.answers[seq] if isinstance(one.message, ENDS[kind])]
        if len(ends) > 1:
            twice = f"answered {len(ends)} times: {' '.join(str(one.seq) for one in ends)}"
            told.loose.append(Loose(seq, kind.__name__, twice))
        if ends:
            final[seq] = final[ends[0].seq] if ends[0].seq in final else end(ends[0], log, told)
        else:
            final[seq] = broken(seq, kind, log, told)
        if kind.__name__ in COUNTED:
            told.cut += final[seq] == CUT
            if final[seq] not in (CUT, LOOSE):
                told.ends.setdefault(kind.__name__, Counter())[final[seq]] += 1
    told.loose.reverse()
    return told


def sorted_out(records: Iterable[Record]) -> Log:
    log, halted = Log(), 0
    for record in records:
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
                halted = halted or record.seq
            case Approved():
                log.admitted = record.seq
            case RunStarted():
                log.starts.append(record.seq)
                log.behind = 0
                log.given_up += [(halted, record.seq)] if halted else []
                halted = 0
        if type(record.message) in ANSWERS:
            log.reached = max(log.reached, record.cause or 0)
    log.given_up += [(halted, record.seq)] if halted else []
    return log


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
    waiting = message.intent.action in REVERSALS and (restarted or record.seq == log.admitted)
    return CUT if waiting else broken(record.seq, Approved, log, told)


def broken(seq: int, kind: type[Message], log: Log, told: Accounts) -> str:
    """What a chain without an answer ended by."""
    if seq in log.failed:
        return log.failed[seq]
    if any(first <= seq <= last for first, last in log.given_up):
        return Reason.SYS_ESCALATE
    if seq < log.reached and not 0 < log.behind < seq:
        told.loose.append(Loose(seq, kind.__name__, "has no answer"))
        return LOOSE
    return CUT
