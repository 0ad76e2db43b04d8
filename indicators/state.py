"""What the feature kernels remember, as plain arrays, and where each thing lies in them.

`s` running values, `k` counters, `ring` the last 1024 bars, `spans` sums since 18:00 (row 0) and
since 09:30 (row 1) New York, `frames` the 1- and 5-minute bars, `ranges` the last 100 ATRs of
minutes, `day` the volume of each minute of today, `past` of the last 20 sessions.
A new segment or trade date clears all but `day` and `past`; `ring` need not be, it is counted.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

State = dict[str, NDArray[Any]]

SIZE, MASK, SESSIONS, WARM_BARS, WARM_FRAMES = 1024, 1023, 20, 200, 6
(CLOSE, HIGH, LOW, VOLUME, DELTA, MOVE2, FILLED, E9, E50, VWAP) = range(10)  # rows of ring
(EMA9, EMA21, EMA50, EMA200, FAST, SLOW, SIGNAL, MACDSUM, GAIN, LOSS, ATR, CSUM, CSUM14, C20, CC20,
 V10, V60, V300, RV60, RV600, FILL60, CVD, VSUM, MEDIAN) = range(24)  # s  # fmt: skip
(N, SEGMENT, DATE, IN_RTH, VWAPS, PAST, MINUTE) = range(7)  # k
(SV, SP, SPP, ANCHOR, TOP, BOTTOM) = range(6)  # spans
(DONE, FH, FL, C0, FATR, FRATIO) = (0, 1, 2, 3, 8, 9)  # frames; C0 newest of five closes
SHAPES = {
    "s": (24,), "k": (7,), "ring": (10, SIZE), "spans": (2, 6), "frames": (2, 10),
    "ranges": (100,), "day": (1440,), "past": (SESSIONS, 1440),
}  # fmt: skip


def fresh() -> State:
    """A state that has seen nothing."""
    state: State = {
        name: np.zeros(shape, np.int64 if name == "k" else np.float64)
        for name, shape in SHAPES.items()
    }
    state["k"][[SEGMENT, DATE, MINUTE]] = -1
    return state
