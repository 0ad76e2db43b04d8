"""The numbers of today: limits that are a percentage, in dollars of the balance at the day's start,
and slips that go by the conditions, in ticks of this minute.

Everything else asks for dollars and ticks and knows of neither. Before the venue has told a balance
there is no room at all.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.account import Account, settings_of
from actors.breakers import Breakers
from actors.slippage import ticks
from core.settings import RiskSettings, Settings

# limit in dollars -> the percentage that stands in its place
PERCENTAGES = {
    "trade_risk_max": "trade_risk_percent",
    "day_loss_max": "day_loss_percent",
    "day_drawdown_max": "day_drawdown_percent",
    "account_drawdown_max": "account_drawdown_percent",
    "kill_loss_max": "kill_loss_percent",
}


def renew(account: Account, at: int) -> None:
    """Put the numbers of this day and minute into force."""
    settings = settings_of(account)
    account.settings = in_force(settings, account.day_start, account.breakers, at)


def in_force(settings: Settings, day_start: Decimal, seen: Breakers, at: int) -> Settings:
    """The same settings with the limits of a day that began with so many dollars, and its slips."""
    risk = settings.risk
    if risk.basis == "percent":
        risk = dollars(risk, day_start)
    if settings.slippage.plan == "conditions":
        slip = ticks(settings, seen, at)
        risk = replace(risk, slip_entry_ticks=slip, slip_exit_ticks=slip)
    return settings if risk is settings.risk else replace(settings, risk=risk)


def dollars(risk: RiskSettings, day_start: Decimal) -> RiskSettings:
    limits = {
        limit: day_start * getattr(risk, percent) / 100 for limit, percent in PERCENTAGES.items()
    }
    return replace(risk, **limits)
