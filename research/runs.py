"""A finished run as tables: what metrics and reports are made from, wherever it came from.

A run is a folder: `trades.csv` (the plan's columns), `equity.parquet` (`at`, UTC ns; `equity`,
dollars), and where they are known `predictions.parquet`, `orders.parquet`, `fills.parquet`,
`folds.csv`, `run.json`. A log of the daemon is one too: see research/record.py.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct, field

from core.errors import UsageError

UTC_NS = pl.Datetime("ns", "UTC")
TRADES = {
    "entry_time": UTC_NS, "exit_time": UTC_NS, "direction": pl.Int64, "entry_price": pl.Float64,
    "exit_price": pl.Float64, "contracts": pl.Int64, "gross_pnl": pl.Float64,
    "commission": pl.Float64, "slippage": pl.Float64, "net_pnl": pl.Float64,
    "exit_reason": pl.String, "model_confidence": pl.Float64, "predicted_class": pl.Int64,
}  # fmt: skip
RISK = "risk"  # dollars planned to be lost at the stop, costs included; a column more, where known
EQUITY = {"at": pl.Int64, "equity": pl.Float64}
PREDICTIONS = {
    "at": pl.Int64, "down": pl.Float64, "flat": pl.Float64, "up": pl.Float64, "outcome": pl.Int64,
}  # fmt: skip
ORDERS = {
    "tag": pl.String, "purpose": pl.String, "side": pl.Int64, "size": pl.Int64,
    "decided_at": pl.Int64, "decision_price": pl.Float64, "sent_at": pl.Int64,
    "ended_at": pl.Int64,
}  # fmt: skip
FILLS = {
    "tag": pl.String, "at": pl.Int64, "side": pl.Int64, "size": pl.Int64, "price": pl.Float64,
    "fees": pl.Float64,
}  # fmt: skip
FOLDS = {
    "fold": pl.Int64, "train_start": pl.String, "train_end": pl.String, "valid_end": pl.String,
    "test_start": pl.String, "test_end": pl.String, "trades": pl.Int64, "net_pnl": pl.Float64,
    "sharpe": pl.Float64, "calmar": pl.Float64, "enough": pl.Boolean,
}  # fmt: skip
TABLES = {
    "trades": ("csv", TRADES), "equity": ("parquet", EQUITY), "folds": ("csv", FOLDS),
    "predictions": ("parquet", PREDICTIONS), "orders": ("parquet", ORDERS),
    "fills": ("parquet", FILLS),
}  # fmt: skip
NEEDED = ("trades", "equity")
LOOKAHEAD_S, THETA_TICKS = 30, 3.0  # of a run without a model


def empty(schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


class Run(Struct, frozen=True):
    """Tables of one run. What is not known is an empty table."""

    balance_start: float
    trades: pl.DataFrame
    equity: pl.DataFrame
    predictions: pl.DataFrame = field(default_factory=lambda: empty(PREDICTIONS))
    orders: pl.DataFrame = field(default_factory=lambda: empty(ORDERS))
    fills: pl.DataFrame = field(default_factory=lambda: empty(FILLS))
    folds: pl.DataFrame = field(default_factory=lambda: empty(FOLDS))
    about: dict[str, Any] = field(default_factory=dict)  # mode, symbol, multiplier, tick, model


def read(folder: Path) -> Run:
    """Load a run. Raises UsageError that names file and column."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such run: expected a folder with trades.csv and a log's")
    tables = {
        name: table(folder / f"{name}.{kind}", schema, name in NEEDED)
        for name, (kind, schema) in TABLES.items()
    }
    about = described(folder / "run.json")
    first = tables["equity"]["equity"]
    start = about.get("balance_start", first[0] if len(first) else 0.0)
    return Run(float(start), about=about, **tables)


def table(path: Path, schema: dict[str, Any], needed: bool) -> pl.DataFrame:
    if not path.is_file():
        if needed:
            raise UsageError(f"{path}: no such file: `tradebot backtest --out` writes it")
        return empty(schema)
    try:
        if path.suffix == ".parquet":
            found = pl.read_parquet(path)
        else:
            found = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(f"{path}: not readable: {str(error).splitlines()[0]}") from None
    if lost := [name for name in schema if name not in found.columns]:
        raise UsageError(f"{path}: column {lost[0]} is missing")
    wanted = schema | ({RISK: pl.Float64} if RISK in found.columns else {})
    try:
        return found.select(column(found[name], kind) for name, kind in wanted.items())
    except pl.exceptions.PolarsError as error:
        raise UsageError(f"{path}: {str(error).splitlines()[0]}") from None


def column(values: pl.Series, kind: Any) -> pl.Series:
    """As the schema wants it; words and stamps of a CSV are read strictly."""
    if values.dtype == pl.String and kind == UTC_NS:
        return values.str.to_datetime(time_unit="ns", time_zone="UTC").alias(values.name)
    if values.dtype == pl.String and kind == pl.Boolean:
        return (values == "true").alias(values.name)
    return values.cast(kind)


def described(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not readable as JSON: {error}") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path}: expected one JSON object")
    return found


def write(folder: Path, run: Run) -> None:
    """Store the run: the same tables give the same bytes. Its trades go first and come back last,
    so that what was cut short in between is no run."""
    folder.mkdir(parents=True, exist_ok=True)
    trades, part = folder / "trades.csv", folder / "trades.part"
    trades.unlink(missing_ok=True)
    for name, (kind, _) in TABLES.items():
        found: pl.DataFrame = getattr(run, name)
        path = part if name == "trades" else folder / f"{name}.{kind}"
        if not len(found) and name not in NEEDED:
            path.unlink(missing_ok=True)
        elif kind == "csv":
            found.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.9fZ")
        else:
            found.write_parquet(path, compression="zstd")
    about = run.about | {"balance_start": run.balance_start}
    (folder / "run.json").write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")
    part.replace(trades)


def outcome_of(model: Path) -> tuple[int, float]:
    """How far ahead the model looks (seconds), and how far is no longer FLAT (ticks)."""
    try:
        about = json.loads(model.with_suffix(".json").read_text())
        return int(about["lookahead_s"]), float(about["theta_ticks"])
    except (OSError, ValueError, KeyError):
        return LOOKAHEAD_S, THETA_TICKS
