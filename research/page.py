"""The frame of a report: one HTML file that asks nobody for anything, for screen, phone and paper.

A figure's colours are names (research/figures.py); `palette` turns them into those of the theme,
again whenever the theme or the medium changes.
"""

import json
from html import escape
from importlib.resources import files
from typing import Any

from plotly.offline import get_plotlyjs

HERE = files("research")
STYLE, SCRIPT = ((HERE / f"report.{kind}").read_text() for kind in ("css", "js"))


def page(title: str, about: str, body: str, figures: dict[str, dict[str, Any]]) -> str:
    """The whole file. `about` is text, `body` HTML with a <div id> for each figure."""
    # "</" would end the script element whatever it stands in.
    told = json.dumps(figures, allow_nan=False, separators=(",", ":")).replace("</", "<\\/")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="quiet">{escape(about)}</p>\n{body}\n'
        f'<script type="application/json" id="figures">{told}</script>\n'
        f"<script>{get_plotlyjs()}</script>\n<script>{SCRIPT}</script>\n</body></html>\n"
    )


def plot(name: str, size: str = "") -> str:
    """`size`: further classes of report.css."""
    return f'<div id="{name}" class="{f"plot {size}".strip()}"></div>'


def section(title: str, words: str, *parts: str) -> str:
    return (
        f'<section><h2>{escape(title)}</h2><p class="quiet">{words}</p>{"".join(parts)}</section>'
    )


def numbers(rows: list[tuple[str, str]]) -> str:
    cells = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows)
    return f'<dl class="numbers">{cells}</dl>'


def table(heads: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    lines = (f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
