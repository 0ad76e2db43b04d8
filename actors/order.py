"""An order as we know it, and its life as a table: what is not in `NEXT` changes nothing.

SENT and REPLACED are events and not states: docs/decisions/0003.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from core.messages import ModifyOrder, OrderAccepted
from core.terms import Purpose

NEWEST = 6  # edition since which older news of an order tell no terms


class Life(StrEnum):
    INTENT = "INTENT"  # journalled, so it may be sent
    UNKNOWN = "UNKNOWN"  # sent, and nobody told what came of it
    SUSPENDED = "SUSPENDED"  # a bracket leg whose entry is not filled
    ACKED = "ACKED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"  # by the venue, in so many words
    NOT_PLACED = "NOT_PLACED"  # never sent by us, or proven absent there


LIVE = {Life.INTENT, Life.UNKNOWN, Life.SUSPENDED, Life.ACKED, Life.PARTIAL}
RESTING = {Life.ACKED, Life.PARTIAL}
SHOWN = RESTING | {Life.SUSPENDED}  # what a venue must show in its every answer

_WORKED = {
    "accepted": Life.ACKED, "part": Life.PARTIAL, "filled": Life.FILLED,
}  # fmt: skip
_ENDED = {
    "cancelled": Life.CANCELLED, "expired": Life.EXPIRED, "rejected": Life.REJECTED,
}  # fmt: skip

# state -> what is heard -> state
NEXT: dict[Life, dict[str, Life]] = {
    Life.INTENT: {
        "uncertain": Life.UNKNOWN,
        "restarted": Life.UNKNOWN,
        "withheld": Life.NOT_PLACED,  # by ourselves: nothing was sent
        "suspended": Life.SUSPENDED,
        **_WORKED,
        **_ENDED,
    },
    Life.UNKNOWN: {
        "absent": Life.NOT_PLACED,  # only this: two full queries and a minute of quiet
        "suspended": Life.SUSPENDED,
        **_WORKED,
        **_ENDED,
    },
    Life.SUSPENDED: {**_WORKED, **_ENDED},
    Life.ACKED: {"part": Life.PARTIAL, "filled": Life.FILLED, **_ENDED},
    Life.PARTIAL: {"filled": Life.FILLED, **_ENDED, "rejected": Life.CANCELLED},
    # A refused order may have been left behind, a proof may be wrong: the venue's word wins.
    Life.REJECTED: _WORKED,
    Life.NOT_PLACED: {**_WORKED, "rejected": Life.REJECTED},
    # Late news of the wires is not enough here: it takes two looks at the venue.
    Life.CANCELLED: {"adopted": Life.ACKED},
    Life.EXPIRED: {"adopted": Life.ACKED},
    Life.FILLED: {"adopted": Life.ACKED, "grown": Life.PARTIAL},
}


class Order(Struct):
    tag: str
    purpose: Purpose
    side: int
    size: int
    at: int  # of its intent, or of its first sight
    life: Life = Life.INTENT
    venue_id: int = 0
    filled: int = 0
    price: Decimal | None = None
    stop_ticks: int = 0
    target_ticks: int = 0
    intent: str = ""
    asked_at: int = 0  # a cancel or change was last asked for
    wish: ModifyOrder | None = None  # terms asked for and not yet confirmed
    told_at: int = 0  # stamp of the newest news of its terms

    def hear(self, told: OrderAccepted, edition: int) -> None:
        """What the venue shows. News may be overtaken, a look be slow: the newest counts."""
        self.venue_id = told.venue_id or self.venue_id
        self.side = told.side or self.side  # it lacks one if its intent was missed
        if self.overtakes(told.at):
            return
        self.price = told.price if told.price is not None else self.price
        self.size = told.size if told.size is not None else self.size
        if told.size is not None and edition >= NEWEST:
            self.told_at = told.at

    def change(self, at: int, edition: int) -> None:
        """The venue confirmed new terms; what it told before is older, whoever's clock is early."""
        wish, self.wish, self.asked_at = self.wish, None, 0
        if wish is not None:
            self.price = wish.limit_price or wish.stop_price or self.price
            self.size = wish.size or self.size
            self.told_at = max(self.told_at + 1, at) if edition >= NEWEST else 0

    def grew(self, size: int, at: int) -> bool:
        """A leg that is done as far as we know: its entry filled further, and nobody told."""
        return self.life is Life.FILLED and size > self.filled and not self.overtakes(at)

    def overtakes(self, at: int) -> bool:
        """Is news of that time older than what is known?"""
        return at < self.told_at

    @property
    def live(self) -> bool:
        return self.life in LIVE

    @property
    def left(self) -> int:
        return self.size - self.filled
