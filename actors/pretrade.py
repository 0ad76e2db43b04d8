"""What one entry may be: its size, its worth, its prices, and whom it could meet. Pure rules.

Each answers with a Check, so that what is refused is told with its number and its limit.
"""

from decimal import Decimal

from actors.book import Book
from actors.budget import worst_side
from core.instruments import Instrument
from core.messages import Intent
from core.reasons import Reason
from core.sessions import regular
from core.settings import ControlSettings
from core.terms import Check, Purpose, flag, whole

ZERO = Decimal(0)
LEGS = 3  # an entry with its stop and its target


def quantity(size: object, most: int) -> Check:
    """A whole number of contracts from one to `most`; what is no such number counts as none."""
    number = size if type(size) is int else 0
    return Check(Reason.RISK_MAX_QTY, whole(number), whole(most), 1 <= number <= most)


def worth(instrument: Instrument, price: Decimal, size: int) -> Decimal:
    """Dollars of so many contracts; zero where there is no price to judge by."""
    if not size or not price.is_finite() or price <= 0:
        return ZERO
    return price / instrument.tick * instrument.tick_value * size


def value(dollars: Decimal, most: Decimal) -> Check:
    return Check(Reason.RISK_MAX_VALUE, dollars, most, 0 < dollars <= most)


def crossed(bid: float, ask: float) -> Check:
    return flag(Reason.DATA_CROSSED, 0 < bid < ask)


def collar(wish: Intent, instrument: Instrument, bid: float, ask: float, most: int) -> Check:
    """Ticks from the mid to the farthest price that the entry and its legs name."""
    tick = float(instrument.tick)
    from_mid = 2 * round(float(wish.price) / tick) - round(bid / tick) - round(ask / tick)
    toward = wish.side * from_mid  # half ticks by which the price lies on the target's side
    far = max(abs(toward), abs(toward - 2 * wish.stop_ticks), abs(toward + 2 * wish.target_ticks))
    return Check(Reason.RISK_COLLAR, whole(far) / 2, whole(most), far <= 2 * most)


def width(numbers: ControlSettings, at: int) -> int:
    """Ticks of the collar in this phase of the session."""
    return (
        numbers.collar_ticks if regular(at) else numbers.collar_night_ticks or numbers.collar_ticks
    )


def opposed(book: Book, side: int) -> int:
    """Live orders that an entry of this side could meet; linked exits of its own side cannot."""
    if not book.alive:
        return 0
    held = book.position.size * side > 0
    return sum(
        order.side == -side and not (held and order.purpose is not Purpose.ENTRY)
        for order in book.living()
    )


def exposed(book: Book) -> int:
    """Contracts of the worse side if all that may open fills."""
    if not book.alive:
        return abs(book.position.size)
    return worst_side(book.position.size, book.live(Purpose.ENTRY))


def allowed(numbers: ControlSettings, instrument: Instrument, account: int, open_: bool) -> Check:
    """Is this what the lists allow to trade, and where? `open_`: the venue lets the account."""
    listed = not numbers.accounts or account in numbers.accounts
    return flag(
        Reason.RISK_NOT_ALLOWED, open_ and listed and instrument.symbol in numbers.instruments
    )
