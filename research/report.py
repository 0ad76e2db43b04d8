"""A run as one page: what it is worth, where it comes from, what it cost, and how sure it was.

The same run gives the same bytes: the page has no date but the run's.
"""

import math
from datetime import timedelta
from html import escape
from typing import Any

import polars as pl

from research import figures, metrics, page, tca
from research.metrics import Drawdown
from research.runs import Run
from research.tca import Quotes

DEEPEST = 5  # drawdowns in the table
FEW_DAYS = 60  # fewer and what is "a year" means little

HEADLINES = (
    ("Net", "net_pnl", "$"), ("Sharpe", "sharpe", ""), ("Sortino", "sortino", ""),
    ("Calmar", "calmar", ""), ("Growth a year", "cagr", "%"),
    ("Max drawdown", "max_drawdown", "%"), ("Max drawdown", "max_drawdown_dollars", "$"),
    ("Longest under water", "drawdown_seconds", "s"), ("Trades", "trades", "n"),
    ("Win rate", "win_rate", "%"), ("Expectancy", "expectancy", "$"),
    ("Profit factor", "profit_factor", ""), ("Payoff", "payoff", ""),
    ("Net per $ risked", "return_per_risk", ""), ("Winning days", "winning_days_share", "%"),
    ("Best day of profit", "best_day_share", "%"), ("Cost per trade", "cost_per_trade", "$"),
    ("Costs of gross profit", "cost_share", "%"), ("Wins in a row", "wins_in_row", "n"),
    ("Losses in a row", "losses_in_row", "n"), ("Trades a day", "trades_per_day", ""),
)  # fmt: skip


def build(title: str, run: Run, quotes: Quotes | None = None) -> str:
    """The page. With `quotes` of the same market it says what carrying out cost."""
    found = metrics.measure(run)
    drawn: dict[str, dict[str, Any]] = {}
    parts = [
        page.numbers([(name, shown(found[key], unit)) for name, key, unit in HEADLINES]),
        *caution(run, found), *over_time(run, drawn), *folds(run), *of_trades(run, drawn),
        *confidence(run, drawn), *carrying_out(run, quotes, drawn),
    ]  # fmt: skip
    return page.page(title, describe(run, found), "\n".join(parts), drawn)


def describe(run: Run, found: dict[str, Any]) -> str:
    about = run.about
    words = [
        f"{about.get('symbol', '')} {about.get('mode', '')}".strip(),
        f"{found['first_day']} to {found['last_day']}" if found["first_day"] else "no bar",
        f"{found['observations']} trade dates",
        f"from ${found['balance_start']:,.2f} to ${found['balance_end']:,.2f}",
    ]
    words += [
        f"{name} {about[name][:12]}" for name in ("commit", "model", "config") if about.get(name)
    ]
    return " · ".join(word for word in words if word)


def shown(value: Any, unit: str = "") -> str:
    """A number for a person; an em dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "—"
    match unit:
        case "$":
            return f"{'−' if value < 0 else ''}${abs(value):,.2f}"
        case "%":
            return f"{value:.1%}".replace("-", "−")
        case "s":
            return lasting(value)
        case "n":
            return f"{value:,}"
    return "∞" if math.isinf(value) else f"{value:,.2f}".replace("-", "−")


def lasting(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"


def caution(run: Run, found: dict[str, Any]) -> list[str]:
    """What makes the figures mean less than they seem to."""
    words = [f"Halted on {halt}." for halt in
             run.about.get("halts", [])]  # fmt: skip
    if found["observations"] < FEW_DAYS:
        days = found["observations"]
        words.append(f"Too few trade dates ({days}): what is told per year means little.")
    return [f'<p class="bad">{escape(text)}</p>' for text in words]


def add(drawn: dict[str, dict[str, Any]], name: str, figure: Any, size: str = "") -> str:
    if figure is None:
        return '<p class="quiet">Nothing to show.</p>'
    drawn[name] = figure
    return page.plot(name, size)


def over_time(run: Run, drawn: dict[str, dict[str, Any]]) -> list[str]:
    stitched = "Out of sample: the tests of all folds stitched. " if len(run.folds) else ""
    at, worth = figures.curve(run)
    falls = [fall_row(fall) for fall in metrics.drawdowns(at, worth)[:DEEPEST]]
    heads = ["depth", "dollars", "peak (New York)", "deepest", "recovered", "lasted"]
    return [
        page.section(
            "Equity", stitched + "Net of commission and slippage, open positions at the close.",
            add(drawn, "equity", figures.equity(run)),
        ),
        page.section(
            "Drawdown", "Below the highest equity so far.",
            add(drawn, "drawdown", figures.drawdown(run)), page.table(heads, falls),
        ),
    ]  # fmt: skip


def fall_row(fall: Drawdown) -> list[str]:
    when = figures.stamps(pl.Series([fall.peak, fall.trough, fall.end]).to_numpy())
    peak, trough, end = (stamp[:16] for stamp in when)
    return [
        shown(fall.depth, "%"), shown(fall.dollars, "$"), peak, trough,
        end if fall.recovered is not None else "not yet",
        lasting(timedelta(seconds=fall.seconds).total_seconds()),
    ]  # fmt: skip


def folds(run: Run) -> list[str]:
    if not len(run.folds):
        return []
    heads = ["fold", "learned from", "to", "stopped by", "tested from", "to", "trades", "net",
             "Sharpe", "Calmar", ""]  # fmt: skip
    rows = [
        [
            str(row["fold"]), row["train_start"], row["train_end"], row["valid_end"],
            row["test_start"], row["test_end"], shown(row["trades"], "n"),
            shown(row["net_pnl"], "$"), shown(row["sharpe"]), shown(row["calmar"]),
            "" if row["enough"] else "too few trades",
        ]
        for row in run.folds.iter_rows(named=True)
    ]  # fmt: skip
    return [page.section("Folds", "Each tests a month that nothing before it has seen.",
                         page.table(heads, rows))]  # fmt: skip


def of_trades(run: Run, drawn: dict[str, dict[str, Any]]) -> list[str]:
    left = page.section(
        "Trades", "Net dollars of each, by how it ended.",
        add(drawn, "distribution", figures.distribution(run)),
    )  # fmt: skip
    right = page.section(
        "Days", "Net dollars of each trade date.", add(drawn, "days", figures.by_day(run))
    )
    hours = page.section(
        "Hours", "Net dollars by New York hour of entry and weekday.",
        add(drawn, "hours", figures.hours(run), "tall"),
    )  # fmt: skip
    costs = page.section(
        "Costs", "From gross at the prices decided on, to net.",
        add(drawn, "spending", figures.spending(run), "tall"),
    )  # fmt: skip
    return [f'<div class="pair">{left}{right}</div>', f'<div class="pair">{hours}{costs}</div>']


def confidence(run: Run, drawn: dict[str, dict[str, Any]]) -> list[str]:
    sure, right, what = figures.answers(run)
    if not len(sure):
        return []
    error = figures.calibration_error(figures.levels(sure, right))
    words = (
        f"{len(sure):,} of them, by tenths of confidence. On the dashed line a confidence is the "
        f"share of {what}; the mean distance from it is {error:.1%}."
    )
    figure = add(drawn, "calibration", figures.calibration(run), "tall")
    return [page.section("Calibration", escape(words), figure)]


def carrying_out(run: Run, quotes: Quotes | None, drawn: dict[str, dict[str, Any]]) -> list[str]:
    title = "Carrying out"
    if quotes is None or not len(run.orders) or "multiplier" not in run.about:
        words = (
            "Not measured: give the tape of the run with --tape, and a run that knows its orders."
        )
        return [page.section(title, words)]
    table = tca.by_purpose(tca.orders(run, quotes))
    heads = ["orders", "contracts", *tca.PARTS, "bps"]
    marks = [f"markout_{s}s" for s in tca.MARKOUTS_S]
    rows = [
        [row["purpose"], str(row["orders"]), str(row["contracts"]),
         *(shown(row[part], "$") for part in tca.PARTS), shown(row["bps"]),
         *(shown(row[mark]) for mark in marks)]
        for row in table.iter_rows(named=True)
    ]  # fmt: skip
    words = (
        "Implementation shortfall against the mid at the decision; a cost is positive. After it, "
        "the ticks that the mid went our way in so many seconds after the fill."
    )
    later = [f"after {s} s" for s in tca.MARKOUTS_S]
    return [
        page.section(
            title, words, add(drawn, "shortfall", figures.shortfall(table, tca.PARTS[:-1])),
            page.table(["purpose", *heads, *later], rows),
        )
    ]  # fmt: skip
