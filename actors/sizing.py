"""How many contracts (quant.md 9.2): by balance, confidence and stop, never more than risk allows.

Every step is a check whose number is the contracts that it leaves; it passes while that is one.
"""

from decimal import ROUND_FLOOR, Decimal

from msgspec import Struct

from actors.budget import planned
from core.messages import Intent
from core.reasons import Reason
from core.settings import Settings, SizingSettings
from core.terms import Check

ZERO, ONE, HALF = Decimal(0), Decimal(1), Decimal("0.5")
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
    stake = balance * percent / 100 * multiplier(sizing, intent.confidence)
    unit = planned(risk, instrument, 1, intent.stop_ticks)
    per_stop = intent.stop_ticks * instrument.tick_value
    rows = [
        (Reason.RISK_SIZE_TIER, Decimal(min(most, risk.contracts))),
        (Reason.RISK_SIZE_STAKE, down(stake / per_stop) if per_stop else ZERO),
        (Reason.RISK_SIZE_TRADE, down(risk.trade_risk_max / unit)),
    ]
    rows.append((Reason.RISK_SIZE_FACTOR, down(min(number for _, number in rows) * factor)))
    rows.append((Reason.RISK_SIZE_BUDGET, down(max(ZERO, min(budget, risk.trade_risk_max)) / unit)))
    least = min(number for _, number in rows)
    return Size(int(least), tuple(Check(rule, number, ONE, number >= 1) for rule, number in rows))


def down(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_FLOOR)


def tier(sizing: SizingSettings, balance: Decimal) -> tuple[int, Decimal]:
    """Contracts at most, and percent of the balance at risk; nothing below the lowest tier."""
    reached = [(most, percent) for least, most, percent in sizing.tiers if balance >= least]
    return reached[-1] if reached else (0, ZERO)


def multiplier(sizing: SizingSettings, confidence: float) -> Decimal:
    sure = Decimal(repr(confidence))
    times = ZERO
    for number, (edge, value) in enumerate(sizing.confidence, 1):
        last = number == len(sizing.confidence)
        if sure > edge or (sure == edge and not last):
            times = value
    return times


def kelly(sizing: SizingSettings, results: Results) -> Decimal:
    """Percent of the balance; a hundred, which limits nothing, until enough trades are known."""
    count = results.won + results.lost
    if count < sizing.kelly_trades_min:
        return Decimal(100)
    if not results.won or not results.lost:
        return ZERO if results.lost else Decimal(100)
    odds = (results.gains / results.won) / (results.losses / results.lost)
    chance = (results.won + PSEUDO_TRADES * HALF) / (count + PSEUDO_TRADES)
    return max(ZERO, chance - (1 - chance) / odds) * sizing.kelly_share * 100
