"""Findings as one HTML page that needs nothing but itself: of each file its price and its rows.

Above, the price of the series with most rows, with each kind of blemish where it stands; below, how
many rows each half hour of each day has. Everything is thinned to what a screen can show.
"""

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from plotly.subplots import make_subplots

from research import blemishes
from research.blemishes import KINDS, Findings

POINTS, DAYS, HALF_HOUR, BREAK_NS = 3_000, 400, 1_800 * 10**9, 20 * 3_600 * 10**9
GRAVE, MILD, LINE = "#b3261e", "#8a6d00", "#1f5fa8"
STYLE = """
:root { color-scheme: light } body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto;
max-width: 70em; padding: 0 1em; color: #1c1c1c; background: #fff } h2 { margin: 2em 0 .2em;
overflow-wrap: anywhere } table { border-collapse: collapse; width: 100% } td { padding: .25em .6em;
border-top: 1px solid #ddd; vertical-align: top } td:nth-child(2) { text-align: right } .grave {
color: #b3261e; font-weight: 600 } .mild { color: #8a6d00 } .wide { overflow-x: auto }
"""


def page(found: list[Findings], zone: str = "UTC") -> str:
    """The whole page. A file that cannot be read has its words only."""
    parts, script = [], True
    for one in found:
        parts.append(words(one))
        if one.rows:
            drawn = figure(one, zone)
            parts.append(
                drawn.to_html(full_html=False, include_plotlyjs=script, default_height="520px")
            )
            script = False
    title = f"{len(found)} files, {sum(one.grave for one in found)} with grave blemishes"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market data checked'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1>{''.join(parts)}</body></html>"
    )


def words(one: Findings) -> str:
    rows = "".join(
        f'<tr><td class="{"grave" if b.grave else "mild"}">{b.kind}</td><td>{b.count:,}</td>'
        f"<td>{escape(KINDS[b.kind][1])}{': ' + escape(b.series) if b.series else ''}<br>"
        f"{escape(' to '.join(filter(None, (b.since[:19], b.until[:19]))))} {escape(b.example)}"
        "</td></tr>"
        for b in one.blemishes
    )
    line = f"{one.kind}, {one.rows:,} rows, {one.series} series, {one.since} to {one.until}, "
    line += f"{one.stamps}, {one.hours}" if one.rows else ""
    head = f"<h2>{escape(one.path)}</h2><p>{escape(line)}</p>"
    return f'{head}<div class="wide"><table>{rows}</table></div>'


def figure(one: Findings, zone: str) -> Any:
    view = blemishes.look(Path(one.path), zone)
    frame = view.frame.drop_nulls("start")
    front = frame["series"].value_counts(sort=True)["series"][0]
    drawn = make_subplots(rows=2, row_heights=[0.55, 0.45], vertical_spacing=0.12)
    price = price_of(frame.filter(pl.col("series") == front).sort("start"))
    if price is not None:
        stamps, values = price
        drawn.add_scatter(
            x=stamps, y=values, mode="lines", line={"width": 1, "color": LINE}, row=1, col=1,
            name=str(front) or "price", connectgaps=False,
        )  # fmt: skip
        mark(drawn, one, stamps, values)
    stamps, counts = presence(frame["start"].sort().to_numpy())
    drawn.add_heatmap(
        x=stamps, y=[f"{n // 2:02}:{n % 2 * 30:02}" for n in range(48)], z=counts, row=2, col=1,
        colorscale="Blues", showscale=False,
        hovertemplate="%{x} %{y} UTC: %{z:,} rows<extra></extra>",
    )  # fmt: skip
    drawn.update_xaxes(type="category", nticks=12, row=2, col=1)  # days that are there, no others
    drawn.update_yaxes(title_text="price", row=1, col=1)
    drawn.update_yaxes(title_text="UTC", autorange="reversed", row=2, col=1)
    drawn.update_layout(
        template="plotly_white", margin={"l": 60, "r": 20, "t": 20, "b": 40},
        legend={"orientation": "h", "y": 1.08},
    )  # fmt: skip
    return drawn


def price_of(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray] | None:
    """Thinned; None where the file has no price."""
    pair = blemishes.bid_of(frame.columns)
    name = next((n for n in ("close", "price", pair and pair[0]) if n in frame.columns), None)
    if name is None:
        return None
    thin = frame.gather_every(max(frame.height // POINTS, 1))
    stamps, values = thin["start"].to_numpy(), thin[name].cast(pl.Float64).to_numpy()
    breaks = np.flatnonzero(np.diff(stamps) > BREAK_NS) + 1  # no line where there was no market
    stamps = np.insert(stamps, breaks, stamps[breaks - 1] + 1)
    return stamps.view("datetime64[ns]"), np.insert(values, breaks, np.nan)


def mark(drawn: Any, one: Findings, stamps: np.ndarray, values: np.ndarray) -> None:
    """A mark where each kind of blemish begins, on the line."""
    for b in one.blemishes:
        if not b.since or len(b.since) < 19 or not len(stamps):
            continue
        place = min(int(np.searchsorted(stamps, np.datetime64(b.since[:23]))), len(stamps) - 1)
        drawn.add_scatter(
            x=[stamps[place]], y=[values[place]], mode="markers", name=f"{b.kind} ({b.count:,})",
            marker={"size": 9, "symbol": "x", "color": GRAVE if b.grave else MILD},
            row=1, col=1,
        )  # fmt: skip


def presence(starts: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Rows by day (the last so many that have any) and half hour."""
    day, half = starts // (48 * HALF_HOUR), starts // HALF_HOUR % 48
    there = np.unique(day)[-DAYS:]
    keep = day >= there[0]
    counts = np.zeros((48, len(there)))
    np.add.at(counts, (half[keep], np.searchsorted(there, day[keep])), 1)
    return [str(np.datetime64(int(d), "D")) for d in there], counts
