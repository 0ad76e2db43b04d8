"""tradebot download: history of a market, from where it was left off, into a file a month."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from cli.arguments import Arguments, between
from cli.progress import counted
from cli.results import ours
from core.clock import SECOND, wall
from core.errors import EXIT_DIFFERENCE, EXIT_OK, UsageError

SETTLED_S = 120  # bars younger than this may still change


def parser() -> Arguments:
    words = Arguments(prog="tradebot download", description=__doc__)
    words.add_argument("service", choices=["databento", "ccxt", "topstepx"])
    words.add_argument("symbol", help="MES.v.0, BTC/USDT, CON.F.US.MES.Z26")
    words.add_argument("--since", required=True, metavar="TIME", help="2025-01-31, UTC")
    words.add_argument("--until", metavar="TIME", help="default: two minutes ago")
    words.add_argument("--step", type=between(1, 86_400, int), default=1, metavar="S",
                       help="of a bar, seconds")  # fmt: skip
    words.add_argument("--out", type=Path, default=Path("data/history"), metavar="DIR")
    words.add_argument("--gap", type=between(1, 10**6, int), default=300, metavar="S",
                       help="silence in trading hours that is asked for again")  # fmt: skip
    words.add_argument("--no-backfill", action="store_true", help="count gaps, do not ask again")
    words.add_argument("--exchange", default="binance", help="of ccxt")
    words.add_argument("--dataset", default="GLBX.MDP3", help="of databento")
    words.add_argument("--url", metavar="URL", help="of the service, if it is elsewhere")
    words.add_argument("--tries", type=between(1, 100, int), default=6, metavar="N")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def main(argv: list[str]) -> int:
    """1 if gaps are left in trading hours."""
    given = parser().parse_args(argv)
    span = (moment("--since", given.since), latest(given.until))
    if span[0] >= span[1]:
        raise UsageError(f"--since {given.since}: not before --until")
    try:
        from research import archive, download, services
    except ModuleNotFoundError as error:
        raise UsageError(f"this needs {error.name}: run `make research`") from None
    how = {"url": given.url, "exchange": given.exchange, "dataset": given.dataset}
    service = services.SERVICES[given.service](given.symbol, given.step, os.environ, **how)
    folder = given.out / service.name / given.symbol.replace("/", "-") / f"{given.step}s"
    with ours(folder), counted(given.symbol, span[1] - span[0]) as done:
        kept = archive.Archive(folder, given.step)
        told = download.fetch(
            service, kept, span, given.gap, not given.no_backfill,
            download.Patience(tries=given.tries), done,
        )  # fmt: skip
    summary = {"folder": str(folder), "files": len(kept.files()), **to_builtins(told)}
    print(json.dumps(summary) if given.json else describe(summary))
    return EXIT_DIFFERENCE if told.left else EXIT_OK


def moment(option: str, text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: expected a time as 2025-01-31T14:30") from None
    return int(found.replace(tzinfo=found.tzinfo or UTC).timestamp()) * SECOND


def latest(text: str | None) -> int:
    settled = wall() - SETTLED_S * SECOND
    return min(moment("--until", text), settled) if text else settled


def describe(told: dict[str, Any]) -> str:
    lines = [f"{told['folder']}: {told['files']} files"]
    lines.append(f"{told['bars']:,} new bars in {told['asked']} requests")
    if told["gaps"]:
        lines.append(f"{told['gaps']} gaps in trading hours, {told['left']} of them still there")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
