"""What 30 days of 1-hour returns say of a coin: how it moves with others, and how wildly.

An hour's return is the last close seen in it over that of the hour before, less one; beside an hour
without a bar there is none. Realised volatility of an hour is the root of the sum of squares of
the `regime_hours` returns that end with it, none of them missing; v is the newest over the median
of all that end within the last `hours`, once `hours_min` of them are known (quant.md 9.7). After a
silence what v was last counts for twice `regime_hours`, by when it is known again; otherwise it is
not known, which is not calm: `regime_unknown` counts.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import fsum, sqrt
from statistics import median

from msgspec import Struct, field

from core.clock import SECOND
from core.messages import Bar
from core.portfolio import PortfolioSettings
from core.terms import rounded

HOUR = 3600 * SECOND
Returns = Mapping[int, float]  # hour since 1970 -> its return


class Hours(Struct):
    """All that is remembered, by symbol; an hour is finished by the first bar of a later one."""

    symbol: str = ""  # of the forming hour
    hour: int = 0
    close: float = 0.0  # the last one seen in it; 0 none
    before: float = 0.0  # the last one of the hour before; 0 unknown
    returns: dict[str, dict[int, float]] = field(default_factory=dict)
    ratio: Decimal | None = None  # v, as it was last known of this symbol
    ratio_hour: int = 0

    def see(self, bar: Bar, symbol: str, rules: PortfolioSettings) -> None:
        hour = (bar.at - 1) // HOUR  # `at` is the end
        if symbol != self.symbol:
            self.symbol, self.before, self.ratio = symbol, 0.0, None
        elif hour != self.hour:
            self.finish(rules)
            self.before = self.close if hour == self.hour + 1 else 0.0
        self.hour, self.close = hour, bar.close

    def finish(self, rules: PortfolioSettings) -> None:
        """The forming hour is over."""
        if not self.before:
            return
        known = self.returns.get(self.symbol, {}) | {self.hour: self.close / self.before - 1}
        since = self.hour - rules.hours
        self.returns[self.symbol] = {h: r for h, r in known.items() if h > since}
        found = ratio(self.returns[self.symbol], self.hour, rules)
        if found is not None:
            self.ratio, self.ratio_hour = found, self.hour

    def volatility(self, symbol: str, rules: PortfolioSettings) -> Decimal | None:
        """v of now; None where it is not known, or was too long ago."""
        old = self.hour - self.ratio_hour > 2 * rules.regime_hours
        return None if old or symbol != self.symbol else self.ratio


def ratio(returns: Returns, hour: int, rules: PortfolioSettings) -> Decimal | None:
    """v of that hour; None where it cannot be known."""
    known = volatilities(returns, rules.regime_hours)
    if hour not in known or len(known) < rules.hours_min:
        return None
    usual = median(known.values())
    return rounded(known[hour] / usual) if usual else None


def volatilities(returns: Returns, hours: int) -> dict[int, float]:
    """Of each hour that ends an unbroken row of so many."""
    found = {}
    for last in returns:
        row = [returns.get(last - back) for back in range(hours)]
        whole = [value for value in row if value is not None]
        if len(whole) == hours:
            found[last] = sqrt(fsum(value * value for value in whole))
    return found


def counted(volatility: Decimal | None, rules: PortfolioSettings) -> Decimal:
    """What is not known counts, too: as `regime_unknown`."""
    return rules.regime_unknown if volatility is None else volatility


def factor(volatility: Decimal, rules: PortfolioSettings) -> Decimal:
    """Of the size; an edge belongs to the row under it, and above the last one nothing is left."""
    return next((times for edge, times in rules.regimes if volatility <= edge), Decimal(0))


def correlation(one: Returns, other: Returns, least: int) -> Decimal | None:
    """Pearson's, of the hours in common; None for fewer than `least`, or where one stood still."""
    both = [hour for hour in one if hour in other]
    if len(both) < least:
        return None
    ours, theirs = centred(one, both), centred(other, both)
    spread = sqrt(fsum(x * x for x in ours)) * sqrt(fsum(y * y for y in theirs))
    if not spread:
        return None
    return rounded(fsum(x * y for x, y in zip(ours, theirs, strict=True)) / spread)


def centred(returns: Returns, hours: list[int]) -> list[float]:
    mean = fsum(returns[hour] for hour in hours) / len(hours)
    return [returns[hour] - mean for hour in hours]
