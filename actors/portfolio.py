"""How much of a coin (quant.md 9.7): value, signal, what is held beside it, volatility, caps.

Every step is a check whose number is the dollars that it leaves, and ends the list where nothing is
left: then there is no entry. The last two are the whole lots, and how crowded the portfolio is with
them, which warns and forbids nothing. Pure rules over what is held and the returns that are known.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

from actors.pretrade import worth
from actors.regimes import Returns, correlation, counted, factor
from actors.sizing import Results, Size, edge
from core.instruments import Instrument
from core.messages import Intent
from core.portfolio import MAJOR, STABLE, PortfolioSettings, sector
from core.reasons import Reason
from core.settings import Settings
from core.terms import Check, above, least, most, whole

ZERO, ONE = Decimal(0), Decimal(1)


class Holding(Struct, frozen=True):
    symbol: str
    value: Decimal  # dollars, negative if short; what is coming counts as if it were held


class Known(Struct, frozen=True):
    """What the rules ask of account and market."""

    value: Decimal  # of the portfolio: equity, dollars
    held: tuple[Holding, ...]
    returns: Mapping[str, Returns]
    volatility: Decimal | None  # over its median; None unknown
    factor: Decimal  # of all other conditions, and of the hour
    results: Results


def size(wish: Intent, settings: Settings, known: Known) -> Size:
    """Lots, and what each rule left. More than risk.contracts are never wished."""
    symbol, rules = settings.instrument.symbol, settings.portfolio
    checks: list[Check] = []
    for check in steps(wish, settings, known):
        checks.append(check)
        if not check.passed:
            return Size(0, tuple(checks))
    each = worth(settings.instrument, wish.price, 1)
    lots = min(int(checks[-1].value / each) if each else 0, settings.risk.contracts)
    checks.append(least(Reason.RISK_FOLIO_LOTS, whole(lots), ONE))
    if lots:
        coming = Holding(symbol, wish.side * lots * each)
        index = crowding([*known.held, coming])
        checks.append(Check(Reason.RISK_FOLIO_CROWDED, index, rules.concentration, True))
    return Size(lots, tuple(checks))


def steps(wish: Intent, settings: Settings, known: Known) -> Iterator[Check]:
    """In the order in which they are asked; dollars, but for the volatility."""
    rules, symbol = settings.portfolio, settings.instrument.symbol
    yield above(Reason.RISK_FOLIO_VALUE, known.value, ZERO)
    left = stake(wish.confidence, settings, known)
    yield above(Reason.RISK_FOLIO_STAKE, left, ZERO)
    rho = together(symbol, wish.side, known, rules)
    left *= ONE - rules.correlation_cut * min(max(rho, ZERO), ONE)
    yield above(Reason.RISK_FOLIO_CORRELATION, left, ZERO)
    wild = counted(known.volatility, rules)
    yield most(Reason.RISK_VOLATILITY, wild, rules.regimes[-1][0])
    left *= factor(wild, rules) * known.factor
    yield above(Reason.RISK_FOLIO_REGIME, left, ZERO)
    left = min(left, rules.position_share * known.value - taken(known.held, symbol))
    yield above(Reason.RISK_FOLIO_POSITION, left, ZERO)
    left = min(left, sector_room(symbol, known, rules, left))
    yield above(Reason.RISK_FOLIO_SECTOR, left, ZERO)
    most_wished = worth(settings.instrument, wish.price, settings.risk.contracts)
    left = min(left, most_wished or left)  # without a price there is no lot
    yield least(Reason.RISK_FOLIO_MIN, left, rules.order_min)


def stake(confidence: float, settings: Settings, known: Known) -> Decimal:
    """Dollars by value and signal alone: the documented formula, or a share of Kelly's."""
    rules, sizing = settings.portfolio, settings.sizing
    signal = min(max(Decimal(repr(confidence)), ZERO), ONE)
    kelly = edge(known.results, sizing.kelly_trades_min) if rules.sizing == "kelly" else None
    if kelly is None:
        return known.value * rules.stake_share * signal * rules.stake_part
    return known.value * min(sizing.kelly_share * kelly, rules.kelly_max) * signal


def together(symbol: str, side: int, known: Known, rules: PortfolioSettings) -> Decimal:
    """Mean correlation with what is held, by its dollars: positive where both would lose at once.

    Zero where nothing is held; `correlation_unknown` with what too few hours are known of."""
    total = sum((abs(one.value) for one in known.held), ZERO)
    if not total:
        return ZERO
    ours, found = known.returns.get(symbol, {}), ZERO
    for one in known.held:
        rho = correlation(ours, known.returns.get(one.symbol, {}), rules.hours_min)
        way = side if one.value > 0 else -side
        found += abs(one.value) * (rules.correlation_unknown if rho is None else rho * way)
    return found / total


def taken(held: Sequence[Holding], symbol: str) -> Decimal:
    """Dollars of one coin."""
    return sum((abs(one.value) for one in held if one.symbol == symbol), ZERO)


def sector_room(symbol: str, known: Known, rules: PortfolioSettings, left: Decimal) -> Decimal:
    """Dollars that the coin's sector may still take; stablecoins take what is `left`."""
    kind = sector(symbol)
    if kind == STABLE:
        return left
    share = rules.majors_share if kind == MAJOR else rules.sector_share
    there = (abs(one.value) for one in known.held if sector(one.symbol) == kind)
    return share * known.value - sum(there, ZERO)


def crowding(held: Sequence[Holding]) -> Decimal:
    """Herfindahl index of the coins held, by dollars: one if there is one alone; zero for none."""
    parts = [taken(held, symbol) for symbol in dict.fromkeys(one.symbol for one in held)]
    total = sum(parts, ZERO)
    return sum((part * part for part in parts), ZERO) / (total * total) if total else ZERO


def distances(settings: Settings, price: Decimal) -> tuple[int, int]:
    """Ticks of stop and target by the settings alone, for a position opened at `price`."""
    if settings.portfolio.rules:
        return bracket(price, settings.instrument, settings.portfolio)
    return settings.signals.stop_ticks, settings.signals.target_ticks


def bracket(price: Decimal, instrument: Instrument, rules: PortfolioSettings) -> tuple[int, int]:
    """Ticks of stop and target: a stop no farther than its share, a target no nearer."""
    stop = (price * rules.stop_share / instrument.tick).to_integral_value(ROUND_FLOOR)
    target = (price * rules.target_share / instrument.tick).to_integral_value(ROUND_CEILING)
    return max(1, int(stop)), int(target)
