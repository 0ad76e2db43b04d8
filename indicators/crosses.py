"""Two averages of the close, and when the fast one crosses the slow one: O(1) a bar.

`step` is plain Python: the live strategy calls it on a list once a second. `columns` is the same
function compiled, over a table. The averages are those of the features, `kernels.ema`.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from indicators.compiled import compiled
from indicators.kernels import ema

Floats = NDArray[np.float64]

(SEGMENT, SEEN, TOTAL, FAST, SLOW, SIDE, CROSSED) = range(7)
SIZE = 7


def fresh() -> list[float]:
    """Of a market that nobody has seen: no segment has a number below 0."""
    return [-1.0] + [0.0] * (SIZE - 1)


@register_jitable
def step(own: Any, fast: int, slow: int, segment: float, close: float) -> None:
    """Take in a close, of any unit. CROSSED is then +1 where the fast average is above the slow one
    and was not a bar before, -1 where it is below and was not, else 0. A new segment begins anew:
    each average with the mean of its first closes, sides once `slow` closes are seen."""
    if segment != own[SEGMENT]:
        own[SEGMENT], own[SEEN], own[TOTAL], own[SIDE] = segment, 0.0, 0.0, 0.0
    own[SEEN] += 1.0
    own[TOTAL] += close
    seen, before = own[SEEN], own[SIDE]
    own[FAST] = ema(own[FAST], own[TOTAL], seen, fast, close)
    own[SLOW] = ema(own[SLOW], own[TOTAL], seen, slow, close)
    side = 0.0
    if seen >= slow:
        side = 1.0 if own[FAST] > own[SLOW] else (-1.0 if own[FAST] < own[SLOW] else 0.0)
    own[SIDE] = side
    own[CROSSED] = side if seen > slow and side != before else 0.0


@compiled
def columns(own, fast, slow, segments, closes, out):
    """`step` over bars: a row of `out` (n, SIZE) is what is known after that bar."""
    for i in range(len(closes)):
        step(own, fast, slow, segments[i], closes[i])
        out[i] = own
