"""The hard blocks of docs/controls.md that are not limits of money: what risk asks of each entry.

`standing` is what any entry would meet now, `judge` what this one does. Exits meet none of them.
Where the settings hold no controls (a log that is older than they are) nothing is asked.
"""

from decimal import Decimal

from msgspec import UNSET, Struct, field

from actors import pretrade, throttles
from actors.book import RESET, Book
from actors.states import SEVERITY
from actors.throttles import Past
from core.clock import SECOND
from core.messages import (
    AccountSnapshot,
    Alert,
    Bar,
    CancelOrder,
    ClosePosition,
    Command,
    Fill,
    Halted,
    Intent,
    Message,
    ModifyOrder,
    PlaceOrder,
    Refused,
    RunStarted,
    SessionOpened,
    StateChanged,
)
from core.reasons import Reason
from core.sessions import begins
from core.settings import ControlSettings, Settings
from core.terms import Check, Purpose, State, exact, most, whole

ZERO = Decimal(0)
TOLD = 3  # edition since which a day's limit is an alert
ASKED = (PlaceOrder, ModifyOrder, CancelOrder, ClosePosition)
# Closed for one of these: the account was not as it should be.
GRAVE = (Reason.RISK_NAKED, Reason.RISK_MAX_POSITION, Reason.ORD_OCO_BOTH_FILLED)


class Controls(Struct):
    past: Past = field(default_factory=Past)
    account: int = 0
    open: bool = True  # the venue lets it trade
    bid: float = 0.0
    ask: float = 0.0
    quote_at: int = 0  # the market last moved
    balance: Decimal = ZERO  # as the venue told it
    balance_at: int = 0
    skew: Decimal | None = None  # seconds; None unknown
    day: str = ""
    trades: int = 0  # entries of the day
    traded: str = ""  # intent of the newest
    alarm_at: int = 0  # the oldest alert that nobody has acknowledged; 0 none

    def see(self, bar: Bar) -> None:
        if not bar.filled or (bar.bid, bar.ask) != (self.bid, self.ask):
            self.quote_at = bar.at
        self.bid, self.ask = bar.bid, bar.ask

    def hear(self, message: Message, settings: Settings) -> list[Message]:
        """Book it; an alert if a person must know of it."""
        numbers = (message.settings if isinstance(message, RunStarted) else settings).controls
        if numbers is None:
            return []
        if isinstance(message, ASKED):
            self.past.asked(message.at, numbers.messages_long_max)
        match message:
            case PlaceOrder(purpose=Purpose.ENTRY, intent=intent) if intent != self.traded:
                self.trades, self.traded = self.trades + 1, intent
            case AccountSnapshot(at=at, balance=balance, skew=skew):
                self.balance, self.balance_at, self.open = balance, at, message.can_trade
                self.skew = None if skew is UNSET else skew
            case SessionOpened(trade_date=day) if begins(day, self.day, settings.edition):
                self.day, self.trades = day, 0
            case RunStarted():
                self.begin(message)
            case Command(at=at, name="enable"):
                self.past.enable(at)
            case Command(name="ack" | "rearm"):
                self.alarm_at = 0
            case Halted(reason=of, why=why):
                return self.alarm(message.at, of, why)
            case ClosePosition(reason=of) if of in GRAVE:
                return self.alarm(message.at, of, "the position had to be closed")
            case Fill(trade_id=made_up) if made_up < 0:
                text = "a position that no fill explains was taken over from the venue"
                return self.alarm(message.at, Reason.REC_POSITION_DRIFT, text)
        return []

    def begin(self, run: RunStarted) -> None:
        self.account, self.bid, self.ask, self.quote_at = run.account_id, 0.0, 0.0, 0
        if run.settings.edition >= RESET:
            self.past.begin(run.at)
            self.alarm_at = min(self.alarm_at, run.at)

    def alarm(self, at: int, of: Reason, text: str) -> list[Message]:
        self.alarm_at = self.alarm_at or at
        return [Alert(at, text, of)]

    def fallen(self, told: list[Message], settings: Settings) -> list[Message]:
        """What only a person re-opens calls one, and waits for `ack`; a day's limit just tells."""
        changes = [m for m in told if isinstance(m, StateChanged)] if calls(settings) else []
        alerts: list[Message] = []
        for change in changes:
            at, reason, why = change.at, change.reason, change.why
            if change.state is State.HALTED:
                alerts += self.alarm(at, reason, f"halted: {why}")
            elif reason is Reason.REC_FAILED:
                alerts += self.alarm(at, reason, why)
            elif reason in SEVERITY and settings.edition >= TOLD:
                alerts.append(Alert(at, f"no entry until {change.reopens}: {why}", reason))
        return alerts

    def refused(self, verdict: Message) -> list[Message]:
        """Some refusals stop more than this one entry, until a named person says otherwise."""
        if not isinstance(verdict, Refused):
            return []
        at, reason, wish = verdict.at, verdict.reason, verdict.intent
        if reason is Reason.RISK_COLLAR_DRIFT:
            return [Halted(at, "the prices of entries drift one way", "risk", reason)]
        who = f"{wish.strategy} {wish.side:+d}"
        if reason is not Reason.RISK_THROTTLE_REPEAT or who in self.past.off:
            return []
        self.past.off[who] = at
        return self.alarm(at, reason, f"{who} is off: it repeats itself; see tradebot enable")

    def overdue(self, at: int, settings: Settings) -> bool:
        """An alert that nobody acknowledged in time."""
        numbers = settings.controls
        if not self.alarm_at or numbers is None:
            return False
        return at - self.alarm_at >= int(numbers.ack_s * SECOND)


def calls(settings: Settings) -> bool:
    """Do the clock and the limits call a person too? From edition 2 on."""
    return settings.controls is not None and settings.edition >= 2


def standing(controls: Controls, settings: Settings, book: Book) -> tuple[Check, ...]:
    """What any entry meets until the account changes."""
    numbers = settings.controls
    if numbers is None:
        return ()
    live = len(book.alive) + pretrade.LEGS
    skew = controls.skew
    far = exact(numbers.skew_max_s)
    return (
        pretrade.allowed(numbers, settings.instrument, controls.account, controls.open),
        Check(Reason.RISK_CLOCK_SKEW, Decimal(-1) if skew is None else abs(skew), far,
              skew is not None and abs(skew) <= far),
        most(Reason.RISK_MAX_OPEN_ORDERS, whole(live), whole(numbers.orders_open_max)),
    )  # fmt: skip


def judge(
    wish: Intent, size: int, cost: Decimal, controls: Controls, settings: Settings, book: Book,
    now: int, reserved: int,
) -> tuple[Check, ...]:  # fmt: skip
    """What this entry meets. cost: dollars it may lose; reserved: approved and not yet sent."""
    numbers, instrument, past = settings.controls, settings.instrument, controls.past
    if numbers is None:
        return ()
    dollars = pretrade.worth(instrument, wish.price, size)
    exposed = pretrade.exposed(book) + reserved * size
    opposed = pretrade.opposed(book, wish.side)
    needed = numbers.margin_contract * (exposed + size) + cost * (reserved + 1)
    open_value = pretrade.worth(instrument, wish.price, exposed) + dollars
    trades = controls.trades + reserved + 1
    return (
        pretrade.quantity(size, numbers.quantity_max),
        pretrade.value(dollars, numbers.order_value_max),
        most(Reason.RISK_MAX_OPEN_ORDERS, open_value, numbers.open_value_max),
        _age(Reason.DATA_STALE, now - controls.quote_at, numbers.quote_max_s),
        pretrade.crossed(controls.bid, controls.ask),
        pretrade.collar(wish, instrument, controls.bid, controls.ask, pretrade.width(numbers, now)),
        throttles.drifting(past, numbers, wish, now, instrument.tick),
        _age(Reason.RISK_STALE_BALANCE, now - controls.balance_at, numbers.balance_max_s),
        most(Reason.RISK_CAPITAL, needed, controls.balance),
        most(Reason.RISK_MAX_TRADES, whole(trades), whole(numbers.trades_day_max)),
        *throttles.messages(past, numbers, now, reserved),
        throttles.repeated(past, numbers, wish, now),
        throttles.duplicated(past, numbers, wish, size, now),
        Check(Reason.RISK_SELF_CROSS, whole(opposed), ZERO, not opposed),
    )


def young(position_at: int, at: int, numbers: ControlSettings | None) -> Check | None:
    """A position that the strategy may not leave yet; stops, targets and flattens do not ask."""
    if numbers is None:
        return None
    held = Decimal(at - position_at) / SECOND
    least = exact(numbers.hold_min_s)
    return Check(Reason.SIG_MIN_HOLD, held, least, False) if held < least else None


def _age(rule: Reason, ns: int, most_s: float) -> Check:
    return most(rule, Decimal(ns) / SECOND, exact(most_s))
