"""Section 9.7 of the quantitative reference once more: naive, in fractions, from its text alone.

As in tests/oracle/rules.py nothing here imports a rule of the program. V is the portfolio's value,
rv realised volatility, hwm the high-water mark. Volatility and correlation are floats: statistics.
"""

from fractions import Fraction as F
from math import floor, sqrt
from statistics import median

START, ORDER_MIN = F(10_000), F(10)
POSITION, DRAWDOWN, STOP, TARGET = F(25, 100), F(25, 100), F(5, 100), F(10, 100)
MAJORS, SECTOR = F(60, 100), F(40, 100)
MAJOR = {"BTC", "ETH"}
HOURS, DAY, POINTS = 30 * 24, 24, 48


def documented(V, signal):
    return V * F("0.02") * signal * F("0.25")


def f_star(p, b):
    return p - (1 - p) / b


def kelly(V, signal, gains, losses):
    """`gains`, `losses`: dollars of each closed trade; None with fewer than 50, or no loss."""
    n = len(gains) + len(losses)
    if n < 50 or not losses:
        return None
    if not gains:
        return F(0)
    p = (len(gains) + F(1, 2) * 50) / (n + 50)
    b = (sum(gains) / len(gains)) / (sum(losses) / len(losses))
    return V * min(F(1, 4) * max(F(0), f_star(p, b)), F(1, 4)) * signal


def correlated(size, rho):
    return size * (1 - F(1, 2) * min(max(rho, F(0)), F(1)))


def regime(v):
    """Low, Normal, High, Extreme: the factor of each; upper edges inclusive."""
    if v <= 0.5:
        return F(1)
    if v <= 1.5:
        return F(1)
    return F(1, 2) if v <= 3 else F(0)


def closes(bars):
    """(end ns, price) of every bar -> hour -> the last price seen in it."""
    found = {}
    for at, price in bars:
        found[(at - 1) // (3600 * 10**9)] = price
    return found


def returns(bars, now):
    """Of the finished hours of the last 30 days; `now`: the hour that still forms."""
    seen = closes(bars)
    return {
        hour: seen[hour] / seen[hour - 1] - 1
        for hour in seen
        if hour - 1 in seen and now - HOURS - 1 < hour < now
    }


def rv(rows, hour):
    """Of the 24 h that end with this hour; None if one is missing."""
    row = [rows.get(hour - back) for back in range(DAY)]
    return None if None in row else sqrt(sum(r * r for r in row))


def v(bars, now):
    """rv(24 h) over the median rv of 30 days, as last known within two days; None unknown."""
    for hour in range(now - 1, now - 2 * DAY - 1, -1):
        rows = returns([bar for bar in bars if (bar[0] - 1) // (3600 * 10**9) <= hour], hour + 1)
        known = [found for one in rows if (found := rv(rows, one)) is not None]
        if rv(rows, hour) is not None and len(known) >= POINTS and median(known):
            return rv(rows, hour) / median(known)
    return None


def herfindahl(dollars):
    total = sum(dollars)
    return sum((part / total) ** 2 for part in dollars) if total else F(0)


def lots(dollars, lot):
    return floor(dollars / lot)
