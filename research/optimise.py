"""Search stop, target, confidence and risk on validation; score what was found once on holdout.

Every trial plays the validation months through the stages of the daemon, and every trial counts:
the deflated Sharpe ratio and the probability of overfitting are told of all of them together. A
study lies in an SQLite file, so that it goes on where it was stopped and many processes share it.
"""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import optuna
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from core.config import Config
from core.errors import ConfigError, UsageError
from indicators.schema import FINGERPRINT
from research import metrics, overfit, walk
from research.folds import Lesson, begins
from research.lessons import Walk, seen
from storage import model as models
from storage.model import Model

TRADES_MIN = 20  # on validation; fewer are luck, and count as nothing
WORST = -10.0  # what such a trial scores
PBO_BLOCKS = 8  # of a month of days: 70 ways to halve them
Told = Callable[[str], None]


class Space(Struct, frozen=True):
    """Lowest, highest, step of each."""

    stop_ticks: tuple[int, int, int] = (4, 20, 2)
    target_ticks: tuple[int, int, int] = (4, 32, 4)
    confidence: tuple[float, float, float] = (0.60, 0.90, 0.05)
    risk_percent: tuple[float, float, float] = (0.5, 2.5, 0.5)

    def grid(self) -> dict[str, list[Any]]:
        return {
            name: [round(low + n * step, 6) for n in range(int((high - low) / step + 1e-9) + 1)]
            for name, (low, high, step) in msgspec.to_builtins(self).items()
        }


SAMPLERS: dict[str, Callable[[int, Space], optuna.samplers.BaseSampler]] = {
    # Its points have numbers that a seed gives them: another seed would visit other points by them.
    "grid": lambda seed, space: optuna.samplers.GridSampler(space.grid(), seed=1),
    "random": lambda seed, space: optuna.samplers.RandomSampler(seed=seed),
    "tpe": lambda seed, space: optuna.samplers.TPESampler(seed=seed),
    "genetic": lambda seed, space: optuna.samplers.NSGAIISampler(seed=seed),
}


def chosen(trial: optuna.trial.Trial, space: Space) -> dict[str, Any]:
    return {name: suggested(trial, name, options) for name, options in space.grid().items()}


def suggested(trial: optuna.trial.Trial, name: str, options: list[Any]) -> Any:
    """Steps of a range, so that a sampler knows which values are near."""
    step = options[1] - options[0]
    if isinstance(options[0], int):
        return trial.suggest_int(name, options[0], options[-1], step=step)
    return round(trial.suggest_float(name, options[0], options[-1], step=round(step, 6)), 6)


def tuned(config: Config, values: dict[str, Any]) -> Config:
    """The config with these values in the place of its own."""
    percent = Decimal(str(values["risk_percent"]))
    signals = replace(
        config.signals, stop_ticks=values["stop_ticks"], target_ticks=values["target_ticks"],
        confidence_min=values["confidence"],
    )  # fmt: skip
    tiers = tuple((least, contracts, percent) for least, contracts, _ in config.sizing.tiers)
    return replace(config, signals=signals, sizing=replace(config.sizing, tiers=tiers))


def study(url: str, name: str, sampler: str, seed: int, space: Space) -> optuna.Study:
    """The study of that name, new or as it was left. `url` as Optuna has them."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        held = optuna.create_study(
            storage=url, study_name=name, direction="maximize", load_if_exists=True
        )
        held.sampler = SAMPLERS[sampler](going_on(seed, len(held.trials)), space)
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError) as error:
        raise UsageError(f"{url}: cannot hold a study: {str(error).splitlines()[0]}") from None
    return held


def going_on(seed: int, trials: int) -> int:
    """The seed of a study that holds so many trials: its own would draw the first ones again."""
    return int(np.random.SeedSequence((seed, trials)).generate_state(1)[0]) if trials else seed


def name_of(walk: Walk, sampler: str, space: Space, market: str) -> str:
    """The same data, numbers that decide, plan and space are the same study; where the config
    says that it runs does not matter. `market`: which of the file's rows."""
    config = walk.config
    numbers = [config.settings(), config.account, config.gateway.balance]
    parts = [walk.sha256, numbers, walk.plan, walk.fills, sampler, space, market]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()[:16]


def remembered(lesson: Lesson, way: Walk) -> Model:
    """The model of this lesson: as another process left it, or taught anew."""
    path = way.models / f"{lesson.fold.name}.onnx"
    try:
        found = models.load(path, FINGERPRINT, now=begins(lesson.fold.test_start))
    except ConfigError:  # there is none, or a kill cut it short
        return walk.taught(lesson, way)
    same = found.manifest.data_sha256 == {way.source: way.sha256}
    if same and found.manifest.metrics["plan"] == plain(way.plan):
        return found
    return walk.taught(lesson, way)


def plain(plan: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(plan))


def search(
    held: optuna.Study, lesson: Lesson, model: Model, way: Walk, space: Space, trials: int,
    told: Told,
) -> None:  # fmt: skip
    """Make so many trials more."""
    market = seen(lesson.valid, way)

    def score(trial: optuna.trial.Trial) -> float:
        config = tuned(way.config, chosen(trial, space))
        run = walk.played(market, lesson.valid, model, replace(way, config=config))
        returns = returns_of(run)
        trial.set_user_attr("returns", [round(float(value), 12) for value in returns])
        trial.set_user_attr("trades", len(run.trades))
        ratio = metrics.ratios(returns)["sharpe"]
        told(f"trial {trial.number + 1}: {len(run.trades)} trades, Sharpe {ratio:.2f}")
        return ratio if len(run.trades) >= TRADES_MIN and np.isfinite(ratio) else WORST

    held.optimize(score, n_trials=trials, callbacks=[until_looked])


def until_looked(held: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    """Another process may have looked at the month held out meanwhile."""
    if "holdout" in held.user_attrs:
        held.stop()


def best(held: optuna.Study) -> optuna.trial.FrozenTrial | None:
    """The trial that was scored on the month held out; until then the best one that is no luck."""
    number = held.user_attrs.get("holdout", {}).get("trial")
    if number is not None:
        return held.trials[number]
    known = [trial for trial in held.trials if trial.value not in (None, WORST)]
    return max(known, key=lambda trial: (trial.value, -trial.number), default=None)


def returns_of(run: walk.Run) -> np.ndarray:
    at, equity = (run.equity[name].to_numpy() for name in ("at", "equity"))
    return metrics.daily(at, equity, run.balance_start)[1]


def holdout(held: optuna.Study, test: Callable[[Config], walk.Run], config: Config) -> Any:
    """What the best trial earns where nobody looked; None, and nobody looks, where there is none.
    Told once: afterwards it is the same answer, and no trial may follow."""
    trial = best(held)
    if trial is None:
        return None
    if "holdout" not in held.user_attrs:
        found = metrics.measure(test(tuned(config, trial.params)))
        keep = ("sharpe", "calmar", "net_pnl", "trades", "max_drawdown_dollars")
        told = {key: found[key] if np.isfinite(found[key]) else None for key in keep}
        held.set_user_attr("holdout", told | {"trial": trial.number})
    return held.user_attrs["holdout"]


def luck(held: optuna.Study) -> dict[str, Any]:
    """How much of the best trial the number of trials explains."""
    done = [trial for trial in held.trials if trial.state is optuna.trial.TrialState.COMPLETE]
    rows = [np.array(trial.user_attrs["returns"]) for trial in done]
    days = min((len(row) for row in rows), default=0)
    table = np.array([row[:days] for row in rows]).T if rows else np.empty((0, 0))
    ratios = np.array([overfit.sharpe(row) for row in rows])
    found = best(held)
    returns = rows[done.index(found)] if found else np.array([])
    return {
        "trials": len(done),
        "deflated_sharpe": overfit.deflated(returns, ratios[np.isfinite(ratios)]),
        "overfit_probability": overfit.probability(table, PBO_BLOCKS) if days else metrics.NAN,
    }


def told_of(held: optuna.Study) -> dict[str, Any]:
    """The trial that was scored on the month held out, whatever came after, and its luck."""
    found = best(held)
    value = None if found is None or found.value == WORST else found.value
    return {"best": found and found.params, **luck(held), "validation_sharpe": value}
