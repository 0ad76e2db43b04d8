"""What a taker loses against the price he saw, where only bars are known (quant.md 5.6 and 10.2).

Ticks by the state of the market; the conditions that hold combine by the largest, never by sum.
"""

from msgspec import Struct

NORMAL, THIN = 1, 2
# Range over its normal: above the first number so many ticks.
WILD = ((3.0, 4), (2.0, 3), (1.5, 2))


class Fills(Struct, frozen=True):
    """How orders meet a bar."""

    name: str
    at_close: bool  # at the close of the bar that was decided on; else at the next one's open
    through: bool  # a limit fills only when the price goes through it
    slip: int | None  # ticks; None: by the state of the market


MODES = {
    "optimistic": Fills("optimistic", at_close=True, through=False, slip=0),
    "conservative": Fills("conservative", at_close=False, through=True, slip=1),
    "realistic": Fills("realistic", at_close=False, through=True, slip=None),
}


def slip(regular: bool, ratio: float, thin: bool) -> int:
    """`regular`: in regular hours; `ratio`: range over its normal, 0 unknown; `thin`: volume far
    under its normal."""
    wild = next((ticks for edge, ticks in WILD if ratio > edge), NORMAL)
    return max(wild, NORMAL if regular and not thin else THIN)
