"""tradebot optimise: search stop, target, confidence and risk on a validation month, by many
processes on one study that goes on where it was stopped; then one look at the month held out.

The model learns from the months before, as in the last fold of a walk-forward; the month held out
lies behind the 30 days of quarantine. Once it was looked at, the study takes no trial more.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cli.arguments import Arguments, between, zoned
from cli.report import plain
from cli.results import prepare
from cli.walk_forward import HEARD, rows_of
from core import config as configs
from core.errors import EXIT_DIFFERENCE, EXIT_OK, TradebotError, UsageError
from storage import lock

POLL_S = 0.1
CLUSTER_S = 10  # until a scheduler answers
UNSEEN = "no trial had {} trades on validation: the month held out was not looked at"
SAMPLERS = ("grid", "random", "tpe", "genetic")


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    config = configs.load(given.config)
    try:
        from research import folds, learn, optimise, walk
        from research.lessons import Walk
        from research.train import Plan
    except ModuleNotFoundError as error:
        raise UsageError(f"a search needs {error.name}: run `make research`") from None
    from daemon import wiring
    from venues.fills import MODES

    prepare(given.out)
    plan, months = Plan(epochs_max=given.epochs), folds.Months(given.train, 1, 1)
    loader = folds.Loader(rows_of(given, config), months, plan.lookahead_s, given.hours)
    if not loader.folds:
        why = f"too short for {given.train}+1+1 months and 30 days between"
        raise UsageError(f"{given.data}: {why}")
    market = market_of(given)
    way = Walk(
        config, plan, MODES[given.fills], wiring.thinking, given.out / "models" / market,
        given.data.name, learn.digest_of(given.data),
    )  # fmt: skip
    space = optimise.Space()
    name = optimise.name_of(way, given.sampler, space, market)
    url = config.research.storage or f"sqlite:///{given.out / 'study.db'}"
    held = optimise.study(url, name, given.sampler, given.seed, space)
    lesson = loader.lesson(loader.folds[-1])
    model = optimise.remembered(lesson, way)
    if given.trials and "holdout" in held.user_attrs:
        raise UsageError("the month held out was looked at: no trial may follow: use another --out")
    if given.jobs > 1:
        spread(argv, given.trials, given.jobs, given.seed, config.research.cluster)
    else:
        optimise.search(held, lesson, model, way, space, given.trials, say)
    if given.worker:
        return EXIT_OK
    some_trial(held, url)

    def test(tuned: Any) -> Any:
        return walk.traded(loader.test(lesson), model, replace(way, config=tuned))

    with lock.alone(given.out):  # of two that end at once, one looks
        told = {"study": name, "holdout": optimise.holdout(held, test, config)}
    told |= optimise.told_of(held)
    print(json.dumps(plain(told)) if given.json else describe(told))
    if told["best"] is None:
        print(UNSEEN.format(optimise.TRADES_MIN), file=sys.stderr)
    return EXIT_DIFFERENCE if told["best"] is None else EXIT_OK


def market_of(given: argparse.Namespace) -> str:
    """What is learned from, beside the file; the name of a folder, too."""
    zone = () if given.zone == "UTC" else (given.zone.replace("/", "-"),)
    return "-".join((given.hours, str(given.train), *zone))


def some_trial(held: Any, url: str) -> None:
    """Raises UsageError if there is none."""
    if not [trial for trial in held.trials if trial.value is not None]:
        raise UsageError(f"{url}: holds no trial that came to an end: --trials N")


def parser() -> Arguments:
    words = Arguments(prog="tradebot optimise", description=__doc__)
    words.add_argument("data", type=Path, nargs="?", default=Path("data/bars.parquet"), metavar="F")
    words.add_argument("--config", type=Path, default=Path("config.toml"), metavar="F")
    words.add_argument("--out", type=Path, default=Path("search"), metavar="DIR")
    words.add_argument("--trials", type=between(0, 10**6, int), default=100, metavar="N")
    words.add_argument("--sampler", choices=SAMPLERS, default="tpe")
    words.add_argument("--jobs", type=between(1, 256, int), default=os.cpu_count(), metavar="N",
                       help="processes; default: one a core")  # fmt: skip
    words.add_argument("--hours", choices=("globex", "rth"), default="globex", help=HEARD)
    zoned(words)
    words.add_argument("--fills", choices=("realistic", "conservative", "optimistic"),
                       default="realistic")  # fmt: skip
    words.add_argument("--train", type=between(1, 60, int), default=6, metavar="MONTHS")
    words.add_argument("--epochs", type=between(1, 1000, int), default=40, metavar="N")
    words.add_argument("--seed", type=between(0, 2**32 - 1, int), default=1, metavar="N",
                       help="one job and one seed: one search")  # fmt: skip
    words.add_argument("--worker", action="store_true", help="trials only, for another process")
    words.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return words


def say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def spread(argv: list[str], trials: int, jobs: int, seed: int, cluster: str) -> None:
    """The same command in so many processes, each with its share of the trials: here, or on the
    workers of a cluster."""
    shares = [trials // jobs + (number < trials % jobs) for number in range(jobs)]
    words = [
        [*argv, "--worker", "--jobs", "1", "--trials", str(share), "--seed", str(seed + number)]
        for number, share in enumerate(shares) if share
    ]  # fmt: skip
    if cluster:
        codes = afar(cluster, words)
    else:
        codes = [ended(worker) for worker in [started(each) for each in words]]
    if any(codes):
        raise TradebotError("a process of the search failed: what it found is kept, try again")


def started(words: list[str]) -> subprocess.Popen[bytes]:
    """Here, and over when we are, whatever ends us: nobody would count its trials."""
    from daemon.child import die_with_parent

    return subprocess.Popen(command(words), preexec_fn=die_with_parent)


def ended(worker: subprocess.Popen[bytes]) -> int:
    """Its exit code. Not by `wait`: with polars a system call goes on after SIGINT, to its end."""
    while (code := worker.poll()) is None:
        time.sleep(POLL_S)
    return code


def command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", "cli.main", "optimise", *words]


def afar(cluster: str, words: list[list[str]]) -> list[int]:
    """One task each on a Dask cluster; their exit codes."""
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise UsageError("research.cluster needs distributed: run `make networks`") from None
    try:
        with Client(cluster, timeout=CLUSTER_S) as client:
            codes: list[int] = client.gather(client.map(work, words, pure=False))
            return codes
    except (OSError, TimeoutError) as error:
        raise UsageError(f"research.cluster: {cluster}: no scheduler there: {error}") from None


def work(words: list[str]) -> int:
    """What a worker of the cluster does."""
    return subprocess.run(command(words), check=False).returncode


def describe(told: dict[str, Any]) -> str:
    rows = [f"{name:<30}{value}" for name, value in told.items() if name not in ("best", "holdout")]
    for part, width in (("best", 25), ("holdout", 22)):
        found = told[part] or {"": "not looked at" if part == "holdout" else "none"}
        rows += [f"{part} {name:<{width}}{value}" for name, value in found.items()]
    return "\n".join(rows)
