"""Walk-forward: each fold learns, waits out its quarantine and trades its test; they are stitched.

The model of a fold is written and loaded as the daemon's is, at the moment its test begins: so the
daemon's own rule (no model before its quarantine ends) holds here too, behind the loader's.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from core.messages import Fill, Message
from indicators.schema import FINGERPRINT
from research import bar_run, export, grid, learn, metrics, runs, skill, targets, windows
from research.equity import Curve
from research.folds import Fold, Lesson, Loader, begins
from research.lessons import Seen, Walk, network_of, prepared, seen
from research.record import NONE, Recorder
from research.runs import Run
from storage import model as models

TRADES_MIN = 100  # of a test; fewer say nothing, and it is left out of the averages
VIEW = 250_000  # seconds of a test at a time
ASKED = 8_192  # predictions at a time
Told = Callable[[str], None]


class Result(Struct, frozen=True):
    fold: Fold
    run: Run

    @property
    def enough(self) -> bool:
        return len(self.run.trades) >= TRADES_MIN


def forward(loader: Loader, walk: Walk, told: Told) -> list[Result]:
    """Every fold in its turn; `told` hears what is being done."""
    done = []
    for fold in loader.folds:
        name = f"fold {fold.number} of {len(loader.folds)}"
        told(f"{name}: learning")
        lesson = loader.lesson(fold)
        model = taught(lesson, walk)
        told(f"{name}: testing")
        done.append(Result(fold, traded(loader.test(lesson), model, walk)))
    return done


def taught(lesson: Lesson, walk: Walk) -> models.Model:
    """The model of a fold, loaded as the daemon would when the test begins."""
    fold = lesson.fold
    return learned(fold.name, lesson.train, lesson.valid, begins(fold.test_start), walk)


def learned(
    name: str, train: pl.DataFrame, valid: pl.DataFrame, now: int, walk: Walk
) -> models.Model:
    """Fit, write, and load as the daemon would at `now`, UTC ns."""
    plan, network = walk.plan, network_of(walk.plan)
    parts = [seen(rows, walk) for rows in (train, valid)]
    rows, judged = (prepared(part, walk) for part in parts)
    trained = learn.kind(network).fit(rows, judged, plan, lambda epoch, metrics: None)
    sizes = {"rows": {"train": len(rows), "valid": len(judged)}, "epoch": trained.epoch}
    about = learn.describe(
        trained, plan, parts[:1], parts[1], {walk.source: walk.sha256}, trained.metrics | sizes,
        network,
    )  # fmt: skip
    path = export.write(walk.models, name, trained.graph(), about)[0]
    return models.load(path, FINGERPRINT, now=now)


def traded(rows: pl.DataFrame, model: models.Model, walk: Walk) -> Run:
    """The test: what it came to, and every prediction with what came of it."""
    market = seen(rows, walk)
    made = played(market, rows, model, walk)
    return replace(made, predictions=foretold(market, model, walk.plan))


def played(market: Seen, rows: pl.DataFrame, model: models.Model | None, walk: Walk) -> Run:
    """The market through the stages of the daemon, the seconds left out that change nothing; of a
    mind that is no `model`, or one that sees several seconds at once, every second."""
    config, settings, plan = walk.config, walk.config.settings(), walk.plan
    stages = bar_run.with_venue(config, settings, walk.fills, walk.think(settings, model))
    recorder = Recorder(foretold=False, slips=stages["venue"].lost)  # type: ignore[attr-defined]
    table = grid.quoted(market.table, rows, float(settings.instrument.tick))
    tables = (table[start : start + VIEW] for start in range(0, len(table), VIEW))

    curve = Curve(config.account.balance_start, settings.instrument)
    equity = [runs.empty(runs.EQUITY)]

    def seen(actor: str, message: Message) -> None:
        recorder.on(message)
        if isinstance(message, Fill):
            curve.fill(message)

    def done(table: np.ndarray) -> None:
        equity.append(pl.DataFrame(curve.marked(table), schema=runs.EQUITY))

    if model is None or model.manifest.seq_len > 1:
        bar_run.every(config, settings, stages, tables, seen, done)
    else:
        bar_run.skipping(config, settings, stages, tables, seen, model.predict_many, done)
    made = recorder.run(plan.lookahead_s, plan.theta_ticks)
    rest = pl.DataFrame(curve.rest(), schema=runs.EQUITY)
    return replace(made, equity=pl.concat([*equity, rest]))


def foretold(seen: Seen, model: models.Model, plan: Any) -> pl.DataFrame:
    """Every prediction of the test, in batches, and what came of it."""
    tables, length = [runs.empty(runs.PREDICTIONS)], model.manifest.seq_len
    table, ready = seen.matrix()
    asked = np.flatnonzero(windows.whole(seen.at, ready, length))
    for start in range(0, len(asked), ASKED):
        ends = asked[start : start + ASKED]
        shares = learn.softmax(model.predict_many(windows.cut(table, ends, length)))
        outcome, move = np.full(len(ends), NONE), seen.move[ends]
        known = ~np.isnan(move)
        outcome[known] = targets.classes(move[known], plan.theta_ticks)
        values = (seen.at[ends], *shares.T, outcome)
        columns_made = dict(zip(runs.PREDICTIONS, values, strict=True))
        tables.append(pl.DataFrame(columns_made, schema=runs.PREDICTIONS))
    return pl.concat(tables)


def stitched(done: Sequence[Result]) -> Run:
    """The tests one behind the other, with a table of the folds."""
    run = joined([part.run for part in done], "walk-forward")
    return replace(run, folds=pl.DataFrame([row(part) for part in done], runs.FOLDS, orient="row"))


def joined(parts: Sequence[Run], mode: str) -> Run:
    """Runs one behind the other, each going on with the equity of the last; of bars that are not
    there a run is empty."""
    first = next((part for part in parts if part.about.get("run")), parts[0])
    worth, equity = first.balance_start, []
    for part in parts:
        shift = worth - part.balance_start
        equity.append(part.equity.with_columns(pl.col("equity") + shift))
        worth = float(equity[-1]["equity"][-1]) if len(part.equity) else worth
    tables = {
        name: pl.concat([getattr(part, name) for part in parts])
        for name in ("trades", "predictions", "orders", "fills")
    }
    halts = [why for part in parts for why in part.about.get("halts", ())]
    return Run(
        first.balance_start, equity=pl.concat(equity),
        about=first.about | {"mode": mode, "halts": halts}, **tables,
    )  # fmt: skip


def row(part: Result) -> tuple[Any, ...]:
    fold, found = part.fold, metrics.measure(part.run)
    dates = (fold.train_start, fold.train_end, fold.valid_end, fold.test_start, fold.test_end)
    return (
        fold.number, *(day.isoformat() for day in dates), found["trades"], found["net_pnl"],
        *(found[name] if np.isfinite(found[name]) else None for name in ("sharpe", "calmar")),
        part.enough,
    )  # fmt: skip


def summary(done: Sequence[Result], run: Run, seed: int) -> dict[str, Any]:
    """What the stitched tests came to; folds with too few trades do not count in the mean."""
    found = metrics.measure(run)
    told = run.predictions.filter(pl.col("outcome") >= 0)
    day = np.searchsorted(metrics.rolls(), told["at"].to_numpy(), side="left")
    best = told.select("down", "flat", "up").to_numpy().argmax(axis=1)
    mean = run.folds.filter(pl.col("enough"))["sharpe"].mean()
    return {
        "folds": len(done),
        "folds_with_enough_trades": sum(part.enough for part in done),
        "fold_sharpe_mean": mean,
        "halts": len(run.about["halts"]),
        **found,
        "skill": skill.skill(day, told["outcome"].to_numpy(), best, seed),
    }
