"""The rules an entry must pass, gravest first, each with its number and its limit."""

from decimal import Decimal

from msgspec import Struct, field
from msgspec.structs import replace

from actors import budget, firm
from actors.book import Book
from actors.breakers import Breakers
from actors.order import Order
from actors.position import gross
from actors.rolls import openable
from actors.sizing import Results
from core.clock import SECOND
from core.messages import Intent, Message, Reduce
from core.reasons import Reason
from core.sessions import left as until_flat
from core.settings import Settings
from core.terms import Check, Purpose, State, exact

ZERO = Decimal(0)
CLOCKS = ("clock", "venue")  # links that are no wires: ours against the wall's, the venue's


class Account(Struct):
    """All that risk remembers; it outlives a restart to the cent."""

    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    state: State = State.ACTIVE
    why: Reason = Reason.RISK_PASS  # of the state
    contract: str = ""
    capital: Decimal = ZERO
    base: Decimal | None = None  # balance before this log's fills; None until the venue told one
    day: str = ""  # trade date
    day_start: Decimal = ZERO
    peak: Decimal = ZERO  # highest marked equity of the day
    high: Decimal = ZERO  # highest marked equity ever
    reducing: bool = False  # the position was asked to go
    resume_at: int = 0  # a daily limit ends; 0: with the trade date
    high_close: Decimal = ZERO  # highest balance at the end of a day
    losses: int = 0  # in a row
    pause_until: int = 0
    mark: Decimal | None = None
    links: dict[str, bool] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)  # when a link was, within the window
    agreed: bool = False
    now: int = 0  # the last pulse
    told_at: int = 0  # the last alert that we are not flat when we must be
    paused: bool = False  # by an operator, who alone ends it
    breakers: Breakers = field(default_factory=Breakers)
    results: Results = field(default_factory=Results)
    # Approved, not yet an order: intent -> what it may lose, and until when it may be sent.
    reserved: dict[str, tuple[Decimal, int]] = field(default_factory=dict)


def realised(account: Account) -> Decimal:
    """Balance by our own book: what the venue should show, to the cent."""
    return (account.base or ZERO) + account.book.realised


def marked(account: Account) -> Decimal:
    """Equity with the open position closed at its mark, net of the cost of closing it."""
    equity, held = realised(account), account.book.position
    if not held.size or account.mark is None or account.settings is None:
        return equity
    instrument = account.settings.instrument
    made = gross(instrument, held.size, held.average, account.mark)
    return equity + made - abs(held.size) * instrument.side_cost


def limits(account: Account) -> tuple[Check, ...]:
    """The account's own limits, in the order of quant.md 9.1. Reaching a limit breaks it."""
    risk, equity = _settings(account).risk, marked(account)
    rows = (
        (Reason.RISK_KILL, account.capital - equity, risk.kill_loss_max),
        (Reason.RISK_ACCOUNT_DRAWDOWN, account.high - equity, risk.account_drawdown_max),
        (Reason.RISK_DAILY_LOSS, account.day_start - equity, risk.day_loss_max),
        (Reason.RISK_DRAWDOWN, account.peak - equity, risk.day_drawdown_max),
    )
    own = tuple(Check(rule, value, limit, value < limit) for rule, value, limit in rows)
    prop = _settings(account).prop
    return own + firm.limits(prop, books(account)) if prop.profile else own


def books(account: Account) -> firm.Books:
    """What a firm's rules ask of the account."""
    balance = realised(account)
    return firm.Books(account.high_close, account.day_start, balance, marked(account))


def staked(account: Account) -> Decimal:
    """Dollars that what is open or coming may still lose, by its stops or a worse mark."""
    settings = _settings(account)
    coming = budget.pending_risk(settings.risk, settings.instrument, _entries(account))
    return coming + at_stake(account)


def rooms(account: Account) -> tuple[Check, ...]:
    """Each rule of the firm: used and limit as things stand; none without a profile."""
    settings, held, entries = _settings(account), account.book.position.size, _entries(account)
    most = max(budget.worst_case(held, entries, side) for side in (1, -1))
    return firm.rooms(settings.prop, books(account), settings.instrument, most)


def left(account: Account) -> Decimal:
    """The dynamic risk budget: dollars a further entry may plan to lose. Negative: overdrawn."""
    return budgeted(account) - approved(account)


def approved(account: Account) -> Decimal:
    """Dollars that intents may lose which are approved and not yet orders."""
    return sum((cost for cost, _ in account.reserved.values()), ZERO)


def budgeted(account: Account) -> Decimal:
    """The budget before what is approved and not yet an order."""
    share = budget.drawdown_share(realised(account), account.high)
    share *= budget.volatility_share(account.breakers.ratio)
    return room(account) * share - staked(account)


def room(account: Account) -> Decimal:
    """Dollars between realised equity and the nearest limit."""
    risk, equity = _settings(account).risk, realised(account)
    day = equity - account.day_start
    return budget.room(risk, equity, day, account.peak, account.high, account.capital)


def at_stake(account: Account) -> Decimal:
    """Dollars that the open position may still lose."""
    settings, atr = _settings(account), account.breakers.atr
    return budget.open_risk(settings.risk, settings.instrument, account.book, account.mark, atr)


class Standing(Struct, frozen=True):
    """What any entry would meet now, whatever it is: true until the account changes."""

    checks: tuple[Check, ...]
    budget: Decimal
    books: firm.Books | None = None  # for a firm's rules, if there is one


def standing(account: Account) -> Standing:
    risk = _settings(account).risk
    unknown = len(account.book.unknown())
    kill, drawdown, *daily = limits(account)
    checks = (
        _flag(account.why, account.state is State.ACTIVE),
        _flag(Reason.RISK_NOT_AGREED, account.agreed and not account.book.doubt),
        _flag(Reason.RISK_STALE_DATA, account.links.get("market", False)),
        *(_flag(Reason.RISK_CLOCK_SKEW, account.links[c]) for c in CLOCKS if c in account.links),
        Check(Reason.RISK_UNKNOWN_PENDING, Decimal(unknown), ZERO, not unknown),
        kill,
        drawdown,
        _floor(Reason.RISK_MIN_BALANCE, realised(account), risk.balance_min),
        *daily,
    )
    if not _settings(account).prop.profile:
        return Standing(checks, budgeted(account))
    known = replace(books(account), stake=staked(account))
    return Standing(checks, budgeted(account), known)


def judge(
    intent: Intent, account: Account, size: int, cost: Decimal, now: Standing
) -> tuple[Check, ...]:
    """Every rule for an entry, in order of gravity; the first that fails is the reason.

    size: contracts; cost: dollars they may lose.
    """
    settings = _settings(account)
    risk = settings.risk
    held, entries = account.book.position.size, _entries(account)
    exposure = budget.worst_case(held, entries, intent.side) + size
    exposure += len(account.reserved) * risk.contracts
    life = Decimal(intent.expires_at - max(intent.at, account.now)) / SECOND
    pause = Decimal(max(0, account.pause_until - intent.at)) / SECOND
    return (
        *now.checks,
        Check(Reason.RISK_LOSSES_IN_ROW, pause, ZERO, not pause),
        *account.breakers.checks(settings),
        _open(intent.at, settings),
        *openable(account.contract, settings.session.roll_days, intent.at),
        _most(Reason.RISK_MAX_POSITION, Decimal(exposure), Decimal(risk.position_max)),
        _floor(Reason.SIG_EXPIRED, life, ZERO),
        _flag(Reason.RISK_NAKED, intent.stop_ticks > 0),
        _most(Reason.RISK_TRADE_TOO_LARGE, cost, risk.trade_risk_max),
        _most(Reason.RISK_DRB, cost, now.budget - approved(account)),
        *_firm(account, now, exposure, cost),
    )


def reduction(account: Account, at: int) -> list[Message]:
    """Once for each position: get out where the stop no longer fits into the room (9.6).

    A position without a stop is not this rule's: it gets one within seconds, or is closed.
    """
    size, risk = abs(account.book.position.size), _settings(account).risk
    if not size or not risk.drb_reduce:
        account.reducing = False
        return []
    stake, space = at_stake(account), room(account)
    known = all(order.price for order in account.book.live(Purpose.STOP))
    bare = account.book.resting_stop() < size
    if stake <= space or bare or not known or account.reducing:
        return []
    account.reducing = True
    return [Reduce(at, size, (_most(Reason.RISK_DRB_OVER, stake, space),))]


def _firm(account: Account, now: Standing, exposure: int, cost: Decimal) -> tuple[Check, ...]:
    if now.books is None:
        return ()
    settings, coming = _settings(account), approved(account) + cost
    return firm.entry(settings.prop, now.books, settings.instrument, exposure, coming)


def closing(at: int, settings: Settings) -> Decimal:
    """Seconds until the position must be flat; negative outside the session."""
    return Decimal(until_flat(at, settings.session)) / SECOND


def _open(at: int, settings: Settings) -> Check:
    seconds, limit = closing(at, settings), exact(settings.session.no_entry_s)
    return Check(Reason.RISK_SESSION_CLOSED, seconds, limit, seconds > limit)


def _flag(rule: Reason, passed: bool) -> Check:
    return Check(rule, Decimal(not passed), ZERO, passed)


def _most(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    return Check(rule, value, limit, value <= limit)


def _floor(rule: Reason, value: Decimal, limit: Decimal) -> Check:
    return Check(rule, value, limit, value >= limit)


def _entries(account: Account) -> list[Order]:
    return account.book.live(Purpose.ENTRY)


def _settings(account: Account) -> Settings:
    assert account.settings is not None
    return account.settings
