"""How much of a result is the luck of the search (quant.md 7.4 and 7.5).

The deflated Sharpe ratio asks whether the best of N trials beats what the best of N worthless ones
would show; the probability of backtest overfitting asks how often the best half of the past is
among the worse ones in the other half. Sharpe ratios here are per period, never per year.
"""

from itertools import combinations

import numpy as np
from scipy.stats import norm, rankdata

from research.metrics import NAN, moment

EULER = 0.5772156649015329
DSR_MIN, PBO_MAX = 0.95, 0.2  # what the reference calls passed
BLOCKS = 16


def sharpe(returns: np.ndarray) -> float:
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return float(returns.mean()) / spread if spread > 0 else NAN


def probabilistic(ratio: float, beaten: float, count: int, skew: float, kurtosis: float) -> float:
    """PSR: how sure it is that the true ratio is above `beaten`, by `count` returns of these
    moments (raw kurtosis)."""
    inside = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    if count < 2 or not inside > 0:
        return NAN
    return float(norm.cdf((ratio - beaten) * np.sqrt(count - 1) / np.sqrt(inside)))


def best_of_worthless(variance: float, trials: int) -> float:
    """SR0: what the best of so many trials without skill shows, by the variance among them."""
    if trials < 2:
        return 0.0
    high, higher = (float(norm.ppf(1 - 1 / n)) for n in (trials, trials * np.e))
    return float(np.sqrt(variance)) * ((1 - EULER) * high + EULER * higher)


def deflated(returns: np.ndarray, trials: np.ndarray) -> float:
    """DSR of the chosen trial's `returns`; `trials`: the ratio of every trial that was made."""
    if len(returns) < 2 or not returns.std() > 0:
        return NAN
    beaten = best_of_worthless(float(np.var(trials, ddof=1)) if len(trials) > 1 else 0.0,
                               len(trials))  # fmt: skip
    return probabilistic(
        sharpe(returns), beaten, len(returns), moment(returns, 3), moment(returns, 4)
    )


def logits(results: np.ndarray, blocks: int = BLOCKS) -> np.ndarray:
    """Of each way to call half of the blocks past: ln(w / (1 - w)), w the rank in the other half of
    what was best in this one. `results` is (periods, configurations), profit per period."""
    periods, configurations = results.shape
    size = periods // blocks
    if size < 1 or configurations < 2 or blocks % 2:
        return np.array([])
    parts = results[: size * blocks].reshape(blocks, size, configurations)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    choices = np.array(list(combinations(range(blocks), blocks // 2)))
    past = np.zeros((len(choices), blocks))
    np.put_along_axis(past, choices, 1.0, axis=1)
    count = size * blocks // 2
    before, after = (ratios(half @ sums, half @ squares, count) for half in (past, 1 - past))
    best = before.argmax(axis=1)
    rank = rankdata(after, axis=1)[np.arange(len(best)), best] / (configurations + 1)
    found: np.ndarray = np.log(rank / (1 - rank))
    return found


def ratios(sums: np.ndarray, squares: np.ndarray, count: int) -> np.ndarray:
    """Sharpe of each from its sum and its sum of squares; one that never moves has none: 0."""
    mean = sums / count
    variance = np.maximum(squares / count - mean**2, 0.0) * count / (count - 1)
    moves = variance > 1e-18
    return np.where(moves, mean / np.sqrt(np.where(moves, variance, 1.0)), 0.0)


def probability(results: np.ndarray, blocks: int = BLOCKS) -> float:
    """PBO: the share of ways in which the best of the past was below the middle afterwards."""
    found = logits(results, blocks)
    return float((found <= 0).mean()) if len(found) else NAN
