"""tradebot report: a run (a backtest's folder, or a log of the daemon) as one HTML page."""

import json
import math
from pathlib import Path
from typing import Any

from cli.arguments import Arguments
from cli.logs import records_in
from cli.results import writing
from core import config as configs
from core.errors import EXIT_OK, UsageError
from storage import tape as tapes
from storage.disk import write_files
from storage.segments import segments


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    try:
        from research import metrics, report, tca
    except ModuleNotFoundError as error:
        raise UsageError(f"reports need {error.name}: run `make research`") from None
    config = configs.load(given.config)
    folder = given.run or Path(config.paths.wal)
    run = loaded(folder, Path(config.model.path))
    quotes = tca.quotes_of(tapes.read(given.tape)) if given.tape else None
    text = report.build(given.title or folder.resolve().name, run, quotes)
    with writing(given.out):
        write_files({given.out: text.encode()})
    found = metrics.measure(run)
    print(json.dumps(plain(found)) if given.json else f"wrote {given.out}")
    return EXIT_OK


def parser() -> Arguments:
    words = Arguments(prog="tradebot report", description=__doc__)
    words.add_argument(
        "run", type=Path, nargs="?", metavar="RUN",
        help="a folder that --out named, or a log's; default: the config's log",
    )  # fmt: skip
    words.add_argument("--out", type=Path, default=Path("report.html"), metavar="F.html")
    words.add_argument("--tape", type=Path, metavar="F", help="its quotes tell what fills cost")
    words.add_argument("--title", metavar="TEXT", help="default: the name of RUN")
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument("--json", action="store_true", help="the measures as one JSON object")
    return words


def loaded(folder: Path, model: Path) -> Any:
    """A log is told by its segments; its model says what an outcome is."""
    from research import record, runs

    if not folder.is_dir() or not segments(folder):
        return runs.read(folder)
    return record.record((found.message for found in records_in(folder)), *runs.outcome_of(model))


def plain(found: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN and no infinity: null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in found.items()
    }
