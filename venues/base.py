"""What a venue is to the gateway actor: its calls, each answered with messages or an exception.

An answer that cannot be had is an exception, never an empty list: `Unknown` after a send whose
outcome is open, `Unreachable` when nothing was sent or a query failed.
"""

from collections.abc import Callable
from typing import Protocol

from core.messages import (
    AccountSnapshot,
    CancelOrder,
    ClosePosition,
    Message,
    ModifyOrder,
    PlaceOrder,
)
from core.reasons import Reason

Post = Callable[[Message], None]  # where a venue's own news go, in order


class Unknown(Exception):
    """Sent, and the answer is lost or unreadable."""


class Unreachable(Exception):
    """Not sent, or a query without a usable answer: nothing at the venue has changed."""

    reason: Reason | None = None  # None: the venue could not be had


class Limited(Unreachable):
    """Too many calls, by our own count."""

    reason = Reason.SYS_RATE_LIMITED


class Late(Unreachable):
    """An entry that nobody wants any more."""

    reason = Reason.SIG_EXPIRED


class Unauthorised(Unreachable):
    """The token was refused, and then the login or the new token too: a person must look."""

    reason = Reason.SYS_AUTH


class Venue(Protocol):
    async def open(self) -> None:
        """Log in and learn account and contract. Raises Unreachable or TradebotError."""

    async def run(self, post: Post) -> None:
        """Keep both links up until cancelled; post market events, order events, `FeedState`."""

    async def ready(self) -> None:
        """Return when an order could be sent at once: a login may take long. Raises Unreachable."""

    async def place(self, order: PlaceOrder, at: int) -> list[Message]: ...

    async def cancel(self, order: CancelOrder, at: int) -> list[Message]: ...

    async def modify(self, order: ModifyOrder, at: int) -> list[Message]: ...

    async def close_position(self, order: ClosePosition, at: int) -> list[Message]: ...

    async def snapshot(self, since: int, at: int, day: int = 0) -> AccountSnapshot:
        """Everything: orders and fills since `since`, live and suspended orders, position, balance.
        `day`: fills since then, if that is given.
        Raises Unreachable unless every part was answered."""

    async def close(self) -> None: ...
