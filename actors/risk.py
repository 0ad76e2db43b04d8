"""Risk: may this intent become an order? Answers with every number, never with an exception.

Exits always pass. Limits are judged on each mark and fill, not only when somebody asks.
"""

from msgspec import UNSET

from actors.account import Account, heard, learn, limits, marked, realised, settings_of
from actors.balance import lacks
from actors.book import BOOKED
from actors.budget import ZERO
from actors.day_end import alert, due, resumes
from actors.guard import Standing, leaving, standing, weigh
from actors.rearming import KILL, rearmed
from actors.reduction import reduction
from actors.states import COMMANDS, DAILY, GRAVITY, LASTING, PAUSING, REASONS, SEVERITY, reopens
from actors.streaks import lose, storm, stormy
from actors.tightenings import TIGHTENING, tightened
from actors.today import renew
from core.messages import (
    AccountSnapshot,
    ActorFailed,
    Agreed,
    Approved,
    Bar,
    CancelOrder,
    Command,
    Conditions,
    FeedState,
    Fill,
    Halted,
    Intent,
    Mark,
    Message,
    OrderRejected,
    PlaceOrder,
    Pulse,
    Refused,
    RunStarted,
    SessionOpened,
    StateChanged,
    TradeClosed,
)
from core.reasons import Reason
from core.sessions import begins, lasts
from core.settings import Settings
from core.terms import EXITS, EXITS_ONLY, REVERSALS, State


class Risk:
    takes: tuple[type[Message], ...] = (
        Bar, Conditions, Intent, Mark, FeedState, AccountSnapshot, Agreed, Command, Halted, Pulse,
        SessionOpened, TradeClosed, CancelOrder, *BOOKED,
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self.memory = Account(settings=settings)
        self.standing: Standing | None = None  # as of the last pulse; None if it may be wrong
        self.until = 0  # that ends with the day's step; 0 while there is none

    def on(self, message: Message) -> list[Message]:
        """Between two pulses of a quiet account an intent meets what the first has found."""
        if isinstance(message, Intent):
            verdict = self.verdict(message)
            refused = self.memory.controls.refused(verdict)
            return [verdict, *refused, *(tightened(self.memory, message.at) if refused else ())]
        if isinstance(message, Bar):
            wide = self.memory.breakers.wide
            self.memory.breakers.see(message, self._settings())
            self.memory.controls.see(message)
            learn(self.memory, message)
            changed = self.memory.breakers.wide is not wide
            return tightened(self.memory, message.at) if changed else []
        pulse = isinstance(message, Pulse)
        if pulse and message.at < self.until and not due(self.memory, message.at):
            self.memory.now = message.at
            return []
        self.standing, self.until, answers = None, 0, self.hear(message)
        if type(message) in TIGHTENING:
            answers += tightened(self.memory, message.at)
        if pulse and not (answers or self.memory.waits):
            self.standing = standing(self.memory)
            self.until = lasts(message.at, self._settings().session)
        return answers

    def hear(self, message: Message) -> list[Message]:
        account = self.memory
        match message:
            case Mark(price=price):
                account.mark = price
            case FeedState(link=link, up=up):
                account.links[link] = up
                account.agreed = account.agreed and (up or link != "user")
                storm(account, message)
            case AccountSnapshot(balance=balance) if account.base is None:
                account.base = balance - account.book.realised
                account.day_start = account.peak = account.high = balance
                renew(account, message.at)
            case AccountSnapshot():
                lacks(account, message)
            case Agreed():
                account.agreed, account.since = True, 0
                account.strangers = len(account.book.foreign())
            case ActorFailed():
                account.agreed = False
            case Conditions():
                account.breakers.learn(message, self._settings())
                renew(account, message.at)
            case Pulse(at=at):
                account.now = at
            case TradeClosed(at=at, net=net):
                lose(account, at, net)
            case PlaceOrder(intent=intent):
                account.reserved.pop(intent, None)
        heard(account, message)
        if not account.book.position.size:
            account.mark = None
        return [*account.controls.hear(message, self._settings()), *self._react(message)]

    def verdict(self, intent: Intent) -> Message:
        account = self.memory
        held = abs(account.book.position.size)
        if intent.action in EXITS:
            if not held:
                return Refused(intent.at, intent, (), Reason.SIG_SUPERSEDED)
            return Approved(intent.at, intent, held, ZERO, ())
        now = max(account.now, intent.at)
        if account.reserved:
            account.reserved = {k: v for k, v in account.reserved.items() if v[1] >= now}
        found = self.standing or standing(account)
        contracts, cost, checks = weigh(intent, account, found)
        broken = next((check for check in checks if not check.passed), None)
        if broken is not None and held and intent.action in REVERSALS:
            return Approved(intent.at, leaving(intent), held, ZERO, checks, broken.rule)
        if broken is not None:
            return Refused(intent.at, intent, checks, broken.rule)
        account.reserved[intent.id] = (cost, intent.expires_at)
        account.controls.past.approve(intent, contracts, now)
        return Approved(intent.at, intent, contracts, cost, checks)

    def _react(self, message: Message) -> list[Message]:
        """Does this change what risk admits?"""
        match message:
            case Command(name=name, by=by, why=why):
                return self._command(message.at, name, by, why)
            case Halted(reason=reason, by=by, why=why):
                return self._change(message.at, State.HALTED, reason, why, by)
            case SessionOpened(trade_date=day):
                return self._open_day(message.at, day)
            case RunStarted():
                return self._start(message)
            case OrderRejected(tag=tag):
                self.memory.reserved.pop(tag, None)
            case FeedState(at=at, up=False) if why := stormy(self.memory):
                return self._change(at, State.FLATTEN_ONLY, Reason.DATA_LINK_DOWN, why, "risk")
            case Pulse(at=at) if late := due(self.memory, at):
                if late[0] is Reason.RISK_OVERSTAYED:
                    return alert(self.memory, at)
                return self._fall(at, State.FLATTEN_ONLY, *late, "clock")
            case Pulse(at=at) if 0 < self.memory.resume_at <= at:  # the hour has come for it
                return self._release(at, f"day {self.memory.day}", "clock")
            case Mark() | Fill() | Pulse():
                return self._demand(message.at)
        return []

    def _demand(self, at: int) -> list[Message]:
        """Judge the account's limits on its equity of this moment."""
        account = self.memory
        if account.base is None:
            return []
        equity = marked(account)
        account.peak, account.high = max(account.peak, equity), max(account.high, equity)
        for check in limits(account):
            if not check.passed and self._graver(check.rule):
                why = f"{check.value:.2f} of {check.limit:.2f} dollars"
                account.killed = account.config if check.rule is KILL else account.killed
                return self._fall(at, SEVERITY[check.rule], check.rule, why, "risk")
        return reduction(account, at)

    def _command(self, at: int, name: str, by: str, why: str) -> list[Message]:
        account = self.memory
        if name == "rearm" and (refused := rearmed(account, at)):
            return refused
        state = COMMANDS.get((account.state, name))
        account.paused = (account.paused or name in PAUSING) and state is not State.ACTIVE
        account.stopping |= name == "stop"
        if state is None:
            return []
        return self._change(at, state, REASONS.get(name, Reason.RISK_REARMED), why or name, by)

    def _fall(self, at: int, state: State, reason: Reason, why: str, by: str) -> list[Message]:
        told = self._change(at, state, reason, why, by)
        return [*told, *self.memory.controls.fallen(told, self._settings())]

    def _change(self, at: int, state: State, reason: Reason, why: str, by: str) -> list[Message]:
        account = self.memory
        if account.stopping and state not in EXITS_ONLY:  # the next start opens it
            state, reason = State.FLATTEN_ONLY, Reason.SYS_STOPPING
        if (state, reason) == (account.state, account.why):
            return []
        was, account.state, account.why, account.resume_at = account.state, state, reason, 0
        ends = reopens(state, reason, self._settings()) if self._settings().edition else UNSET
        return [StateChanged(at, state, was, why, by, reason, ends)]

    def _open_day(self, at: int, day: str) -> list[Message]:
        account = self.memory
        if not begins(day, account.day, self._settings().edition):
            return []
        account.day, account.losses, account.pause_until = day, 0, 0
        account.day_start = account.peak = realised(account)
        account.high_close = max(account.high_close, account.day_start)
        renew(account, at)
        if account.state is not State.FLATTEN_ONLY or account.why not in DAILY:
            return []
        account.resume_at = resumes(account, at)
        return [] if account.resume_at else self._release(at, f"day {day}", "clock")

    def _start(self, run: RunStarted) -> list[Message]:
        account = self.memory
        account.settings, account.capital = run.settings, run.balance_start
        account.began = account.since = run.at
        renew(account, run.at)
        account.contract, account.config = run.contract_id, run.config_sha256
        account.agreed, account.links, account.stopping = False, {}, False
        account.reserved.clear()
        if account.why is Reason.SYS_STOPPING and account.state is State.FLATTEN_ONLY:
            return self._release(run.at, "a new run", run.run)
        return []

    def _release(self, at: int, why: str, by: str) -> list[Message]:
        """What ended by itself leaves behind what an operator paused before."""
        if self.memory.paused:
            return self._change(at, State.PAUSED, Reason.RISK_PAUSED, why, by)
        return self._change(at, State.ACTIVE, Reason.RISK_STATE_CHANGE, why, by)

    def _graver(self, rule: Reason) -> bool:
        """Than our state? One as grave gives way if it does not last, and to the kill limit."""
        why, graver = self.memory.why, GRAVITY[SEVERITY[rule]] - GRAVITY[self.memory.state]
        return graver > 0 or (not graver and (why not in LASTING or rule is Reason.RISK_KILL))

    def _settings(self) -> Settings:
        return settings_of(self.memory)
