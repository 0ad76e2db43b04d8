"""What the features are and which of them a model uses: correlations, distributions, permutation
importance (Breiman 2001; Fisher, Rudin and Dominici 2019).

Importance: by how much a model's answers get worse when one feature is shuffled over all rows, so
that it tells nothing any more. It is the model's, not the market's: what a bad model does not use
may be worth much. Of two features that say the same the model can read one where the other is
shuffled, and both look useless: so features that go together are also shuffled together.
"""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from msgspec import Struct
from threadpoolctl import threadpool_limits

from core.errors import UsageError
from indicators.schema import NAMES
from research import learn, skill, windows
from research.dataset import Dataset
from research.windows import Windows
from storage.model import CLASSES, Model

STRONG = 0.9  # a correlation above it, of either kind and sign, makes a pair
NEAR = 1e-3  # of a bound, to be at it
BATCH = 8192  # rows a model is asked at once
P_MIN = 1e-12  # the log loss of a class that was called impossible is that of this probability
FROM_ZERO = {
    "minutes_to_close", "is_rth", "upper_wick_ratio", "lower_wick_ratio", "body_ratio",
    "atr_ticks", "rv_60s", "fill_ratio_60s",
}  # fmt: skip
LOWER = np.array([0.0 if name in FROM_ZERO else -1.0 for name in NAMES])  # the upper bound is 1
PROFILE = ("mean", "sd", "at_bounds", "p01", "p50", "p99")
LOSSES = ("log_loss", "balanced_accuracy")
Predict = Callable[[np.ndarray], np.ndarray]
Told = Callable[[str], None]


class Study(Struct, frozen=True):
    """Of k features. NaN: a correlation of a feature that is constant."""

    warm: int  # rows of correlations and profile
    counts: np.ndarray  # int64 (3,): labelled rows of DOWN, FLAT, UP
    pearson: np.ndarray  # (k, k)
    spearman: np.ndarray  # (k, k)
    profile: np.ndarray  # (k, 6): PROFILE
    groups: list[list[int]]  # features that go together, two or more
    before: np.ndarray  # (2,): LOSSES with nothing shuffled
    alone: np.ndarray  # (k, repeats, 2): by how much each of LOSSES is worse, the feature shuffled
    together: np.ndarray  # (groups, repeats, 2): the same, the features of a group shuffled as one

    @property
    def constant(self) -> list[int]:
        return np.flatnonzero(np.isnan(np.diag(self.pearson))).tolist()

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return pairs(strength(self.pearson, self.spearman))

    @property
    def constant_log_loss(self) -> float:
        """Of an answer that is always the classes' shares among these very rows, in nats."""
        shares = self.counts / self.counts.sum()
        return float(-(shares * np.log(shares)).sum())


def study(
    seen: Sequence[Dataset], model: Model, target: tuple[int, float], seed: int, repeats: int,
    told: Told,
) -> Study:  # fmt: skip
    """All of it. `target`: lookahead in seconds, theta in ticks. Raises UsageError."""
    told("correlations")
    x = np.concatenate([part.x[part.ready] for part in seen])
    rows = windows.join([windows.windows(part, *target, model.manifest.seq_len) for part in seen])
    counts = np.bincount(rows.label, minlength=3)
    if not counts.all():
        raise UsageError(
            f"of {len(rows)} rows with a known move none is {CLASSES[int(counts.argmin())]}: "
            "more data, or a lower --theta"
        )
    pearson, spearman = correlations(x)
    groups = grouped(strength(pearson, spearman))
    chosen = [*([column] for column in range(x.shape[1])), *groups]
    before, worse = permuted(model.predict_many, rows, chosen, seed, repeats, told)
    single = x.shape[1]
    return Study(
        len(x), counts, pearson, spearman, profile(x, LOWER), groups, before,
        worse[:single], worse[single:],
    )  # fmt: skip


def correlations(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pearson's and Spearman's (k, k) of the columns of (n, k), NaN for columns of one value."""
    varies = np.flatnonzero(x.min(axis=0) < x.max(axis=0))
    ranks = [pl.Series(column).rank("average").to_numpy() for column in x[:, varies].T]
    made = []
    with threadpool_limits(1):  # the order of a sum must not depend on the number of cores
        for columns in (x[:, varies].T, ranks):
            full = np.full((x.shape[1], x.shape[1]), np.nan)
            if len(varies):
                full[np.ix_(varies, varies)] = np.corrcoef(columns)
            made.append(full)
    return made[0], made[1]


def strength(pearson: np.ndarray, spearman: np.ndarray) -> np.ndarray:
    """The larger of both, without sign, 0 where there is none."""
    found: np.ndarray = np.nan_to_num(np.maximum(np.abs(pearson), np.abs(spearman)))
    return found


def pairs(strong: np.ndarray, least: float = STRONG) -> list[tuple[int, int]]:
    """Those above `least`, the strongest first."""
    found = [(int(a), int(b)) for a, b in np.argwhere(np.triu(strong > least, 1))]
    return sorted(found, key=lambda pair: (-strong[pair], pair))


def grouped(strong: np.ndarray, least: float = STRONG) -> list[list[int]]:
    """Features that pairs join, one to the next, in the order of their first."""
    group = list(range(len(strong)))
    for a, b in pairs(strong, least):
        old, new = max(group[a], group[b]), min(group[a], group[b])
        group = [new if number == old else number for number in group]
    found = [[place for place, own in enumerate(group) if own == one] for one in sorted(set(group))]
    return [members for members in found if len(members) > 1]


def profile(x: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """(k, 6) of (n, k): mean, standard deviation, share of rows within 0.001 of `lower` (k,) or of
    1, and the 1st, 50th and 99th percentile."""
    at_bounds = ((x <= lower + NEAR) | (x >= 1.0 - NEAR)).mean(axis=0)
    percentiles = np.quantile(x, [0.01, 0.5, 0.99], axis=0)
    return np.column_stack([x.mean(axis=0), x.std(axis=0), at_bounds, *percentiles])


def permuted(
    predict: Predict, rows: Windows, chosen: Sequence[Sequence[int]], seed: int, repeats: int,
    told: Told,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """LOSSES (2,) as it is, and (len(chosen), repeats, 2) by how much each is worse (above 0) with
    the columns `chosen` shuffled, all of one by the same order, a window as a whole.

    Every choice of columns gets the same orders: what a feature is worth does not depend on which
    others are asked for."""
    chance = np.random.default_rng(seed)
    orders = [chance.permutation(len(rows)) for _ in range(repeats)]
    ways = [(), *chosen]
    lost, tables = np.zeros((len(ways), repeats)), np.zeros((len(ways), repeats, 3, 3))
    for start in range(0, len(rows), BATCH):
        part = np.arange(start, min(start + BATCH, len(rows)))
        own, label = rows.take(part), rows.label[part]
        for number, order in enumerate(orders):
            told(f"shuffling: {(start * repeats + len(part) * number) / len(rows) / repeats:.0%}")
            other = rows.take(order[part])
            for way, columns in enumerate(ways):
                mixed = own.copy()
                mixed[..., list(columns)] = other[..., list(columns)]
                loss, table = judged(predict(mixed), label)
                lost[way, number] += loss
                tables[way, number] += table
    found = np.stack([lost / len(rows), skill.balanced(tables)], axis=-1)
    return found[0, 0], (found[1:] - found[:1]) * [1.0, -1.0]


def judged(logits: np.ndarray, label: np.ndarray) -> tuple[float, np.ndarray]:
    """The sum of the log losses in nats, and (3, 3): how often each class came (down) and was the
    likeliest (across)."""
    given = learn.softmax(logits)[np.arange(len(label)), label]
    table = skill.counted(np.zeros(len(label), np.int64), label, logits.argmax(axis=1))
    return float(-np.log(np.maximum(given, P_MIN)).sum()), table[0]
