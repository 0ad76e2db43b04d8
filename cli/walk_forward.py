"""tradebot walk-forward: learn, wait out the quarantine, trade a month nobody saw; month by month.

Train 6 months, stop by 1, test 1, rolled monthly; 30 days between, which the loader keeps. What it
writes with --out is a run: `tradebot report` shows it, folds and stitched equity included.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.arguments import Arguments, between, zoned
from cli.progress import spoken
from cli.report import plain
from cli.results import ours, writing
from cli.train import kinds, plan
from core import config as configs
from core.clock import wall
from core.config import Config
from core.errors import EXIT_DIFFERENCE, EXIT_OK, UsageError

HEARD = "what of the day features and model hear; the daemon hears all of it (globex)"
LINES = (
    "folds", "folds_with_enough_trades", "first_day", "last_day", "trades", "net_pnl", "sharpe",
    "sortino", "calmar", "max_drawdown_dollars", "profit_factor", "halts",
)  # fmt: skip


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    config = configs.load(given.config)
    try:
        from research import folds, runs, walk
    except ModuleNotFoundError as error:
        raise UsageError(f"a walk needs {error.name}: run `make research`") from None
    made = plan_of(given)
    if given.evidence and given.fills == "optimistic":
        raise UsageError("--evidence: of fills that are too good nothing is proven")
    model = provable(config, made, given) if given.evidence else None
    with ours(given.out):
        months = folds.Months(given.train, given.valid, given.test, roll=given.test)
        loader = folds.Loader(rows_of(given, config), months, made.lookahead_s, given.hours)
        if not loader.folds:
            raise UsageError(f"{given.data}: too short for {given.train}+{given.valid}+{given.test}"
                             f" months and {months.quarantine_days} days between")  # fmt: skip
        way = way_of(given, config)
        with spoken() as told:
            done = walk.forward(loader, way, told)
        run = walk.stitched(done)
        found = walk.summary(done, run, given.seed)
        with writing(given.out):
            runs.write(given.out, run)
    if model:
        prove(found, config, model, way)
    print(json.dumps(plain(found)) if given.json else describe(found))
    return EXIT_OK if found["folds_with_enough_trades"] else EXIT_DIFFERENCE


def parser() -> Arguments:
    words = lessons("tradebot walk-forward", __doc__, "walk")
    for part, months in (("train", 6), ("valid", 1), ("test", 1)):
        words.add_argument(f"--{part}", type=between(1, 60, int), default=months, metavar="MONTHS")
    words.add_argument("--evidence", action="store_true",
                       help="for `tradebot gate`, if the model was made the same way")  # fmt: skip
    return words


def lessons(prog: str, about: str | None, out: str) -> Arguments:
    """What is said of any training that is tested on other months."""
    words = Arguments(prog=prog, description=about)
    words.add_argument(
        "data", type=Path, nargs="?", default=Path("data/bars.parquet"), metavar="F",
        help="bars of one second, as `validate` reads them",
    )  # fmt: skip
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument("--out", type=Path, default=Path(out), metavar="DIR")
    words.add_argument("--hours", choices=("globex", "rth"), default="globex", help=HEARD)
    words.add_argument("--fills", choices=("realistic", "conservative", "optimistic"),
                       default="realistic")  # fmt: skip
    zoned(words)
    kinds(words)
    words.add_argument("--stride", type=between(1, 600, int), default=10, metavar="S",
                       help="learn from one row in so many seconds: labels overlap")  # fmt: skip
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def plan_of(given: argparse.Namespace) -> Any:
    """Raises UsageError if this kind of model needs what is not installed."""
    from research import learn

    return plan(given, learn.kind(given.network))


def way_of(given: argparse.Namespace, config: Config) -> Any:
    """How each model is made and tested, as `lessons` were asked for. Raises UsageError."""
    from daemon import wiring
    from research import learn
    from research.lessons import Walk
    from venues.fills import MODES

    return Walk(
        config, plan_of(given), MODES[given.fills], wiring.thinking, given.out / "models",
        given.data.name, learn.digest_of(given.data), given.stride,
    )  # fmt: skip


def rows_of(given: argparse.Namespace, config: Config) -> Any:
    """The bars of a file, lazily. Raises UsageError if they are not what the config trades."""
    from research import history, series, sources

    data, instrument = given.data, config.settings().instrument
    if not data.exists():
        raise UsageError(f"{data}: no such file: `tradebot synth` makes one")
    with sources.reading(data):
        rows = series.scan(data, given.zone, symbol_id=instrument.symbol_id)
        history.seconds_only(data, rows, float(instrument.tick))
    return rows


def provable(config: Config, plan: Any, given: argparse.Namespace) -> str:
    """The sha256 of the model that this walk is evidence for. Raises UsageError if it was made in
    another way, if there was never such a market, or if the daemon hears more of the day."""
    from daemon.wiring import load_model
    from research import sources

    if sources.invented(given.data):
        why = "was made by `tradebot synth`: nothing is proven"
        raise UsageError(f"--evidence: {given.data}: {why}")
    if given.hours != "globex":
        raise UsageError("--evidence: the daemon hears the night: not with --hours rth")

    model = load_model(config, wall())
    recipe = msgspec.json.decode(msgspec.json.encode(plan))
    if model is None or model.manifest.metrics.get("plan") != recipe:
        raise UsageError("the walk is no evidence for this model: it was made by another plan")
    return model.manifest_sha256


def prove(found: dict[str, Any], config: Config, model: str, way: Any) -> None:
    """Evidence for `tradebot gate`."""
    from daemon import golive
    from daemon.main import commit

    at = datetime.now(UTC).isoformat(timespec="seconds")
    values = {name: plain(found)[name] for name in ("sharpe", "calmar")}
    values["folds"] = float(found["folds_with_enough_trades"])
    how, data = f"tradebot walk-forward {way.source}", f"{way.source} {way.sha256[:12]}"
    strategy = golive.strategy_of(config.settings())
    for item, told in (("walk_forward", values), ("skill", found["skill"])):
        proof = golive.Evidence(item, at, commit(), how, golive.MODEL, model, told, strategy, data)
        golive.write(Path(config.live.evidence) / f"{item}.json", proof)


def describe(found: dict[str, Any]) -> str:
    rows = [f"{name:<26}{shown(found[name])}" for name in LINES]
    return "\n".join(rows + [f"{name:<26}{shown(v)}" for name, v in found["skill"].items()])


def shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
