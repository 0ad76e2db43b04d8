"""What the venue's refusals of an entry say, and what must be known before it is sent again.

Source: topstepx.md 1.4. A refused order may have been left behind all the same.
"""

from msgspec import Struct

from core.messages import OrderRejected
from core.reasons import Reason
from core.settings import Settings
from core.terms import Request

BRACKETS_REFUSED = "Brackets cannot be used"  # the account is in another mode
FUNDS_SHORT = 3  # code of Order/place; often it is code 2 with a text about margin
LOOKS = 3  # edition since which a refused entry is looked for at the venue


class Again(Struct):
    """An entry that may be sent once more, in so many contracts, when the venue was asked."""

    size: int
    at: int  # of the refusal


def by_venue(refused: OrderRejected) -> bool:
    """It refused an order, of any purpose, in so many words; we withheld none."""
    return (refused.request, refused.reason) == (Request.PLACE, Reason.ORD_REJECTED)


def short_of_margin(refused: OrderRejected) -> bool:
    """The venue itself said so, of an entry."""
    said = refused.code == FUNDS_SHORT or "margin" in refused.text.lower()
    return said and by_venue(refused)


def looked_for(refused: OrderRejected, settings: Settings) -> bool:
    """It may live on at the venue: nothing opens before that was asked."""
    return by_venue(refused) and settings.edition >= LOOKS
