"""The bounds of the features: row by row, so that another core may do it while one measures on."""

# mypy: disable-error-code="no-untyped-def"
from math import cos, sin, tanh

from indicators.compiled import compiled

TANH = (*range(17), *range(21, 25), 33, 34, 35, 39, 42, 43)  # the others are bounded as they are


@compiled
def squash(rows):
    """The features of rows (n, 46) of what `kernels.measure` wrote, in their place."""
    for out in rows:
        for i in TANH:
            out[i] = tanh(out[i])
        out[19], out[20] = sin(out[19]), cos(out[20])
