"""The rules an entry must pass, gravest first, each with its number and its limit."""

from decimal import Decimal

from msgspec import Struct, field

from actors import budget, controls
from actors.book import Book
from actors.controls import Controls
from actors.order import Order
from actors.position import gross
from core.clock import SECOND
from core.messages import Intent
from core.reasons import Reason
from core.sessions import session
from core.settings import Settings
from core.terms import Check, Purpose, State, exact

ZERO = Decimal(0)


class Account(Struct):
    """All that risk remembers; it outlives a restart to the cent."""

    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    state: State = State.ACTIVE
    why: Reason = Reason.RISK_PASS  # of the state
    capital: Decimal = ZERO
    base: Decimal | None = None  # balance before this log's fills; None until the venue told one
    day: str = ""  # trade date
    day_start: Decimal = ZERO
    peak: Decimal = ZERO  # highest marked equity of the day
    high: Decimal = ZERO  # highest marked equity ever
    losses: int = 0  # in a row
    pause_until: int = 0
    mark: Decimal | None = None
    links: dict[str, bool] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)  # when a link was, within the window
    agreed: bool = False
    now: int = 0  # the last pulse
    paused: bool = False  # by an operator, who alone ends it
    # Approved, not yet an order: intent -> what it may lose, and until when it may be sent.
    reserved: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    controls: Controls = field(default_factory=Controls)


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
    return tuple(Check(rule, value, limit, value < limit) for rule, value, limit in rows)


def left(account: Account) -> Decimal:
    """The dynamic risk budget: dollars a further entry may plan to lose. Negative: overdrawn."""
    return budgeted(account) - approved(account)


def approved(account: Account) -> Decimal:
    """Dollars that intents may lose which are approved and not yet orders."""
    return sum((cost for cost, _ in account.reserved.values()), ZERO)


def budgeted(account: Account) -> Decimal:
    """The budget before what is approved and not yet an order."""
    settings = _settings(account)
    risk, equity = settings.risk, realised(account)
    day = equity - account.day_start
    space = budget.room(risk, equity, day, account.peak, account.high, account.capital)
    coming = budget.pending_risk(risk, settings.instrument, _entries(account))
    at_stake = budget.open_risk(risk, settings.instrument, account.book, account.mark)
    share = budget.drawdown_share(equity, account.high)
    return space * share - at_stake - coming


class Standing(Struct, frozen=True):
    """What any entry would meet now, whatever it is: true until the account changes."""

    checks: tuple[Check, ...]
    budget: Decimal


def standing(account: Account) -> Standing:
    risk = _settings(account).risk
    unknown = len(account.book.unknown())
    kill, drawdown, *daily = limits(account)
    checks = (
        _flag(account.why, account.state is State.ACTIVE),
        _flag(Reason.RISK_NOT_AGREED, account.agreed and not account.book.doubt),
        _flag(Reason.RISK_STALE_DATA, account.links.get("market", False)),
        Check(Reason.RISK_UNKNOWN_PENDING, Decimal(unknown), ZERO, not unknown),
        kill,
        drawdown,
        _floor(Reason.RISK_MIN_BALANCE, realised(account), risk.balance_min),
        *daily,
        *controls.standing(account.controls, _settings(account), account.book),
    )
    return Standing(checks, budgeted(account))


def judge(intent: Intent, account: Account, cost: Decimal, now: Standing) -> tuple[Check, ...]:
    """Every rule for an entry, in order of gravity; the first that fails is the reason.

    cost: dollars it may lose.
    """
    settings = _settings(account)
    risk = settings.risk
    exposure = budget.worst_case(account.book, intent.side) + risk.contracts
    exposure += len(account.reserved) * risk.contracts
    moment = max(intent.at, account.now)
    life = Decimal(intent.expires_at - moment) / SECOND
    pause = Decimal(max(0, account.pause_until - intent.at)) / SECOND
    return (
        *now.checks,
        Check(Reason.RISK_LOSSES_IN_ROW, pause, ZERO, not pause),
        _open(intent.at, settings),
        _most(Reason.RISK_MAX_POSITION, Decimal(exposure), Decimal(risk.position_max)),
        _floor(Reason.SIG_EXPIRED, life, ZERO),
        _flag(Reason.RISK_NAKED, intent.stop_ticks > 0),
        _most(Reason.RISK_TRADE_TOO_LARGE, cost, risk.trade_risk_max),
        _most(Reason.RISK_DRB, cost, now.budget - approved(account)),
        *controls.judge(
            intent, risk.contracts, cost, account.controls, settings, account.book, moment,
            len(account.reserved),
        ),
    )  # fmt: skip


def closing(at: int, settings: Settings) -> Decimal:
    """Seconds until the position must be flat; negative outside the session."""
    now = session(at, settings.session.kind)
    return Decimal(now.flat_ns - at) / SECOND if now else Decimal(-1)


def _open(at: int, settings: Settings) -> Check:
    limit = exact(settings.session.no_entry_s)
    return _floor(Reason.RISK_SESSION_CLOSED, closing(at, settings), limit)


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
