"""Windows from which something can be learned."""

import numpy as np

from indicators.schema import NAMES
from research.windows import Windows


def learnable(count, seed, length):
    """The first feature of the last row tells the class."""
    random = np.random.default_rng(seed)
    table = random.normal(0, 0.3, (count + length, len(NAMES))).astype(np.float32)
    ends = np.arange(length - 1, count)
    label = random.integers(0, 3, len(ends))
    table[ends, 0] = label - 1
    return Windows(table, ends, length, label, (label - 1) * 5.0)
