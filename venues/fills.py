"""How orders meet a bar, where no quote is known (quant.md 5.6)."""

from msgspec import Struct


class Fills(Struct, frozen=True):
    """How orders meet a bar."""

    name: str
    at_close: bool  # at the close of the bar that was decided on; else at the next one's open
    through: bool  # a limit fills only when the price goes through it
    slip: int | None  # ticks that a taker loses; None: by the conditions, actors/slippage.py


MODES = {
    "optimistic": Fills("optimistic", at_close=True, through=False, slip=0),
    "conservative": Fills("conservative", at_close=False, through=True, slip=1),
    "realistic": Fills("realistic", at_close=False, through=True, slip=None),
}
