"""What proprietary trading firms ask of an account, by name of the product.

Numbers of Topstep's help pages as of November 2026 (reference topstepx.md, section 6, evidence H:
help pages; they change, so compare before an account is traded). None can be read by the API.
"""

from decimal import Decimal

from msgspec import Struct

D = Decimal
MICROS_PER_MINI = 10


class Profile(Struct, frozen=True):
    """Dollars, and contracts counted in micros."""

    start: Decimal  # balance of a fresh account
    loss_max: Decimal  # the floor lies so far below the highest balance at the end of a day
    day_loss_max: Decimal  # of the variants that have such a limit
    target: Decimal  # profit that passes; 0: none
    steps: tuple[tuple[Decimal, int], ...]  # profit at the last day's end above this -> contracts


def combine(start: int, loss: int, day: int, target: int, micros: int) -> Profile:
    return Profile(D(start), D(loss), D(day), D(target), ((D("-Infinity"), micros),))


PROFILES = {
    "topstepx-50k-combine": combine(50_000, 2_000, 1_000, 3_000, 50),
    "topstepx-100k-combine": combine(100_000, 3_000, 2_000, 6_000, 100),
    "topstepx-150k-combine": combine(150_000, 4_500, 3_000, 9_000, 150),
    # The scaling plan is known for this size only; the balance of an Express account begins at 0.
    "topstepx-50k-express": Profile(
        D(0), D(2_000), D(1_000), D(0), ((D("-Infinity"), 20), (D(1_500), 30), (D(2_000), 50))
    ),
}
MICROS = frozenset({"MES", "MNQ", "M2K", "MYM", "MGC"})


def micros(symbol: str) -> int:
    """What one contract counts; what is not known to be a micro counts as a mini."""
    return 1 if symbol in MICROS else MICROS_PER_MINI
