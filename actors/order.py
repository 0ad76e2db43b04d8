"""An order as we know it, and its life as a table: what is not in `NEXT` changes nothing."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from core.messages import ModifyOrder
from core.terms import Purpose


class Life(StrEnum):
    INTENT = "INTENT"
    UNKNOWN = "UNKNOWN"
    SUSPENDED = "SUSPENDED"
    ACKED = "ACKED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    NOT_PLACED = "NOT_PLACED"


LIVE = {Life.INTENT, Life.UNKNOWN, Life.SUSPENDED, Life.ACKED}

# (state, what was heard) -> state
NEXT: dict[tuple[Life, str], Life] = {
    (Life.INTENT, "accepted"): Life.ACKED,
    (Life.INTENT, "suspended"): Life.SUSPENDED,
    (Life.INTENT, "rejected"): Life.REJECTED,
    (Life.INTENT, "uncertain"): Life.UNKNOWN,
    (Life.INTENT, "restarted"): Life.UNKNOWN,
    (Life.INTENT, "cancelled"): Life.CANCELLED,
    (Life.INTENT, "filled"): Life.FILLED,
    (Life.UNKNOWN, "accepted"): Life.ACKED,
    (Life.UNKNOWN, "suspended"): Life.SUSPENDED,
    (Life.UNKNOWN, "rejected"): Life.REJECTED,
    (Life.UNKNOWN, "cancelled"): Life.CANCELLED,
    (Life.UNKNOWN, "filled"): Life.FILLED,
    (Life.UNKNOWN, "absent"): Life.NOT_PLACED,
    (Life.SUSPENDED, "accepted"): Life.ACKED,
    (Life.SUSPENDED, "cancelled"): Life.CANCELLED,
    (Life.SUSPENDED, "rejected"): Life.REJECTED,
    (Life.SUSPENDED, "filled"): Life.FILLED,
    (Life.ACKED, "cancelled"): Life.CANCELLED,
    (Life.ACKED, "rejected"): Life.REJECTED,
    (Life.ACKED, "filled"): Life.FILLED,
    # A refused order may have been left behind, a proof may be wrong: the venue's word wins.
    (Life.REJECTED, "accepted"): Life.ACKED,
    (Life.REJECTED, "filled"): Life.FILLED,
    (Life.NOT_PLACED, "accepted"): Life.ACKED,
    (Life.NOT_PLACED, "filled"): Life.FILLED,
    (Life.CANCELLED, "adopted"): Life.ACKED,  # late news of the wires is not enough
    (Life.FILLED, "adopted"): Life.ACKED,
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
