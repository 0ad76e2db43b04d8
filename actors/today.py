"""The numbers of today: limits that are a percentage, in dollars of the balance at the day's start.

Everything else asks for dollars and knows of no percentage. Before the venue has told a balance
there is no room at all.
"""

from decimal import Decimal

from msgspec.structs import replace

from core.settings import RiskSettings, Settings

# limit in dollars -> the percentage that stands in its place
PERCENTAGES = {
    "trade_risk_max": "trade_risk_percent",
    "day_loss_max": "day_loss_percent",
    "day_drawdown_max": "day_drawdown_percent",
    "account_drawdown_max": "account_drawdown_percent",
    "kill_loss_max": "kill_loss_percent",
}


def in_force(settings: Settings, day_start: Decimal) -> Settings:
    """The same settings with the limits of a day that began with so many dollars."""
    if settings.risk.basis == "dollars":
        return settings
    return replace(settings, risk=dollars(settings.risk, day_start))


def dollars(risk: RiskSettings, day_start: Decimal) -> RiskSettings:
    limits = {
        limit: day_start * getattr(risk, percent) / 100 for limit, percent in PERCENTAGES.items()
    }
    return replace(risk, **limits)
