"""Train the small network: on earlier tapes, stopped by a later one, the same bytes every time.

The other kinds of model (`gradient`, `boosted`) share its measure, its weights and its end.

Each training row is learned together with its mirror image, so that the trend of the days at hand
does not become a leaning of the model. The classes are weighted to count alike (quant.md 6) at
each level of volatility: weighted over all rows together, the network learns above all that a
lively market moves and a quiet one does not, which is no direction.
Training stops by what the strategy would use: on the validation tape, the ticks foreseen rightly
less those foreseen wrongly, over the rows with a direction and enough confidence.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import numpy as np
import onnx
from msgspec import Struct
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from indicators.schema import NAMES as FEATURES
from research import targets
from research.dataset import Dataset, Rows, join, mirrored, rows
from research.export import CLIP, graph

NAMES = ("down", "flat", "up")
Three = tuple[float, float, float]
Told = Callable[[int, dict[str, Any]], None]
Kept = TypeVar("Kept")


class Judged(Protocol):
    """Rows of any kind, with what became of them."""

    @property
    def label(self) -> np.ndarray: ...
    @property
    def move(self) -> np.ndarray: ...
    def __len__(self) -> int: ...


class Patience(Protocol):
    @property
    def epochs_max(self) -> int: ...
    @property
    def patience(self) -> int: ...
    @property
    def confidence_min(self) -> float: ...


class Plan(Struct, frozen=True):
    """Every choice that shapes the model."""

    lookahead_s: int = 30
    theta_ticks: float = 3.0
    hidden: tuple[int, ...] = (64, 32)
    rate: float = 1e-3
    batch: int = 512
    epochs_max: int = 40
    patience: int = 3  # epochs without a better one
    levels: int = 10  # of volatility, equally many rows in each
    confidence_min: float = 0.60
    seed: int = 1


class Scaler(Struct, frozen=True):
    center: np.ndarray
    scale: np.ndarray  # 1 where a feature does not vary

    def apply(self, x: np.ndarray) -> np.ndarray:
        return np.clip((x - self.center) / self.scale, -CLIP, CLIP)


class Trained(Struct, frozen=True):
    """A model of any kind."""

    scaler: Scaler
    mean_moves: Three  # ticks, of the classes
    epoch: int  # the one that was kept, from 1
    metrics: dict[str, Any]  # on the validation rows
    chances: Callable[[np.ndarray], np.ndarray]  # features to probabilities (n, 3), as trained
    graph: Callable[[], onnx.ModelProto]


def fit_scaler(x: np.ndarray) -> Scaler:
    scale = x.std(axis=0)
    return Scaler(x.mean(axis=0), np.where(scale < 1e-9, 1.0, scale))


def weigh(seen: Rows, levels: int) -> np.ndarray:
    """Balanced class weights (n,), each level of `rv_60s` by itself. Raises UsageError."""
    volatility = seen.x[:, FEATURES.index("rv_60s")]
    edges = np.unique(np.quantile(volatility, np.arange(1, levels) / levels))
    level = np.searchsorted(edges, volatility)
    weights = np.empty(len(seen))
    for number in np.unique(level):
        own = level == number
        weights[own] = targets.class_weights(seen.label[own])[seen.label[own]]
    return weights


def prepare(seen: Dataset, plan: Plan) -> Rows:
    return rows(seen, plan.lookahead_s, plan.theta_ticks)


def fit(learn: Rows, judge: Rows, plan: Plan, told: Told) -> Trained:
    """Epoch by epoch; `told` hears each one's number and metrics. Raises UsageError when a class
    is absent."""
    learn = join([learn, mirrored(learn)])
    scaler = fit_scaler(learn.x)
    weights = weigh(learn, plan.levels)
    x, judged = scaler.apply(learn.x), scaler.apply(judge.x)
    network = MLPClassifier(
        plan.hidden, learning_rate_init=plan.rate, batch_size=plan.batch, random_state=plan.seed
    )

    def once() -> np.ndarray:
        with told_to_stop():
            network.partial_fit(x, learn.label, classes=[0, 1, 2], sample_weight=weights)
        chances: np.ndarray = network.predict_proba(judged)
        return chances

    def keep() -> list[list[np.ndarray]]:
        return [[part.copy() for part in p] for p in (network.coefs_, network.intercepts_)]

    with threadpool_limits(1):  # the order of a sum must not depend on the number of cores
        best, found, kept = until_best(once, keep, judge, plan, told)
    network.coefs_, network.intercepts_ = kept
    return Trained(
        scaler, mean_moves(learn), best, found,
        lambda x: network.predict_proba(scaler.apply(x)),
        lambda: graph(scaler.center, scaler.scale, list(zip(*kept, strict=True))),
    )  # fmt: skip


@contextmanager
def told_to_stop() -> Iterator[None]:
    """scikit-learn makes a warning of a Ctrl-C: half an epoch would be written as a model."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Training interrupted", UserWarning)
        try:
            yield
        except UserWarning:
            raise KeyboardInterrupt from None


def until_best(
    once: Callable[[], np.ndarray], keep: Callable[[], Kept], judge: Judged, plan: Patience,
    told: Told,
) -> tuple[int, dict[str, Any], Kept]:  # fmt: skip
    """Learn epoch by epoch until none was better for a while: the best one, and what it kept.

    once: learns an epoch, answers the chances of the rows to judge by.
    """
    best, found = 0, dict[str, Any]()
    kept: Kept
    for epoch in range(1, plan.epochs_max + 1):
        metrics = measure(once(), judge, plan.confidence_min)
        told(epoch, metrics)
        if not best or worth(metrics) > worth(found):
            best, found, kept = epoch, metrics, keep()
        elif epoch - best >= plan.patience:
            break
    return best, found, kept


def worth(metrics: dict[str, Any]) -> tuple[float, float]:
    """Ticks; and while the model is sure of nothing yet, how near it comes."""
    return metrics["ticks"], -metrics["balanced_log_loss"]


def mean_moves(learn: Judged) -> Three:
    down, flat, up = (round(float(learn.move[learn.label == c].mean()), 6) for c in range(3))
    return down, flat, up


def measure(chances: np.ndarray, judge: Judged, confidence_min: float) -> dict[str, Any]:
    """How good the probabilities are, and what is left of them above the confidence asked for."""
    likeliest = chances.argmax(axis=1)
    sure = chances.max(axis=1) >= confidence_min
    right = likeliest == judge.label
    used = sure & (likeliest != targets.FLAT)
    weights = targets.class_weights(judge.label)[judge.label]
    of_label = np.maximum(chances[np.arange(len(judge)), judge.label], 1e-12)
    ticks = (judge.move * (likeliest - 1))[used].sum()
    found = {
        "accuracy": right.mean(),
        "accuracy_always_flat": (judge.label == targets.FLAT).mean(),
        "balanced_accuracy": np.mean([right[judge.label == c].mean() for c in range(3)]),
        "balanced_log_loss": -np.average(np.log(of_label), weights=weights),
        "ticks": ticks,
        "ticks_per_row": ticks / max(used.sum(), 1),
    }
    precise = {
        name: {"rows": int(chosen.sum()), "precision": share(right[chosen])}
        for name, chosen in ((name, sure & (likeliest == c)) for c, name in enumerate(NAMES))
    }
    return {name: round(float(value), 6) for name, value in found.items()} | {"sure": precise}


def share(right: np.ndarray) -> float:
    return round(float(right.mean()), 6) if len(right) else 0.0


def balance(seen: Judged) -> dict[str, float]:
    """The share of each class."""
    counts = np.bincount(seen.label, minlength=3)
    return {n: round(int(c) / max(len(seen), 1), 6) for n, c in zip(NAMES, counts, strict=True)}
