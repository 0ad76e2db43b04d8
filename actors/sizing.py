"""How many contracts (quant.md 9.2): by balance, confidence and stop, never more than risk allows.

Every step is a check whose number is the contracts that it leaves; it passes while that is one.
"""

from decimal import Decimal

from msgspec import Struct

from actors.budget import planned
from core.messages import Intent
from core.reasons import Reason
from core.settings import Settings, SizingSettings
from core.terms import Check, whole

ZERO, ONE, HALF = Decimal(0), Decimal(1), Decimal("0.5")
STEPS = (
    Reason.RISK_SIZE_TIER, Reason.RISK_SIZE_STAKE, Reason.RISK_SIZE_TRADE, Reason.RISK_SIZE_FACTOR,
    Reason.RISK_SIZE_BUDGET,
)  # fmt: skip
PSEUDO_TRADES = 50  # of even odds, that real ones have to outweigh


class Results(Struct):
    """What closed trades made, for Kelly's formula."""

    won: int = 0
    lost: int = 0
    gains: Decimal = ZERO
    losses: Decimal = ZERO

    def count(self, net: Decimal) -> None:
        if net > 0:
            self.won, self.gains = self.won + 1, self.gains + net
        elif net < 0:
            self.lost, self.losses = self.lost + 1, self.losses - net


class Size(Struct, frozen=True):
    contracts: int
    checks: tuple[Check, ...]


def size(
    intent: Intent, settings: Settings, balance: Decimal, factor: Decimal, budget: Decimal,
    results: Results,
) -> Size:  # fmt: skip
    """balance: realised dollars; factor: of the conditions and the hour; budget: DRB, dollars."""
    sizing, risk, instrument = settings.sizing, settings.risk, settings.instrument
    if sizing.mode == "fixed":
        return Size(risk.contracts, ())
    most, percent = tier(sizing, balance)
    if sizing.mode == "kelly":
        percent = min(percent, kelly(sizing, results))
    stake = balance * percent * multiplier(sizing, intent.confidence)
    unit = planned(risk, instrument, 1, intent.stop_ticks)
    per_stop = 100 * intent.stop_ticks * instrument.tick_value
    by_tier = min(most, risk.contracts)
    by_stake = int(stake / per_stop) if per_stop else 0
    by_trade = int(risk.trade_risk_max / unit)
    by_factor = int(min(by_tier, by_stake, by_trade) * factor)
    by_budget = int(max(ZERO, min(budget, risk.trade_risk_max)) / unit)
    steps = (by_tier, by_stake, by_trade, by_factor, by_budget)
    checks = [
        Check(rule, whole(left), ONE, left >= 1) for rule, left in zip(STEPS, steps, strict=True)
    ]
    return Size(min(by_factor, by_budget), tuple(checks))


def tier(sizing: SizingSettings, balance: Decimal) -> tuple[int, Decimal]:
    """Contracts at most, and percent of the balance at risk; nothing below the lowest tier."""
    reached = [(most, percent) for least, most, percent in sizing.tiers if balance >= least]
    return reached[-1] if reached else (0, ZERO)


def multiplier(sizing: SizingSettings, confidence: float) -> Decimal:
    """An edge is part of what is above it, but the last one of what is below."""
    sure = Decimal(repr(confidence))
    *rows, (top, most) = sizing.confidence
    if sure > top:
        return most
    return next((times for edge, times in reversed(rows) if sure >= edge), ZERO)


def kelly(sizing: SizingSettings, results: Results) -> Decimal:
    """Percent of the balance; a hundred, which limits nothing, until enough trades are known."""
    share = edge(results, sizing.kelly_trades_min)
    return Decimal(100) if share is None else share * sizing.kelly_share * 100


def edge(results: Results, trades_min: int) -> Decimal | None:
    """Kelly's share of all there is, never below zero, shrunk towards even odds.

    None where it is not known: too few trades, or none that lost."""
    count = results.won + results.lost
    if count < trades_min or not results.lost:
        return None
    if not results.won:
        return ZERO
    chance = (results.won + PSEUDO_TRADES * HALF) / (count + PSEUDO_TRADES)
    odds = (results.gains / results.won) / (results.losses / results.lost)
    return max(ZERO, full(chance, odds))


def full(chance: Decimal, odds: Decimal) -> Decimal:
    """Kelly's share (1956): `chance` to win, `odds` of an average gain to an average loss."""
    return chance - (1 - chance) / odds
