"""What a run is worth: the measures of quant.md section 8, a NaN where one is not defined.

Ratios are of daily returns, days without a trade included; a day is a trade date. Dollars unless a
name says share. What quantstats has too is equal to it to 1e-9 (the tests); it is not called, for
it guesses whether it was handed prices or returns, and loads matplotlib and a download client.
"""

from itertools import groupby
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.sessions import ALWAYS, days, rolls
from research.runs import RISK, Run

DAYS_A_YEAR = 252
EVERY_DAY = 365  # of a market that never closes
NAN = float("nan")
NEW_YORK = "America/New_York"


class Drawdown(Struct, frozen=True):
    """From a peak to the first new high. Stamps are UTC ns; `recovered` None: not until the end."""

    peak: int
    trough: int
    recovered: int | None
    end: int  # recovered, or the last stamp
    depth: float  # share of the peak, negative
    dollars: float  # negative
    bars: int  # from the peak to `end`

    @property
    def seconds(self) -> float:
        return (self.end - self.peak) / SECOND


def daily(
    at: np.ndarray, equity: np.ndarray, start: float, kind: str = "globex"
) -> tuple[np.ndarray, np.ndarray]:
    """Index of each trade date that has a row, and its return on the equity it began with."""
    if not len(at):
        return np.array([], np.int64), np.array([])
    ends_at = rolls(kind)
    last = min(len(ends_at) - 1, np.iinfo(np.int64).max)
    # A bar is stamped with its end, so the one that ends at the roll is still the old day's.
    day = np.minimum(np.searchsorted(np.array(ends_at), at, side="left"), last)
    ends = np.append(np.flatnonzero(np.diff(day)), len(day) - 1)
    closing = equity[ends]
    opening = np.concatenate([[start], closing[:-1]])
    return day[ends], closing / opening - 1.0


def ratios(returns: np.ndarray, periods: int = DAYS_A_YEAR) -> dict[str, float]:
    """Of returns of equal periods, `periods` of them a year; no risk-free rate."""
    n = len(returns)
    spread = float(np.std(returns, ddof=1)) if n > 1 else 0.0
    moves = n > 1 and spread > 1e-15 * float(np.abs(returns).max())
    mean = float(returns.mean()) if n else NAN
    # Over all observations, not over the losing ones alone: few losses must not look worse.
    downside = float(np.sqrt((np.minimum(returns, 0.0) ** 2).mean())) if n > 1 else 0.0
    return {
        "observations": n,
        "sharpe": mean / spread * float(np.sqrt(periods)) if moves else NAN,
        "sortino": mean / downside * float(np.sqrt(periods)) if downside else NAN,
        "volatility": spread * float(np.sqrt(periods)) if n > 1 else NAN,
        "cagr": growth(returns, periods),
        "skew": moment(returns, 3) if moves else NAN,
        "kurtosis": moment(returns, 4) if moves else NAN,
    }


def growth(returns: np.ndarray, periods: int = DAYS_A_YEAR) -> float:
    """Compound growth a year; -1 when the equity is gone."""
    if not len(returns):
        return NAN
    if (returns <= -1).any():
        return -1.0
    return float(np.prod(1 + returns) ** (periods / len(returns)) - 1)


def moment(values: np.ndarray, order: int) -> float:
    """Standardised, population: 3 the skew, 4 the raw kurtosis (3 for a normal)."""
    centred = values - values.mean()
    return float((centred**order).mean() / (centred**2).mean() ** (order / 2))


def drawdowns(at: np.ndarray, equity: np.ndarray) -> list[Drawdown]:
    """Every time under water, deepest first. The first row is the start value."""
    if not len(at):
        return []
    peaks = np.maximum.accumulate(equity)
    under = equity < peaks
    edges = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]]).astype(np.int8)))
    found = []
    for first, after in edges.reshape(-1, 2).tolist():
        peak, over = first - 1, after < len(at)
        end = after if over else len(at) - 1
        trough = first + int(np.argmin(equity[first:after]))
        fall = float(equity[trough] - equity[peak])
        found.append(
            Drawdown(
                int(at[peak]), int(at[trough]), int(at[end]) if over else None, int(at[end]),
                fall / float(equity[peak]), fall, end - peak,
            )
        )  # fmt: skip
    return sorted(found, key=lambda d: d.depth)


def calmar(returns: np.ndarray, depth: float, periods: int = DAYS_A_YEAR) -> float:
    """Growth a year over the deepest fall of the equity curve."""
    return growth(returns, periods) / abs(depth) if depth < 0 and len(returns) else NAN


def share(part: float, whole: float) -> float:
    return part / whole if whole else NAN


def longest(won: np.ndarray, value: bool) -> int:
    return max((len(list(run)) for key, run in groupby(won.tolist()) if key is value), default=0)


def of_trades(net: np.ndarray) -> dict[str, float]:
    """Of the net results of round trips; scratches (exactly 0) are neither won nor lost."""
    won, lost = net[net > 0], net[net < 0]
    decided = net[net != 0] > 0
    rate = share(len(won), len(decided))
    average_win = float(won.mean()) if len(won) else NAN
    average_loss = float(-lost.mean()) if len(lost) else NAN
    gains, losses = float(won.sum()), float(-lost.sum())
    return {
        "trades": len(net),
        "net_pnl": float(net.sum()),
        "win_rate": rate,
        "average_win": average_win,
        "average_loss": average_loss,
        "expectancy": share(gains - losses, len(decided)),
        "profit_factor": gains / losses if losses else (float("inf") if gains else NAN),
        "payoff": average_win / average_loss,
        "wins_in_row": longest(decided, True),
        "losses_in_row": longest(decided, False),
    }


def costs(trades: pl.DataFrame) -> dict[str, float]:
    """What the trading itself took. `gross_pnl` is at the prices decided on."""
    commission, slippage = (float(trades[name].sum()) for name in ("commission", "slippage"))
    total = commission + slippage
    won = float(trades.filter(pl.col("gross_pnl") > 0)["gross_pnl"].sum())
    return {
        "gross_pnl": float(trades["gross_pnl"].sum()),
        "commission": commission,
        "slippage": slippage,
        "cost_per_trade": share(total, len(trades)),
        "cost_share": share(total, won),  # of the gross profit of the trades that had one
    }


def consistency(trades: pl.DataFrame, kind: str = "globex") -> dict[str, float]:
    """Of the days with trades: how many won, and how much hangs on the best of them."""
    at = trades["exit_time"].dt.epoch("ns").to_numpy()
    day = np.searchsorted(np.array(rolls(kind)), at, side="right")
    by_day = np.array([trades["net_pnl"].to_numpy()[day == d].sum() for d in np.unique(day)])
    profit = float(by_day.sum())
    return {
        "trading_days": len(by_day),
        "winning_days_share": share(int((by_day > 0).sum()), len(by_day)),
        "best_day_share": float(by_day.max()) / profit if profit > 0 else NAN,
        "trades_per_day": share(len(trades), len(by_day)),
    }


def per_risk(trades: pl.DataFrame) -> float:
    """Net dollars for each dollar that was planned to be lost at worst; trades without a stop and
    runs that do not know it are left out."""
    if RISK not in trades.columns:
        return NAN
    known = trades.filter(pl.col(RISK) > 0)
    return share(float(known["net_pnl"].sum()), float(known[RISK].sum()))


def hourly(trades: pl.DataFrame) -> pl.DataFrame:
    """Per weekday (1 Monday) and New York clock hour of entry: net_pnl, trades, win_rate."""
    local = pl.col("entry_time").dt.convert_time_zone(NEW_YORK)
    net = pl.col("net_pnl")
    return (
        trades.with_columns(local.dt.weekday().alias("weekday"), local.dt.hour().alias("hour"))
        .group_by("weekday", "hour")
        .agg(
            net.sum().alias("net_pnl"), net.len().alias("trades"),
            ((net > 0).sum() / (net != 0).sum()).alias("win_rate"),
        )
        .sort("weekday", "hour")
    )  # fmt: skip


def measure(run: Run) -> dict[str, Any]:
    """All of it, as one flat object of numbers."""
    at, equity = (run.equity[name].to_numpy() for name in ("at", "equity"))
    if len(at):  # the start value is a point of the curve
        at, equity = np.insert(at, 0, at[0] - SECOND), np.insert(equity, 0, run.balance_start)
    kind = str(run.about.get("session", "globex"))
    year = EVERY_DAY if kind == ALWAYS else DAYS_A_YEAR
    dates, returns = daily(at[1:], equity[1:], run.balance_start, kind)
    falls = drawdowns(at, equity)
    worst = falls[0] if falls else None
    longest_fall = max(falls, key=lambda d: d.seconds, default=None)
    depth = worst.depth if worst else 0.0
    return {
        "first_day": days(kind)[dates[0]].date if len(dates) else None,
        "last_day": days(kind)[dates[-1]].date if len(dates) else None,
        "balance_start": run.balance_start,
        "balance_end": float(equity[-1]) if len(equity) else run.balance_start,
        **ratios(returns, year),
        "calmar": calmar(returns, depth, year),
        "max_drawdown": depth,
        "max_drawdown_dollars": min((d.dollars for d in falls), default=0.0),
        "drawdown_seconds": longest_fall.seconds if longest_fall else 0.0,
        "drawdown_bars": longest_fall.bars if longest_fall else 0,
        "recovered": longest_fall.recovered is not None if longest_fall else True,
        **of_trades(run.trades["net_pnl"].to_numpy()),
        **costs(run.trades),
        **consistency(run.trades, kind),
        "return_per_risk": per_risk(run.trades),
    }
