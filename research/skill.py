"""Does a model foresee better than a constant, and by how much is that luck? (quant.md 7.6)

Labels of one day hang together, so whole days are drawn anew, not rows.
"""

import numpy as np

from research.targets import FLAT

DRAWS, BOUND = 1000, 0.05
CLASSES = 3


def counted(day: np.ndarray, outcome: np.ndarray, foreseen: np.ndarray) -> np.ndarray:
    """(days, 3, 3): of each day, how often each class came (down) and was foreseen (across)."""
    _, place = np.unique(day, return_inverse=True)
    days = int(place.max()) + 1 if len(place) else 0
    cell = (place * CLASSES + outcome) * CLASSES + foreseen
    found: np.ndarray = np.bincount(cell, minlength=days * CLASSES**2).reshape(
        days, CLASSES, CLASSES
    )
    return found


def accuracy(table: np.ndarray) -> np.ndarray:
    """Share of right ones, of (..., 3, 3)."""
    right = np.trace(table, axis1=-2, axis2=-1)
    found: np.ndarray = right / np.maximum(table.sum(axis=(-2, -1)), 1)
    return found


def balanced(table: np.ndarray) -> np.ndarray:
    """Mean over the classes of the share foreseen of each; a third is chance."""
    came = table.sum(axis=-1)
    right = np.diagonal(table, axis1=-2, axis2=-1)
    found: np.ndarray = (right / np.maximum(came, 1)).mean(axis=-1)
    return found


def skill(
    day: np.ndarray, outcome: np.ndarray, foreseen: np.ndarray, seed: int
) -> dict[str, float]:
    """Of rows with a known outcome. `_low` is what 95 of 100 draws of days reach."""
    tables = counted(day, outcome, foreseen)
    if not len(tables):
        return {"rows": 0.0}
    whole = tables.sum(axis=0)
    flat = whole[FLAT].sum() / whole.sum()
    chance = np.random.default_rng(seed)
    drawn = chance.multinomial(len(tables), np.full(len(tables), 1 / len(tables)), DRAWS)
    again = np.einsum("nd,dij->nij", drawn, tables)
    return {
        "rows": float(whole.sum()),
        "days": float(len(tables)),
        "accuracy": float(accuracy(whole)),
        "always_flat": float(flat),
        "over_always_flat": float(accuracy(whole) - flat),
        "balanced_accuracy": float(balanced(whole)),
        "balanced_accuracy_low": float(np.quantile(balanced(again), BOUND)),
    }
