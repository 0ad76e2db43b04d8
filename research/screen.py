"""Which bars could a strategy act on? One call of the model for many rows, then a look at each.

A batch may differ from a single row in the last digits. So a bar is NO only where it is far from
every threshold, SURE only where it is far beyond it, and MAYBE within `MARGIN`: those are asked
again, one by one. What the stages hear is always the single row's answer.
"""

from collections.abc import Callable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.settings import Settings
from indicators import crosses
from indicators.compiled import compiled

Floats = NDArray[np.float64]
PredictMany = Callable[[Floats], NDArray[np.float32]]

NO, MAYBE, SURE = 0, 1, 2
MARGIN = 1e-4  # of a probability; parity of model and graph is 1e-5


class Screen(Struct, frozen=True):
    call: NDArray[np.uint8]  # (n,): NO, MAYBE or SURE
    confidence: NDArray[np.float64]  # (n,), by the batch
    side: NDArray[np.int8]  # (n,): +1, -1; 0 where only the strategy knows
    own: Floats | None = None  # (n, k): what the strategy has kept after each bar, if it keeps any


def by_model(
    values: Floats, ready: NDArray[np.bool_], predict_many: PredictMany, settings: Settings
) -> Screen:
    """For strategies/model.py: a direction that is likelier than FLAT, and sure enough."""
    n = len(values)
    made = Screen(np.zeros(n, np.uint8), np.zeros(n), np.zeros(n, np.int8))
    if ready.any():
        logits = predict_many(values)
        floor = settings.signals.confidence_min
        judge(logits, ready, floor, MARGIN, made.call, made.confidence, made.side)
    return made


def by_clock(ends: Floats, settings: Settings) -> Screen:
    """For strategies/cycle.py, which is due when its period begins and asks nobody."""
    due = ends.astype(np.int64) % settings.signals.cycle_s == 0
    call = np.where(due, SURE, NO).astype(np.uint8)
    return Screen(call, np.ones(len(ends)), np.zeros(len(ends), np.int8))


def by_cross(table: Floats, own: Floats, settings: Settings) -> Screen:
    """For strategies/ema_cross.py. `own`, (k,), is carried on."""
    kept, rules = np.zeros((len(table), len(own))), settings.signals
    crosses.columns(own, rules.ema_fast, rules.ema_slow, table[:, 1], table[:, 5], kept)
    side = kept[:, crosses.CROSSED].astype(np.int8)
    call = np.where(side, SURE, NO).astype(np.uint8)
    return Screen(call, np.ones(len(table)), side, kept)


@compiled
def judge(logits, ready, floor, margin, call, confidence, side):  # type: ignore[no-untyped-def]
    for i in range(len(logits)):
        if not ready[i]:
            continue
        down, flat, up = float(logits[i, 0]), float(logits[i, 1]), float(logits[i, 2])
        top = max(down, flat, up)
        down, flat, up = np.exp(down - top), np.exp(flat - top), np.exp(up - top)
        total = down + flat + up
        confidence[i] = 1.0 / total
        side[i] = 1 if up > down else -1
        likely = max(down, up) / total
        apart = min(likely - flat / total, abs(up - down) / total)
        beyond = min(confidence[i] - floor, apart)
        if beyond > margin:
            call[i] = SURE
        elif likely >= floor - margin and likely >= flat / total - margin:
            call[i] = MAYBE
