"""Recovery: bring log and venue to one story, at the start and every few seconds after.

What a snapshot shows and the log lacks becomes the very message the hub would have brought, so all
actors learn it the same way. What cannot be so explained, and stands in two snapshots running, is
drift: adopted or halted on, by config. An absent answer is never read as "flat" or "no orders".
"""

from msgspec import UNSET

from actors import agreement, refusals, statement
from actors.book import BOOKED, RESET, WARY
from actors.ledger import Ledger
from actors.order import NEWEST
from core.clock import SECOND
from core.messages import (
    AccountSnapshot,
    ActorFailed,
    Agreed,
    CloseAccepted,
    Command,
    FeedState,
    Fill,
    Flat,
    Halted,
    Message,
    NotPlaced,
    OrderAccepted,
    OrderRejected,
    OrderUncertain,
    Pulse,
    QueryFailed,
    Reconcile,
    RunStarted,
    SessionClosed,
    StateChanged,
)
from core.reasons import Reason
from core.settings import Settings
from core.terms import ALIVE, EXITS_ONLY, FLATTENING, Purpose

READS_ASKED = 2  # snapshots that must agree with the log before entries go on, after a restart
UNTOLD = 5  # edition since which an entry is looked for until its fill is told
LOOK_BACK_S = 600  # queries reach so far behind the oldest open question


class Recovery:
    takes: tuple[type[Message], ...] = (
        AccountSnapshot, QueryFailed, Pulse, FeedState, StateChanged, Command, SessionClosed,
        *BOOKED,
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self.memory = Ledger(settings=settings)

    def on(self, message: Message) -> list[Message]:
        ledger = self.memory
        match message:
            case Pulse(at=at):
                return self._due(at)
            case AccountSnapshot():
                return self.compare(message)
            case QueryFailed(at=at):  # a day too large for one answer is not asked for again
                ledger.asked_at, ledger.told_at, ledger.reads, ledger.closed_at = 0, at, 0, 0
            case FeedState(link="user", up=up):
                ledger.linked_at, ledger.reads = (message.at if up else 0), 0
                ledger.agreed = ledger.agreed and up
                return self._ask(message.at, Reason.REC_START) if up else []
            case StateChanged(state=state):
                ledger.flatten = state in EXITS_ONLY
                ledger.proven, ledger.flat_at = False, 0
            case Command(name=name) if name in FLATTENING:
                ledger.flatten, ledger.proven, ledger.flat_at = True, False, 0
            case SessionClosed(at=at) if self._settings().edition:
                ledger.closed_at = at
            case CloseAccepted(at=at) if self._settings().edition >= WARY:
                ledger.taken_at = at
            case Fill():
                ledger.filled_at = ledger.now
            case ActorFailed():  # risk has fenced entries until there is a new agreement
                ledger.agreed, ledger.reads, ledger.asked_at, ledger.again = False, 0, 0, True
            case RunStarted():
                self._start(message)
        ledger.book.hear(message, self._settings().instrument)
        match message:
            case OrderAccepted() if agreement.stranger(ledger.book, message):
                ledger.agreed, ledger.reads = False, 0  # as risk does: no entry before we looked
                return self._ask(message.at, Reason.REC_QUERY)
            case OrderRejected() if refusals.looked_for(message, self._settings()):
                ledger.agreed, ledger.refused_at = False, message.at
                return self._ask(message.at, Reason.REC_QUERY)
            case OrderUncertain() | OrderRejected(reason=Reason.ORD_CANCEL_REJECTED):
                return self._ask(message.at, Reason.REC_QUERY)
            case Fill() if self.memory.doubtful or message.venue_id in ledger.book.foreign():
                return self._ask(message.at, Reason.REC_QUERY)
            case Command(name=name) if name in FLATTENING:
                return self._ask(message.at, Reason.REC_QUERY)
        return []

    def compare(self, told: AccountSnapshot) -> list[Message]:
        """Say what the log lacks, then judge whether both now tell the same story."""
        ledger, instrument = self.memory, self._settings().instrument
        if told.at < ledger.read_at:
            return []  # overtaken by a younger one
        ledger.asked_at, ledger.told_at, ledger.read_at = 0, told.at, told.at
        ledger.others = told.others or 0
        if statement.whole(told, ledger.closed_at, ledger.began, self._kind()):
            ledger.closed_at = 0
        missing = agreement.missing(ledger.book, told, ledger.began, ledger.again)
        ledger.again = False
        for message in missing:
            ledger.book.hear(message, instrument)
        proven = self._proofs(told)
        verdict = agreement.oddities(ledger.book, told, ledger.runs, ledger.excused)
        again = ledger.confirmed(verdict, told.at)
        answers: list[Message] = [*missing, *proven]
        if verdict:
            ledger.flat_at, ledger.proven = 0, False
        if again:
            ledger.reads = 0
            return [*answers, *self._drift(told, again)]
        if not verdict:
            news = told.at >= ledger.linked_at > 0  # older ones may lack what we missed
            ledger.reads = min(ledger.reads + news, READS_ASKED)
            answers += self._agree(told, len(missing) + len(proven))
            answers += self._prove_flat(told)
        return answers

    def _proofs(self, told: AccountSnapshot) -> list[Message]:
        """Unknown orders that two full queries, `unknown_quiet_s` apart, did not show."""
        ledger, quiet = self.memory, int(self._settings().recovery.unknown_quiet_s * SECOND)
        shown = {order.tag for order in told.orders}
        unknown = [o.tag for o in ledger.book.unknown() if o.tag not in shown and o.at <= told.at]
        since = {tag: ledger.absent.get(tag, told.at) for tag in unknown}
        gone = [tag for tag in unknown if told.at - since[tag] >= quiet]
        ledger.absent = {tag: at for tag, at in since.items() if tag not in gone}
        proofs: list[Message] = [NotPlaced(told.at, tag) for tag in gone]
        for proof in proofs:
            ledger.book.hear(proof, self._settings().instrument)
        return proofs

    def _drift(self, told: AccountSnapshot, odd: list[str]) -> list[Message]:
        ledger, reason = self.memory, agreement.gravest(odd)
        ledger.agreed = False
        halt = Halted(told.at, "; ".join(odd), "recovery", reason)
        ledger.excused += [n for n in ledger.book.foreign() if n not in ledger.excused]
        adopts = self._settings().recovery.adopt_foreign
        if not ledger.flatten and (reason is Reason.REC_LOST_ACK or not adopts):
            return [halt]
        adopted = agreement.adopt(ledger.book, told, ledger.runs)
        exact = ledger.book.edition >= NEWEST
        if exact:
            adopted = [message for message in adopted if agreement.confirms(odd, message)]
        for message in adopted:
            ledger.book.hear(message, self._settings().instrument)
        left = agreement.oddities(ledger.book, told, ledger.runs, ledger.excused)
        if exact:
            left = [text for text in left if text in odd]
        if adopts and not left:  # a stranger's fill, which is in the book: the next look agrees
            return adopted
        return adopted or [halt]

    def _agree(self, told: AccountSnapshot, corrected: int) -> list[Message]:
        """The first agreement of a run that follows another takes two snapshots."""
        ledger = self.memory
        cleared = self.memory.doubtful and told.at >= ledger.book.doubt
        if ledger.agreed and not corrected and not cleared:
            ledger.agreed_at = told.at
            return []
        if not ledger.agreed and ledger.reads < (1 if len(ledger.runs) < 2 else READS_ASKED):
            return []
        if told.at < ledger.refused_at:  # that was asked before it; the next will do
            ledger.refused_at = told.at
            return self._ask(told.at, Reason.REC_QUERY)
        ledger.agreed, ledger.agreed_at = True, told.at
        return [Agreed(told.at, ledger.book.position.size, corrected, len(ledger.book.unknown()))]

    def _prove_flat(self, told: AccountSnapshot) -> list[Message]:
        ledger = self.memory
        alive = ledger.book.alive or any(order.status in ALIVE for order in told.orders)
        if told.position or alive:  # the book agrees about the position, or we were not here
            ledger.flat_at, ledger.proven = 0, False
            return []
        if not ledger.flatten or ledger.proven:
            return []
        ledger.flat_at = ledger.flat_at or told.at
        if told.at - ledger.flat_at < int(self._settings().recovery.flat_gap_s * SECOND):
            return []
        ledger.proven = True
        return [Flat(told.at, told.balance, told.others)]

    def _due(self, at: int) -> list[Message]:
        """Is it time to look again?"""
        ledger, numbers = self.memory, self._settings().recovery
        ledger.pulse(at)
        flattening = ledger.flatten and not ledger.proven
        others = set(ledger.book.foreign()) - set(ledger.excused)
        unsettled = ledger.book.unknown() or ledger.odd or others or self.memory.doubtful
        if self._settings().edition >= UNTOLD:  # one that came slowly was not there to be seen
            unsettled = unsettled or any(o.intent for o in ledger.book.live(Purpose.ENTRY))
        settled = (ledger.agreed or not ledger.linked_at) and not unsettled
        wait = numbers.reconcile_s if settled and not flattening else numbers.retry_s
        if (flattening and ledger.flat_at) or ledger.untold(at):
            wait = numbers.flat_gap_s
        if ledger.asked_at and at - ledger.asked_at >= int(numbers.answer_s * SECOND):
            ledger.asked_at = 0  # never answered
        elif ledger.asked_at or at - ledger.told_at < int(wait * SECOND):
            return []
        return self._ask(at, Reason.REC_QUERY)

    def _ask(self, at: int, reason: Reason) -> list[Message]:
        ledger = self.memory
        if ledger.asked_at or not ledger.began:
            return []
        ledger.asked_at = at
        open_since = [order.at for order in ledger.book.living()]
        since = min([ledger.agreed_at, *open_since]) - LOOK_BACK_S * SECOND
        opened = statement.opened(ledger.closed_at, self._kind())
        day = max(ledger.began, opened) if ledger.closed_at else UNSET
        return [Reconcile(at, max(ledger.began, since), reason, day)]

    def _start(self, run: RunStarted) -> None:
        ledger = self.memory
        ledger.settings = run.settings
        ledger.began = ledger.began or run.at
        ledger.runs.append(run.run)
        ledger.linked_at, ledger.agreed, ledger.proven = 0, False, False
        ledger.asked_at, ledger.reads, ledger.flat_at, ledger.odd = 0, 0, 0, {}
        ledger.told_at = run.at  # the link that comes up asks; if none does, a pulse
        ledger.absent.clear()
        if run.settings.edition >= RESET and run.at < ledger.read_at:
            ledger.read_at, ledger.began = 0, min(ledger.began, run.at)
            ledger.agreed_at = min(ledger.agreed_at, run.at)

    def _kind(self) -> str:
        return self._settings().session.kind

    def _settings(self) -> Settings:
        assert self.memory.settings is not None
        return self.memory.settings
