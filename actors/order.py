"""An order as we know it, and its life as a table: what is not in `NEXT` changes nothing.

SENT and REPLACED are events and not states: docs/decisions/0003.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from core.messages import ModifyOrder
from core.terms import Purpose


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
    Life.FILLED: {"adopted": Life.ACKED},
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

    @property
    def live(self) -> bool:
        return self.life in LIVE

    @property
    def left(self) -> int:
        return self.size - self.filled
