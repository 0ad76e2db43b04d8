"""Runs by chance, seeded: trades and the equity they make, for what is made from runs."""

import numpy as np
import polars as pl

from core.clock import SECOND
from core.sessions import days
from research import runs
from research.runs import RISK, Run

REASONS = ("target", "stop", "signal", "eod_flatten")
START = 1000.0


def trades(seed, count, from_day="2024-01-02", over_days=60, edge=0.0, contracts=1):
    """`count` round trips of MES in regular hours; before costs each is worth `edge` dollars."""
    chance = np.random.default_rng(seed)
    first = next(i for i, day in enumerate(days()) if day.date >= from_day)
    open_days = [day for day in days()[first : first + over_days] if day.rth_open]
    day = np.sort(chance.integers(0, len(open_days), count))
    second = np.sort(chance.integers(0, 22_000, count).reshape(-1))
    opens = np.array([open_days[i].rth_open for i in day], np.int64)
    entry = np.sort(opens + second * SECOND)
    held = chance.integers(3, 900, count) * SECOND
    side = chance.choice([-1, 1], count)
    ticks = np.rint(chance.normal(edge / 1.25, 8.0, count))
    slip, commission = 1.25 * contracts, 0.84 * contracts
    gross = ticks * 1.25 * contracts
    price = 4800 + np.rint(np.cumsum(chance.normal(0, 4, count))) * 0.25
    confidence = np.round(chance.uniform(0.6, 0.99, count), 6)
    table = pl.DataFrame({
        "entry_time": entry, "exit_time": entry + held, "direction": side, "entry_price": price,
        "exit_price": price + side * ticks * 0.25, "contracts": np.full(count, contracts),
        "gross_pnl": gross, "commission": np.full(count, commission),
        "slippage": np.full(count, slip), "net_pnl": gross - commission - slip,
        "exit_reason": chance.choice(REASONS, count), "model_confidence": confidence,
        "predicted_class": np.where(side > 0, 2, 0), RISK: np.full(count, 13.34 * contracts),
    })  # fmt: skip
    stamped = pl.col("entry_time", "exit_time").cast(pl.Datetime("ns"))
    return table.with_columns(stamped.dt.replace_time_zone("UTC")).cast(
        runs.TRADES | {RISK: pl.Float64}
    )


def run(seed, count, **terms):
    """Those trades with the equity after each and at the end of each day between."""
    table = trades(seed, count, **terms)
    exits = table["exit_time"].dt.epoch("ns").to_numpy()
    order = np.argsort(exits, kind="stable")
    worth = START + np.cumsum(table["net_pnl"].to_numpy()[order])
    closes = np.array([d.close for d in days() if exits.min() < d.close <= exits.max()], np.int64)
    at = np.unique(np.concatenate([[exits.min() - SECOND], exits, closes]))
    place = np.searchsorted(exits[order], at, side="right")
    equity = np.concatenate([[START], worth])[place]
    about = {"mode": "backtest", "symbol": "MES", "multiplier": 5.0, "tick": 0.25, "halts": []}
    frame = pl.DataFrame({"at": at, "equity": equity}, schema=runs.EQUITY)
    return Run(START, table, frame, predictions=predictions(seed), about=about)


def predictions(seed, count=2000):
    """Of a model whose confidence is what it says: the outcome is drawn by it."""
    chance = np.random.default_rng([seed, 1])
    shares = chance.dirichlet([1.2, 2.5, 1.2], count)
    outcome = (chance.uniform(size=(count, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    at = 1_704_205_800 * SECOND + np.arange(count) * SECOND
    columns = dict(zip(runs.PREDICTIONS, (at, *shares.T, np.minimum(outcome, 2)), strict=True))
    return pl.DataFrame(columns, schema=runs.PREDICTIONS)
