"""tradebot gate: what must be proven of this build and model before live mode, and what is.

With --override ITEM --by NAME --why TEXT a named person lets one item pass; with --log DIR the
days of paper trading in a log become evidence. Exit 1 while an item is open.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from cli.arguments import Arguments
from cli.logs import records_in
from core import config as configs
from core.clock import SECOND, wall
from core.config import Config
from core.errors import EXIT_DIFFERENCE, EXIT_OK
from core.messages import Bar, RunStarted
from core.sessions import trade_date
from daemon import golive
from daemon.build import build
from daemon.golive import Evidence, Finding
from daemon.main import commit
from daemon.wiring import load_model


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    config = configs.load(given.config)
    folder, model = Path(config.live.evidence), model_of(config)
    strategy = golive.strategy_of(config.settings())
    if given.override:
        golive.override(folder, given.override, given.by, given.why, build(), model)
    if given.log:
        golive.write(folder / "paper.json", papers(given.log, model, strategy))
    found = golive.judge(folder, build(), model, strategy, datetime.now(UTC))
    if given.json:
        print(json.dumps({"build": build(), "model": model, "items": told(found)}))
    else:
        show(found)
    return EXIT_DIFFERENCE if any(finding.open for finding in found) else EXIT_OK


def parser() -> Arguments:
    words = Arguments(prog="tradebot gate", description=__doc__)
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument("--override", metavar="ITEM", help="let it pass, for this build and model")
    words.add_argument("--by", default="", metavar="NAME")
    words.add_argument("--why", default="", metavar="TEXT")
    words.add_argument("--log", type=Path, metavar="DIR", help="a log of paper trading")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def model_of(config: Config) -> str:
    thinker = load_model(config, wall())
    return thinker.manifest_sha256 if thinker else ""


def told(found: list[Finding]) -> list[dict[str, Any]]:
    return [
        {"item": f.item, "met": f.met, "open": f.open, "why": f.why,
         "override": msgspec.to_builtins(f.override)} for f in found
    ]  # fmt: skip


def show(found: list[Finding]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in ("", "item", "what", "found"):
        table.add_column(head)
    for f in found:
        state, why = ("met" if f.met else "OPEN"), f.why
        if not f.met and f.override:
            state, why = "overridden", f"by {f.override.by}: {f.override.why} ({f.why})"
        table.add_row(state, f.item, golive.ITEMS[f.item].what, why)
    Console(highlight=False, soft_wrap=True, markup=False).print(table)


def papers(log: Path, model: str, strategy: str) -> Evidence:
    """Days from the first to the last bar seen on paper with this model and strategy, and sessions
    with bars."""
    dates: set[str] = set()
    first = last = 0
    paper = False
    for record in records_in(log):
        message = record.message
        if isinstance(message, RunStarted):
            same = message.model_sha256 == model
            same = same and golive.strategy_of(message.settings) == strategy
            paper = message.mode == "paper" and same
        elif paper and isinstance(message, Bar):
            first, last = first or message.at, message.at
            dates.add(trade_date(message.at))
    days = (last - first) / SECOND / 86_400
    at = datetime.now(UTC).isoformat(timespec="seconds")
    values: dict[str, float | None] = {"days": round(days, 2), "sessions": float(len(dates))}
    how = f"tradebot gate --log {log}"
    return Evidence("paper", at, commit(), how, golive.MODEL, model, values, strategy)
