"""Which contract month a tape is traded as, and how the gateway names it."""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Struct

from core.contracts import CODES, EVEN, MONTHS, third_friday
from core.instruments import COINS, Instrument


class Contract(Struct, frozen=True):
    id: str
    name: str
    description: str
    instrument: Instrument

    def row(self) -> dict[str, Any]:
        return {
            "id": self.id, "name": self.name, "description": self.description,
            "tickSize": float(self.instrument.tick),
            "tickValue": float(self.instrument.tick_value),
            "activeContract": True, "symbolId": self.instrument.symbol_id,
        }  # fmt: skip

    def matches(self, text: str) -> bool:
        words = f"{self.id} {self.name} {self.description} {self.instrument.symbol}"
        return text.casefold() in words.casefold()


def front(instrument: Instrument, at: int) -> Contract:
    """The liquid month at `at` (UTC ns): index futures roll on the Monday before expiry, metals
    three days before their month begins. Coins have none and never roll."""
    if instrument.symbol in COINS:
        name = f"CON.{instrument.symbol_id}"
        return Contract(name, instrument.symbol, instrument.description, instrument)
    day = datetime.fromtimestamp(at // 1_000_000_000, UTC).date()
    months = MONTHS[instrument.symbol_id]
    year, month = next(
        (year, month)
        for year in (day.year, day.year + 1)
        for month in months
        if day < roll(year, month, months)
    )
    code = CODES[month - 1]
    return Contract(
        f"CON.{instrument.symbol_id}.{code}{year % 100:02d}",
        f"{instrument.symbol}{code}{year % 10}",
        f"{instrument.description}: {calendar.month_name[month]} {year}",
        instrument,
    )


def roll(year: int, month: int, months: tuple[int, ...]) -> date:
    if months is EVEN:
        return date(year, month, 1) - timedelta(days=3)
    return third_friday(year, month) - timedelta(days=4)
