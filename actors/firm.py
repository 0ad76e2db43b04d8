"""The rules of a proprietary trading firm, beside our own: whichever is stricter says no.

The firm ends an account whose equity, open positions included, touches the floor. So an entry must
leave room for the worst that is planned: all that is open, coming, approved or wished stopped out.
Amounts are dollars; nothing is asked while no profile is named.
"""

from decimal import Decimal

from msgspec import Struct

from core.instruments import Instrument
from core.prop import PROFILES, Profile, micros
from core.reasons import Reason
from core.settings import PropSettings
from core.terms import Check, below, most


class Books(Struct, frozen=True):
    """What the rules ask of the account."""

    high: Decimal  # highest balance at the end of a day, as far as this log knows
    day_start: Decimal  # balance at the end of the last day
    realised: Decimal  # balance
    marked: Decimal  # balance and open profit, net of the cost of closing
    stake: Decimal = Decimal(0)  # what everything open, coming and approved may still lose


def floor(rules: PropSettings, profile: Profile, books: Books) -> Decimal:
    """Rises with the balance at the end of each day up to the starting one, and never falls."""
    high = max(profile.start, rules.balance_high, books.high, books.day_start)
    return min(high - profile.loss_max, profile.start)


def limits(rules: PropSettings, books: Books, equity: Decimal | None = None) -> tuple[Check, ...]:
    """Used of each loss limit, at this equity (else: marked). Reaching one breaks it."""
    if not rules.profile:
        return ()
    profile = PROFILES[rules.profile]
    equity = books.marked if equity is None else equity
    lost = floor(rules, profile, books) + profile.loss_max - equity
    rows = [below(Reason.RISK_PROP_LOSS, lost, profile.loss_max)]
    if rules.day_limit:
        lost = books.day_start - equity
        rows.append(below(Reason.RISK_PROP_DAY, lost, profile.day_loss_max))
    return tuple(rows)


def entry(
    rules: PropSettings, books: Books, instrument: Instrument, contracts: int, cost: Decimal
) -> tuple[Check, ...]:
    """For an entry that may lose `cost`, after which `contracts` would be held at most."""
    if not rules.profile:
        return ()
    worst = min(books.realised - books.stake, books.marked) - cost
    return (*limits(rules, books, worst), *_others(rules, books, instrument, contracts))


def rooms(
    rules: PropSettings, books: Books, instrument: Instrument, contracts: int
) -> tuple[Check, ...]:
    """Used and limit of each rule as things stand: what is left is the difference."""
    if not rules.profile:
        return ()
    return (*limits(rules, books), *_others(rules, books, instrument, contracts))


def cap(profile: Profile, profit: Decimal) -> int:
    """Micros that may be held after a profit of so much at the last day's end."""
    return max(most for above, most in profile.steps if profit > above)


def _others(
    rules: PropSettings, books: Books, instrument: Instrument, contracts: int
) -> tuple[Check, ...]:
    profile = PROFILES[rules.profile]
    held = Decimal(contracts * micros(instrument.symbol))
    allowed = Decimal(cap(profile, books.day_start - profile.start))
    rows = [most(Reason.RISK_PROP_SIZE, held, allowed)]
    if profile.target:
        made, today = books.realised - profile.start, books.realised - books.day_start
        rows.append(below(Reason.RISK_PROP_TARGET, made, profile.target))
        if rules.consistency:
            share = profile.target * rules.consistency
            rows.append(below(Reason.RISK_PROP_CONSISTENCY, today, share))
    return tuple(rows)
