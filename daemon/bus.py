"""Journal first, then deliver. `post` never waits, so log order is delivery order."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

from actors.pipeline import Routes
from core.errors import TradebotError
from core.messages import LOGGED, Message, Quote, Record

Watch = Callable[[str, Message, int], None]  # actor, message, seq


class Journal(Protocol):
    @property
    def seq(self) -> int: ...

    def append(self, record: Record) -> None: ...


class Overflow(TradebotError):
    """A decision inbox is full: an actor hangs, or the program cannot keep up."""


class Inbox:
    """What waits for one actor. Bounded; quotes give way to newer ones, all else overflows."""

    def __init__(self, name: str, depth: int) -> None:
        self.name, self.depth = name, depth
        self.items: deque[Record] = deque()
        self.conflated = 0
        self.done_at = time.monotonic()  # when the actor last had nothing to do
        self.at_work = False  # its actor has taken something and is not back for more
        self._waiter: asyncio.Future[None] | None = None
        self.closed = False  # its actor is gone for good

    def put(self, record: Record) -> None:
        if self.closed:
            return
        if len(self.items) >= self.depth and not self._conflate(record):
            raise Overflow(f"inbox of {self.name} is full with {self.depth} messages")
        self.items.append(record)

    def close(self) -> None:
        self.closed = True
        self.items.clear()

    def wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self) -> None:
        """Return when something is there."""
        self.done_at, self.at_work = time.monotonic(), False
        if not self.items:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        self.at_work = True

    @property
    def busy(self) -> bool:
        return self.at_work or bool(self.items)

    def _conflate(self, record: Record) -> bool:
        """Drop the oldest waiting quote for a newer market event."""
        quote = next((old for old in self.items if isinstance(old.message, Quote)), None)
        if quote is None:
            return False
        self.items.remove(quote)
        self.conflated += 1
        return True


class Bus:
    def __init__(self, table: Routes, inboxes: Mapping[str, Inbox], journal: Journal) -> None:
        self.table, self.inboxes, self.journal = table, inboxes, journal
        self.watches: list[Watch] = []  # told of all that is logged
        self.closed = False  # the run has ended: whatever is still said comes too late
        self.served: frozenset[str] = frozenset()  # actors that need no waking: it is their turn

    def post(self, actor: str, message: Message, cause: int | None = None) -> int:
        """Log the message, hand it to all who take it, and return its seq."""
        if self.closed:
            return 0
        kind = type(message)
        seq = self.journal.seq + 1 if kind in _LOGGED else 0
        record = Record(seq, actor, cause, message)
        if seq:
            self.journal.append(record)
        for name in self.table.get(kind, ()):
            inbox = self.inboxes[name]
            inbox.put(record)
            if name not in self.served:
                inbox.wake()
        for watch in self.watches if seq else ():
            watch(actor, message, seq)
        return seq


_LOGGED = frozenset(LOGGED)
