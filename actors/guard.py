"""The rules an entry must pass, gravest first, each with its number and its limit."""

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from actors import budget, controls, firm, portfolio, pretrade
from actors.account import (
    CLOCKS,
    ZERO,
    Account,
    approved,
    books,
    budgeted,
    entries_of,
    limits,
    marked,
    realised,
    settings_of,
    staked,
)
from actors.budget import planned
from actors.rolls import openable
from actors.sizing import Size, size
from core.clock import SECOND
from core.messages import Intent
from core.reasons import Reason
from core.sessions import left as until_flat
from core.sessions import share as share_of_day
from core.settings import Settings
from core.terms import REVERSALS, Action, Check, State, exact, flag, least, most, whole

EXIT_OF = {
    Action.REVERSE_TO_LONG: Action.EXIT_SHORT,
    Action.REVERSE_TO_SHORT: Action.EXIT_LONG,
}


def leaving(intent: Intent) -> Intent:
    """The exit that a reversal begins with: no rule may forbid that."""
    return replace(intent, action=EXIT_OF[intent.action], side=-intent.side)


class Standing(Struct, frozen=True):
    """What any entry would meet now, whatever it is: true until the account changes."""

    checks: tuple[Check, ...]
    budget: Decimal
    books: firm.Books | None = None  # for a firm's rules, if there is one


def standing(account: Account) -> Standing:
    risk = settings_of(account).risk
    unknown = len(account.book.unknown()) + len(account.late)
    agreed = account.agreed and len(account.book.foreign()) <= account.strangers
    kill, drawdown, *daily = limits(account)
    checks = (
        flag(account.why, account.state is State.ACTIVE),
        flag(Reason.RISK_NOT_AGREED, agreed and account.book.settled()),
        flag(Reason.RISK_STALE_DATA, account.links.get("market", False)),
        *(flag(CLOCKS[c], account.links[c]) for c in CLOCKS if c in account.links),
        Check(Reason.RISK_UNKNOWN_PENDING, whole(unknown), ZERO, not unknown),
        kill,
        drawdown,
        least(Reason.RISK_MIN_BALANCE, realised(account), risk.balance_min),
        *daily,
        *controls.standing(account.controls, settings_of(account), account.book),
    )
    if not settings_of(account).prop.profile:
        return Standing(checks, budgeted(account))
    known = replace(books(account), stake=staked(account))
    return Standing(checks, budgeted(account), known)


def fitting(intent: Intent, account: Account, now: Standing) -> Size:
    """Contracts that fit, by balance, confidence, market, hour and budget."""
    settings = settings_of(account)
    factor = account.breakers.factor(settings) * share_of_day(intent.at, settings.session)
    if settings.portfolio.rules:
        return portfolio.size(intent, settings, folio(intent, account, factor))
    space = now.budget - approved(account)
    return size(intent, settings, realised(account), factor, space, account.results)


def folio(intent: Intent, account: Account, factor: Decimal) -> portfolio.Known:
    """What a crypto account holds, and what is known of its market.

    An approved entry that is not yet an order counts as risk.contracts, as it does elsewhere."""
    settings, hours = settings_of(account), account.hours
    instrument, held = settings.instrument, account.book.position.size
    coming = budget.worst_case(0, entries_of(account), intent.side)
    coming += len(account.reserved) * settings.risk.contracts
    left = 0 if intent.action in REVERSALS else held  # that one goes first
    parts = (
        pretrade.worth(instrument, account.mark or intent.price, left),
        pretrade.worth(instrument, intent.price, intent.side * coming),
    )
    found = tuple(portfolio.Holding(instrument.symbol, part) for part in parts if part)
    seen = hours.volatility(instrument.symbol, settings.portfolio)
    return portfolio.Known(marked(account), found, hours.returns, seen, factor, account.results)


class Weighed(NamedTuple):
    contracts: int  # at least one, to be refused with its numbers
    cost: Decimal  # dollars that they may lose
    checks: tuple[Check, ...]


def weigh(intent: Intent, account: Account, now: Standing) -> Weighed:
    """An entry's size, what it may lose, and what every rule says to that."""
    settings, fit = settings_of(account), fitting(intent, account, now)
    contracts = max(fit.contracts, 1)
    cost = planned(settings.risk, settings.instrument, contracts, intent.stop_ticks)
    checks = (*judge(intent, account, contracts, cost, now), *fit.checks)
    return Weighed(contracts, cost, checks)


def outlook(account: Account, price: Decimal) -> tuple[Check, ...]:
    """What the surest entry by the settings would meet now: every rule with its number."""
    settings, found = settings_of(account), standing(account)
    signals, at = settings.signals, account.now
    wish = Intent(
        at, "outlook", Action.LONG_ENTRY, 1, 1.0, *portfolio.distances(settings, price), price,
        at + int(signals.ttl_s * SECOND), signals.strategy,
    )  # fmt: skip
    return weigh(wish, account, found).checks


def judge(
    intent: Intent, account: Account, contracts: int, cost: Decimal, now: Standing
) -> tuple[Check, ...]:
    """Every rule for an entry, in order of gravity; the first that fails is the reason.

    cost: dollars that so many contracts may lose.
    """
    settings, book, at = settings_of(account), account.book, intent.at
    risk, waiting = settings.risk, len(account.reserved)
    exposure = budget.worst_case(book.position.size, entries_of(account), intent.side) + contracts
    exposure += waiting * risk.contracts
    moment = max(at, account.now)
    life = Decimal(intent.expires_at - moment) / SECOND
    pause = Decimal(max(0, account.pause_until - at)) / SECOND
    return (
        *now.checks,
        Check(Reason.RISK_LOSSES_IN_ROW, pause, ZERO, not pause),
        *account.breakers.checks(settings),
        _open(at, settings),
        *openable(account.contract, settings.session.roll_days, at),
        most(Reason.RISK_MAX_POSITION, whole(exposure), whole(risk.position_max)),
        least(Reason.SIG_EXPIRED, life, ZERO),
        flag(Reason.RISK_NAKED, intent.stop_ticks > 0),
        most(Reason.RISK_TRADE_TOO_LARGE, cost, risk.trade_risk_max),
        most(Reason.RISK_DRB, cost, now.budget - approved(account)),
        *_firm(account, now, exposure, cost),
        *controls.judge(intent, contracts, cost, account.controls, settings, book, moment, waiting),
    )


def _firm(account: Account, now: Standing, exposure: int, cost: Decimal) -> tuple[Check, ...]:
    if now.books is None:
        return ()
    settings, coming = settings_of(account), approved(account) + cost
    return firm.entry(settings.prop, now.books, settings.instrument, exposure, coming)


def closing(at: int, settings: Settings) -> Decimal:
    """Seconds until the position must be flat; negative outside the session."""
    return Decimal(until_flat(at, settings.session)) / SECOND


def _open(at: int, settings: Settings) -> Check:
    seconds, limit = closing(at, settings), exact(settings.session.no_entry_s)
    return Check(Reason.RISK_SESSION_CLOSED, seconds, limit, seconds > limit)
