"""The pictures of a report as plain plotly figures: `traces` and `layout`, JSON only.

Colours are names of the page's palette ("gain", "loss" ...), which the page turns into its own for
light, dark and print. A figure that has nothing to show is None.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from core.clock import SECOND
from research import metrics
from research.runs import Run

POINTS = 1500  # of a line on the page; more are thinned to the low and high of each bucket
BINS = 40
LEVELS = 10  # bins of confidence
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
Figure = dict[str, Any]


def thin(values: np.ndarray, points: int = POINTS) -> np.ndarray:
    """Places of the rows to draw: first, last, and each bucket's lowest and highest."""
    if len(values) <= points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), points // 2 + 1).astype(np.int64)
    picked = [0, len(values) - 1]
    for start, stop in pairwise(edges.tolist()):
        part = values[start:stop]
        picked += [start + int(part.argmin()), start + int(part.argmax())]
    return np.unique(picked)


def stamps(at: np.ndarray) -> list[str]:
    """ISO in New York, without its offset: plotly draws what it reads."""
    local = pl.Series(at).cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    return local.dt.convert_time_zone(metrics.NEW_YORK).dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


def curve(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Equity with the start value as its first point."""
    at, equity = (run.equity[name].to_numpy() for name in ("at", "equity"))
    if not len(at):
        return at, equity
    return np.insert(at, 0, at[0] - SECOND), np.insert(equity, 0, run.balance_start)


def equity(run: Run) -> Figure | None:
    """Equity over time. Of a walk-forward it is the stitched one: each test begins with a line."""
    at, worth = curve(run)
    if not len(at):
        return None
    places = thin(worth)
    line = {
        "type": "scatter", "mode": "lines", "name": "equity", "x": stamps(at[places]),
        "y": worth[places].round(2).tolist(), "line": {"color": "line", "width": 1.5},
        "hovertemplate": "%{x}<br>%{y:$,.2f}<extra></extra>",
    }  # fmt: skip
    shapes = [
        {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": 1, "yref": "paper",
         "line": {"color": "faint", "width": 1, "dash": "dot"}}
        for day in run.folds["test_start"].to_list()
    ]  # fmt: skip
    start = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": run.balance_start,
             "y1": run.balance_start, "line": {"color": "faint", "width": 1}}  # fmt: skip
    axis = {"title": {"text": "dollars"}, "tickformat": "$,~f"}
    return {"traces": [line], "layout": {"yaxis": axis, "shapes": [start, *shapes]}}


def drawdown(run: Run) -> Figure | None:
    at, worth = curve(run)
    if not len(at):
        return None
    under = worth / np.maximum.accumulate(worth) - 1
    places = thin(under)
    area = {
        "type": "scatter", "mode": "lines", "name": "drawdown", "fill": "tozeroy",
        "x": stamps(at[places]), "y": under[places].round(6).tolist(),
        "line": {"color": "loss", "width": 1}, "fillcolor": "loss-faint",
        "hovertemplate": "%{x}<br>%{y:.2%}<extra></extra>",
    }  # fmt: skip
    return {"traces": [area], "layout": {"yaxis": {"tickformat": ".1%"}}}


def distribution(run: Run) -> Figure | None:
    """Net results of trades by how they ended."""
    if not len(run.trades):
        return None
    net = run.trades["net_pnl"].to_numpy()
    width = max((net.max() - net.min()) / BINS, 0.01)
    bins = {"start": float(net.min()), "end": float(net.max()) + width, "size": float(width)}
    traces = [
        {"type": "histogram", "name": reason[0], "x": part["net_pnl"].round(4).to_list(),
         "xbins": bins, "marker": {"color": f"series-{number}"},
         "hovertemplate": "%{x:$.2f}: %{y} trades<extra>" + str(reason[0]) + "</extra>"}
        for number, (reason, part) in enumerate(sorted_groups(run.trades, "exit_reason"))
    ]  # fmt: skip
    axis = {"title": {"text": "net dollars a trade"}, "tickformat": "$,~f"}
    return {"traces": traces, "layout": {
        "barmode": "stack", "xaxis": axis, "yaxis": {"title": {"text": "trades"}},
        "showlegend": True}}  # fmt: skip


def sorted_groups(table: pl.DataFrame, column: str) -> list[tuple[Any, pl.DataFrame]]:
    return sorted(table.group_by(column), key=lambda pair: str(pair[0]))


def hours(run: Run) -> Figure | None:
    """Net dollars by New York hour of entry (down) and weekday (across)."""
    table = metrics.hourly(run.trades)
    if not len(table):
        return None
    rows = list(range(int(table["hour"].min()), int(table["hour"].max()) + 1))  # type: ignore[arg-type]
    across = sorted(table["weekday"].unique().to_list())
    cells = {(row["hour"], row["weekday"]): row for row in table.iter_rows(named=True)}

    def grid(name: str) -> list[list[Any]]:
        return [[cells.get((hour, day), {}).get(name) for day in across] for hour in rows]

    found = {
        "type": "heatmap", "x": [WEEKDAYS[day - 1] for day in across],
        "y": [f"{hour:02}:00" for hour in rows], "z": grid("net_pnl"), "zmid": 0,
        "customdata": grid("trades"), "colorscale": "diverging", "xgap": 2, "ygap": 2,
        "texttemplate": "%{z:.0f}", "colorbar": {"thickness": 10, "tickformat": "$,~f"},
        "hovertemplate": "%{x} %{y}<br>%{z:$,.2f} in %{customdata} trades<extra></extra>",
    }  # fmt: skip
    return {"traces": [found], "layout": {"yaxis": {"autorange": "reversed", "type": "category"}}}


def by_day(run: Run) -> Figure | None:
    """Net dollars of each trade date."""
    at, worth = curve(run)
    if not len(at):
        return None
    kind = str(run.about.get("session", "globex"))
    places, returns = metrics.daily(at[1:], worth[1:], run.balance_start, kind)
    gains = np.diff(run.balance_start * np.concatenate([[1.0], np.cumprod(1 + returns)]))
    bars = {
        "type": "bar", "x": [metrics.days(kind)[place].date for place in places],
        "y": gains.round(2).tolist(), "hovertemplate": "%{x}<br>%{y:$,.2f}<extra></extra>",
        "marker": {"color": ["gain" if gain >= 0 else "loss" for gain in gains]},
    }  # fmt: skip
    axis = {"tickformat": "$,~f"}
    return {"traces": [bars], "layout": {"yaxis": axis, "xaxis": {"type": "category",
            "nticks": 8}}}  # fmt: skip


def levels(sure: np.ndarray, right: np.ndarray) -> pl.DataFrame:
    """Each tenth of confidence that has any: its mean, the count, the share that was right."""
    place = np.minimum((sure * LEVELS).astype(np.int64), LEVELS - 1)
    table = pl.DataFrame({"level": place, "confidence": sure, "right": right.astype(np.float64)})
    return (
        table.group_by("level")
        .agg(pl.col("confidence").mean(), pl.len().alias("count"), pl.col("right").mean())
        .sort("level")
    )


def calibration_error(table: pl.DataFrame) -> float:
    """Mean distance of confidence from the share that was right, weighted by count."""
    gap = (table["confidence"] - table["right"]).abs() * table["count"]
    return float(gap.sum()) / max(1, int(table["count"].sum()))


def answers(run: Run) -> tuple[np.ndarray, np.ndarray, str]:
    """Confidence and whether it was right: of every prediction, else of the trades."""
    known = run.predictions.filter(pl.col("outcome") >= 0)
    if len(known):
        shares = known.select("down", "flat", "up").to_numpy()
        best = shares.argmax(axis=1)
        return shares.max(axis=1), best == known["outcome"].to_numpy(), "predictions right"
    table = run.trades.filter(pl.col("model_confidence") > 0, pl.col("net_pnl") != 0)
    won = table["net_pnl"].to_numpy() > 0
    return table["model_confidence"].to_numpy(), won, "trades won"


def calibration(run: Run) -> Figure | None:
    """Does confidence tell the truth? On the diagonal it does."""
    sure, right, what = answers(run)
    if not len(sure):
        return None
    table = levels(sure, right)
    truth = {
        "type": "scatter", "mode": "lines", "name": "honest", "x": [0, 1], "y": [0, 1],
        "line": {"color": "faint", "dash": "dash", "width": 1}, "hoverinfo": "skip",
    }  # fmt: skip
    size = np.sqrt(table["count"].to_numpy() / table["count"].max())
    points = {
        "type": "scatter", "mode": "lines+markers", "name": what,
        "x": table["confidence"].round(4).to_list(), "y": table["right"].round(4).to_list(),
        "customdata": table["count"].to_list(), "line": {"color": "line", "width": 1},
        "marker": {"color": "line", "size": (6 + 18 * size).round(1).tolist()},
        "hovertemplate": "said %{x:.1%}, was %{y:.1%}<br>%{customdata} of them<extra></extra>",
    }  # fmt: skip
    share = {"tickformat": ".0%", "range": [0, 1.02]}
    return {"traces": [truth, points], "layout": {
        "showlegend": True, "xaxis": share | {"title": {"text": "confidence"}},
        "yaxis": share | {"title": {"text": what}}}}  # fmt: skip


def spending(run: Run) -> Figure | None:
    """From gross at the prices decided on, down to net."""
    if not len(run.trades):
        return None
    found = metrics.costs(run.trades)
    steps = [found["gross_pnl"], -found["commission"], -found["slippage"], 0.0]
    fall = {
        "type": "waterfall", "x": ["gross", "commission", "slippage", "net"],
        "y": [round(step, 2) for step in steps],
        "measure": ["absolute", "relative", "relative", "total"],
        "increasing": {"marker": {"color": "gain"}}, "decreasing": {"marker": {"color": "loss"}},
        "totals": {"marker": {"color": "line"}}, "connector": {"line": {"color": "faint"}},
        "texttemplate": "%{final:$,.0f}", "textposition": "outside",
        "hovertemplate": "%{x}: %{delta:$,.2f}, then %{final:$,.2f}<extra></extra>",
    }  # fmt: skip
    return {"traces": [fall], "layout": {"yaxis": {"tickformat": "$,~f"}}}


def shortfall(table: pl.DataFrame, parts: tuple[str, ...]) -> Figure | None:
    """Where the cost of carrying out came from, dollars per purpose of an order."""
    if not len(table):
        return None
    traces = [
        {"type": "bar", "name": part, "x": table["purpose"].to_list(),
         "y": table[part].round(4).to_list(), "marker": {"color": f"series-{number}"},
         "hovertemplate": "%{x}: %{y:$,.2f}<extra>" + part + "</extra>"}
        for number, part in enumerate(parts) if table[part].abs().sum() > 0
    ]  # fmt: skip
    return {"traces": traces, "layout": {
        "barmode": "relative", "showlegend": True, "yaxis": {"tickformat": "$,~f"}}}  # fmt: skip
