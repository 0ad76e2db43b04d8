"""What a taker loses against the price he saw (quant.md 5.6 and 10.2): ticks, by the conditions.

Those that hold combine by the largest, never by sum. The numbers are those of `[slippage]`.
"""

from decimal import Decimal

from msgspec import Struct

from core.settings import SlippageSettings


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


def slip(table: SlippageSettings, regular: bool, ratio: float | Decimal, thin: bool) -> int:
    """`regular`: in regular hours; `ratio`: range over its normal, 0 unknown; `thin`: volume far
    under its normal."""
    wild = [ticks for above, ticks in table.range if ratio > above]
    return max(table.normal, *wild, 0 if regular else table.night, table.thin if thin else 0)
