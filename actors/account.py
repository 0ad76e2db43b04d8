"""The account as risk knows it: what it holds, owes and may still lose, to the cent."""

from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from actors import agreement, budget, firm
from actors.book import Book
from actors.breakers import Breakers
from actors.controls import Controls
from actors.order import Life, Order
from actors.portfolio import distances
from actors.position import EXACT, gross
from actors.refusals import looked_for
from actors.regimes import Hours
from actors.sizing import Results
from core.clock import SECOND
from core.messages import AccountSnapshot, Bar, Message, NotPlaced, OrderAccepted, OrderRejected
from core.reasons import Reason
from core.sessions import share as share_of_day
from core.settings import RiskSettings, Settings
from core.terms import Check, Purpose, State, below, tidied

ZERO = Decimal(0)
# Links that are no wires: our clock against the wall's, the venue's, and how late our loop is.
CLOCKS = {
    "clock": Reason.RISK_CLOCK_SKEW,
    "venue": Reason.RISK_CLOCK_SKEW,
    "loop": Reason.SYS_LOOP_LAG,
}


class Account(Struct):
    """All that risk remembers; it outlives a restart to the cent."""

    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    state: State = State.ACTIVE
    why: Reason = Reason.RISK_PASS  # of the state
    contract: str = ""
    capital: Decimal = ZERO
    config: str = ""  # version of the configuration
    killed: str = ""  # the one with which the kill limit was reached
    tight: list[str] = field(default_factory=list)  # tightenings that were told and still hold
    base: Decimal | None = None  # balance before this log's fills; None until the venue told one
    short: Decimal = ZERO  # dollars that the venue's balance is under ours, by two looks
    lack: Decimal = ZERO  # ... by the newest one
    day: str = ""  # trade date
    day_start: Decimal = ZERO
    peak: Decimal = ZERO  # highest marked equity of the day
    high: Decimal = ZERO  # highest marked equity ever
    reducing: bool = False  # the position was asked to go
    parted: int = 0  # contracts held when a part of them was last asked to go; 0 none
    parted_at: int = 0
    resume_at: int = 0  # a daily limit ends; 0: with the trade date
    high_close: Decimal = ZERO  # highest balance at the end of a day
    losses: int = 0  # in a row
    pause_until: int = 0
    mark: Decimal | None = None
    links: dict[str, bool] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)  # when a link was, within the window
    agreed: bool = False
    began: int = 0  # this run
    since: int = 0  # the start of this run; 0 when it has once agreed with the venue
    strangers: int = 0  # orders of others, filled, that the agreement knew of
    now: int = 0  # the last pulse
    told_at: int = 0  # the last alert that we are not flat when we must be
    paused: bool = False  # by an operator, who alone ends it
    stopping: bool = False  # told to stop: nothing opens before the next start
    breakers: Breakers = field(default_factory=Breakers)
    results: Results = field(default_factory=Results)
    # Approved, not yet an order: intent -> what it may lose, and until when it may be sent.
    reserved: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)  # entry proven absent -> may come until
    controls: Controls = field(default_factory=Controls)
    hours: Hours = field(default_factory=Hours)  # of a crypto account

    @property
    def waits(self) -> bool:
        """Something of it ends by the clock or a look alone."""
        return bool(self.resume_at or self.parted or self.late)


def heard(account: Account, message: Message) -> None:
    """Into the book; after a stranger's order, or a refusal, nothing opens before a new look."""
    if isinstance(message, NotPlaced):
        expect(account, message)
    account.book.hear(message, settings_of(account).instrument)
    if account.late:
        account.late = overdue(account, message)
    if isinstance(message, OrderRejected) and looked_for(message, settings_of(account)):
        account.agreed = False
    if isinstance(message, OrderAccepted) and agreement.stranger(account.book, message):
        account.agreed = False


def expect(account: Account, proof: NotPlaced) -> None:
    """The proof is of one minute; what the wires hold back may come minutes later."""
    order = account.book.orders.get(proof.tag)
    if order is None or order.life is not Life.UNKNOWN:
        return  # what was never sent cannot come
    end = order.at + int(settings_of(account).recovery.late_s * SECOND)
    if order.purpose is Purpose.ENTRY and end > proof.at:
        account.late[order.tag] = end


def overdue(account: Account, message: Message) -> dict[str, int]:
    """Entries proven absent that may yet come; who has come counts as what it is now.

    One may have come at the last moment, untold: a look that began after that ends the wait.
    """
    orders, asked = account.book.orders, message.at if isinstance(message, AccountSnapshot) else 0
    known = {tag: orders[tag].life for tag in account.late if tag in orders}
    absent = {tag for tag, life in known.items() if life is Life.NOT_PLACED}
    return {tag: end for tag, end in account.late.items() if tag in absent and end > asked}


def learn(account: Account, bar: Bar) -> None:
    """A crypto account keeps the hours of what it trades."""
    rules = settings_of(account).portfolio
    if rules.rules:
        account.hours.see(bar, settings_of(account).instrument.symbol, rules)


def realised(account: Account) -> Decimal:
    """Balance by our own book, to the cent, less what the venue's is under it."""
    balance = (account.base or ZERO) + account.book.realised - account.short
    return tidied(balance) if account.book.edition >= EXACT else balance


def marked(account: Account) -> Decimal:
    """Equity: the balance, and the open position at the side where it could be closed."""
    equity, held = realised(account), account.book.position
    if not held.size or account.mark is None or account.settings is None:
        return equity
    equity += gross(account.settings.instrument, held.size, held.average, account.mark)
    return tidied(equity) if account.book.edition >= EXACT else equity


def closed(account: Account) -> Decimal:
    """Equity less what it costs to close: what a day's loss counts by (quant.md 9.1)."""
    held = abs(account.book.position.size) if account.mark is not None else 0
    return marked(account) - held * settings_of(account).instrument.side_cost


def limits(account: Account) -> tuple[Check, ...]:
    """The account's own limits, in the order of quant.md 9.1. Reaching a limit breaks it."""
    risk, equity = tightest(account), marked(account)
    rows = (
        (Reason.RISK_KILL, account.capital - equity, risk.kill_loss_max),
        (Reason.RISK_ACCOUNT_DRAWDOWN, account.high - equity, risk.account_drawdown_max),
        (Reason.RISK_DAILY_LOSS, account.day_start - closed(account), risk.day_loss_max),
        (Reason.RISK_DRAWDOWN, account.peak - equity, risk.day_drawdown_max),
    )
    own = tuple(below(rule, value, limit) for rule, value, limit in rows)
    prop = settings_of(account).prop
    return own + firm.limits(prop, books(account)) if prop.profile else own


def tightest(account: Account) -> RiskSettings:
    """The limits of money; a crypto account may fall by a share of its highest equity at most."""
    risk, rules = settings_of(account).risk, settings_of(account).portfolio
    if not rules.rules:
        return risk
    fall = min(risk.account_drawdown_max, rules.drawdown_share * account.high)
    return replace(risk, account_drawdown_max=fall)


def books(account: Account) -> firm.Books:
    """What a firm's rules ask of the account."""
    balance = realised(account)
    return firm.Books(account.high_close, account.day_start, balance, closed(account))


def staked(account: Account) -> Decimal:
    """Dollars that what is open or coming may still lose, by its stops or a worse mark."""
    settings = settings_of(account)
    coming = budget.pending_risk(settings.risk, settings.instrument, entries_of(account))
    return coming + at_stake(account)


def rooms(account: Account) -> tuple[Check, ...]:
    """Each rule of the firm: used and limit as things stand; none without a profile."""
    settings, held, entries = settings_of(account), account.book.position.size, entries_of(account)
    worst = budget.worst_side(held, entries)
    return firm.rooms(settings.prop, books(account), settings.instrument, worst)


def left(account: Account) -> Decimal:
    """The dynamic risk budget: dollars a further entry may plan to lose. Negative: overdrawn."""
    return budgeted(account) - approved(account)


def approved(account: Account) -> Decimal:
    """Dollars that intents may lose which are approved and not yet orders."""
    if not account.reserved:
        return ZERO
    return sum((cost for cost, _ in account.reserved.values()), ZERO)


def budgeted(account: Account) -> Decimal:
    """The budget before what is approved and not yet an order."""
    share = budget.drawdown_share(realised(account), account.high)
    share *= budget.volatility_share(account.breakers.ratio)
    return room(account) * share * hour(account, account.now) - staked(account)


def hour(account: Account, at: int) -> Decimal:
    """Of the room: less towards the end of a day that has steps."""
    session = settings_of(account).session
    return share_of_day(at, session) if session.reduce_s and at else Decimal(1)


def room(account: Account) -> Decimal:
    """Dollars between realised equity and the nearest limit."""
    risk, equity = tightest(account), realised(account)
    day = equity - account.day_start
    return budget.room(risk, equity, day, account.peak, account.high, account.capital)


def at_stake(account: Account) -> Decimal:
    """Dollars that the open position may still lose."""
    settings, away = settings_of(account), budget.unprotected(account.breakers.atr)
    if settings.portfolio.rules:  # what is not protected yet will be, by a share of its price
        away = max(away, Decimal(distances(settings, account.book.position.average)[0]))
    return budget.open_risk(settings.risk, settings.instrument, account.book, account.mark, away)


def entries_of(account: Account) -> list[Order]:
    return account.book.live(Purpose.ENTRY)


def settings_of(account: Account) -> Settings:
    assert account.settings is not None
    return account.settings
