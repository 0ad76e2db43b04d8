"""What admits less than usual though the account is ACTIVE: who did it, why, and what ends it.

Each is a record when it begins (`Tightened`) and a line of `tradebot status` while it holds. What
it ends by needs no record: it is in the record itself.
"""

from collections.abc import Iterator

from actors import budget
from actors.account import Account, realised, settings_of
from actors.regimes import counted, factor
from core.clock import SECOND
from core.messages import (
    AccountSnapshot,
    Command,
    Conditions,
    Message,
    PlaceOrder,
    Tightened,
    TradeClosed,
)
from core.reasons import Reason
from core.sessions import Phase, phase, trade_date

# After these it is told what has been tightened: the venue is looked at every few seconds.
TIGHTENING = (Conditions, TradeClosed, PlaceOrder, Command, AccountSnapshot)
BY_HAND = "tradebot enable --by NAME --why TEXT"
RANGED = 4  # edition since which a budget that the range shrinks is told, and a coin's volatility
HALF, NONE = Reason.RISK_SIZE_FACTOR, Reason.RISK_SESSION_CLOSED


def tightened(account: Account, at: int) -> list[Message]:
    """Those that have begun since the last call."""
    if account.settings is None or not account.settings.edition:
        return []
    now = {f"{one.reason} {one.what}": one for one in holding(account, at)}
    if not now and not account.tight:
        return []
    told, account.tight = account.tight, list(now)
    return [one for name, one in now.items() if name not in told]


def holding(account: Account, at: int) -> list[Tightened]:
    """All that hold now."""
    if account.settings is None or account.base is None:
        return []
    rows = (*of_results(account, at), *of_market(account), *of_day(account, at))
    if account.settings.edition >= RANGED:
        rows = (*rows, *of_range(account), *of_coin(account))
    return [
        Tightened(at, what, why, "clock" if rule in (HALF, NONE) else "risk", ends, rule)
        for rule, what, why, ends in rows
    ]


Row = tuple[Reason, str, str, str]  # rule, what, why, what ends it


def of_results(account: Account, at: int) -> Iterator[Row]:
    """What the account's own trading brought about."""
    settings, equity = settings_of(account), realised(account)
    if account.pause_until > at:
        ends = f"by itself, {(account.pause_until - at) / SECOND:g} s later"
        why = f"{account.losses} net losses in a row: no entries"
        yield Reason.RISK_LOSSES_IN_ROW, str(account.pause_until), why, ends
    share = budget.drawdown_share(equity, account.high)
    if share < 1:
        why = f"equity {equity:.2f} is that far under its highest, {account.high:.2f}: the budget"
        yield Reason.RISK_DRB, str(share), f"{why} times {share}", "by itself, with higher equity"
    if account.short:
        why = f"the venue's balance is {account.short:.2f} dollars under the log's: it counts"
        yield Reason.RISK_CAPITAL, str(account.short), why, "by itself, when both are alike"
    if equity < settings.risk.balance_min:
        least = settings.risk.balance_min
        why = f"balance {equity:.2f} under {least}: no entries"
        yield Reason.RISK_MIN_BALANCE, "balance", why, f"by itself, at {least}"
    for who in account.controls.past.off:
        yield Reason.RISK_THROTTLE_REPEAT, who, f"{who} repeats itself: off", BY_HAND
    for tag, end in account.late.items():
        why = f"{tag} was proven absent and may come all the same: no entries"
        ends = f"by itself, with the first look after {max(0, end - at) / SECOND:g} s"
        yield Reason.RISK_UNKNOWN_PENDING, tag, why, ends


def of_market(account: Account) -> Iterator[Row]:
    seen, limits = account.breakers, settings_of(account).breakers
    less = "no entries" if limits.pause else f"sizes times {limits.factor}"
    if seen.wide:
        ends = f"by itself, at a spread of {limits.spread_resume_ticks}"
        most = limits.spread_pause_ticks
        yield Reason.RISK_SPREAD, "wide", f"a spread of over {most} ticks: no entries", ends
    if seen.wild:
        why = f"range over {limits.atr_high} times its normal: {less}"
        yield Reason.RISK_VOLATILITY, "wild", why, f"by itself, under {limits.atr_calm} times"
    if seen.thin(settings_of(account)):
        why = f"volume under {limits.volume_low} of its normal: {less}"
        yield Reason.RISK_VOLUME, "thin", why, f"by itself, at {limits.volume_low} or more"


def of_range(account: Account) -> Iterator[Row]:
    ratio = account.breakers.ratio
    share = budget.volatility_share(ratio)
    if share < 1:
        why = f"range {ratio:.2f} times its normal: the budget times {share:.3f}"
        yield Reason.RISK_DRB, "range" if share else "no range", why, "by itself, at 1.5 times"


def of_coin(account: Account) -> Iterator[Row]:
    """What the volatility of its hours leaves of a crypto account's entry."""
    settings = settings_of(account)
    rules = settings.portfolio
    if not rules.rules:
        return
    seen = account.hours.volatility(settings.instrument.symbol, rules)
    times = factor(counted(seen, rules), rules)
    if times < 1:
        known = "not known" if seen is None else f"{seen:.2f} times its median"
        why = f"volatility {known}: {f'sizes times {times}' if times else 'no entries'}"
        rule = Reason.RISK_FOLIO_REGIME if times else Reason.RISK_VOLATILITY
        ends = "calmer hours" if seen is not None else "hours enough to know it"
        yield rule, f"volatility {times}", why, f"by itself, with {ends}"


def of_day(account: Account, at: int) -> Iterator[Row]:
    settings = settings_of(account)
    rules, step = settings.session, phase(at, settings.session)
    numbers, controls = settings.controls, account.controls
    if step is Phase.REDUCED and rules.reduce_share < 1:
        why = f"the end of the day is near: sizes times {rules.reduce_share}"
        yield HALF, trade_date(at, rules.kind), why, "the next session"
    if step >= Phase.EXITS:
        yield NONE, trade_date(at, rules.kind), "the end of the day: exits only", "the next session"
    if numbers is not None and controls.trades >= numbers.trades_day_max:
        why = f"{controls.trades} entries today: no more"
        yield Reason.RISK_MAX_TRADES, account.day, why, "the next trade date"
