"""What is held, at what average, and what a fill makes of it. Money is exact."""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from core.instruments import Instrument
from core.messages import Fill
from core.terms import tidied

ZERO = Decimal(0)
EXACT = 7  # edition since which a round trip made what its prices say, to the last digit


class Position(Struct, frozen=True):
    size: int = 0  # signed contracts
    average: Decimal = ZERO
    entry_at: int = 0
    fees: Decimal = ZERO  # of all fills of this round trip so far
    gross: Decimal = ZERO  # realised by partial exits of this round trip
    opened: int = 0  # contracts of this round trip, for the report


def gross(instrument: Instrument, size: int, entry: Decimal, exit_: Decimal) -> Decimal:
    """Dollars made by `size` signed contracts between two prices, before fees."""
    return (exit_ - entry) / instrument.tick * instrument.tick_value * size


def after(
    held: Position, fill: Fill, instrument: Instrument, edition: int = EXACT
) -> tuple[Position, Position | None]:
    """The position after the fill, and the finished round trip if it went to or through zero.

    A fill through zero is split: its fees go to the part it closes and the part it opens by size.
    """
    signed = fill.side * fill.size
    if held.size * signed >= 0:
        return _enlarge(held, fill, signed), None
    closing = min(abs(held.size), fill.size)
    share = fill.fees * closing / fill.size
    made = gross(instrument, closing if held.size > 0 else -closing, held.average, fill.price)
    reduced = replace(
        held,
        size=held.size + fill.side * closing,
        fees=held.fees + share,
        gross=held.gross + made,
    )
    if reduced.size:
        return reduced, None
    if edition >= EXACT:
        reduced = replace(reduced, gross=tidied(reduced.gross), fees=tidied(reduced.fees))
    rest = fill.size - closing
    fresh = replace(fill, size=rest, fees=fill.fees - share)
    return (_enlarge(Position(), fresh, fill.side * rest) if rest else Position()), reduced


def left(trip: Position, last: Fill, instrument: Instrument) -> Decimal:
    """Average price of the fills that a finished round trip was left by."""
    made = gross(instrument, -last.side * trip.opened, trip.average, last.price)
    if trip.gross in (made, tidied(made)):
        return last.price  # exactly: it was the only one, or they were all alike
    ticks = trip.gross / trip.opened / instrument.tick_value
    return trip.average - last.side * ticks * instrument.tick


def _enlarge(held: Position, fill: Fill, signed: int) -> Position:
    size = held.size + signed
    average = (held.average * abs(held.size) + fill.price * fill.size) / abs(size)
    return Position(
        size,
        average,
        held.entry_at or fill.at,
        held.fees + fill.fees,
        held.gross,
        held.opened + fill.size,
    )
