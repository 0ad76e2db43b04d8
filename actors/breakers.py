"""Circuit breakers of the market (quant.md 9.5): spread, range and volume out of the ordinary."""

from decimal import Decimal

from msgspec import Struct

from core.messages import Bar, Conditions
from core.reasons import Reason
from core.settings import Settings
from core.terms import Check, rounded, whole

ZERO, ONE = Decimal(0), Decimal(1)
KEPT = 3  # edition since which a range that is not known is no calm one


class Breakers(Struct):
    """What they remember. A breaker that has tripped has another limit until it is over."""

    spread: int = 0  # ticks, of the newest bar with a quote
    wide: bool = False
    atr: Decimal = ZERO  # ticks; 0 unknown
    ratio: Decimal = ZERO  # range over its normal; 0 unknown
    wild: bool = False
    volume: Decimal = ONE  # over its normal; 1 unknown

    def see(self, bar: Bar, settings: Settings) -> None:
        """The quote with which the second closed."""
        if not bar.bid or not bar.ask:
            return
        limits, ticks = settings.breakers, settings.instrument.ticks
        self.spread = ticks(bar.ask) - ticks(bar.bid)
        self.wide = self.spread > self._spread_max(settings) and bool(limits.spread_pause_ticks)

    def learn(self, told: Conditions, settings: Settings) -> None:
        limits = settings.breakers
        self.atr = rounded(told.atr)
        volume = share(told.volume, told.volume_normal)
        self.volume = ONE if volume is None else volume
        ratio = share(told.atr, told.atr_normal) or ZERO
        if not ratio and settings.edition >= KEPT:
            return  # unknown, as after a halt of the market: what it was last counts
        self.ratio, edge = ratio, limits.atr_calm if self.wild else limits.atr_high
        self.wild = bool(edge) and (self.ratio >= edge if self.wild else self.ratio > edge)

    def checks(self, settings: Settings) -> tuple[Check, ...]:
        """Those that forbid an entry. None where the settings have no such breaker."""
        limits, rows = settings.breakers, []
        if limits.spread_pause_ticks:
            most = whole(self._spread_max(settings))
            rows.append(Check(Reason.RISK_SPREAD, whole(self.spread), most, not self.wide))
        if limits.pause and limits.atr_high:
            most = limits.atr_calm if self.wild else limits.atr_high
            rows.append(Check(Reason.RISK_VOLATILITY, self.ratio, most, not self.wild))
        if limits.pause and limits.volume_low:
            least = limits.volume_low
            rows.append(Check(Reason.RISK_VOLUME, self.volume, least, not self.thin(settings)))
        return tuple(rows)

    def factor(self, settings: Settings) -> Decimal:
        """Of the size of an entry."""
        limits = settings.breakers
        wild = limits.factor if self.wild else ONE
        return wild * limits.factor if self.thin(settings) else wild

    def thin(self, settings: Settings) -> bool:
        return self.volume < settings.breakers.volume_low

    def _spread_max(self, settings: Settings) -> int:
        limits = settings.breakers
        return limits.spread_resume_ticks if self.wide else limits.spread_pause_ticks


def share(number: float, normal: float) -> Decimal | None:
    """To six places; None where nothing is known to be normal."""
    return rounded(number / normal) if normal else None
