"""Journal first, then deliver. `post` never waits, so log order is delivery order.

Watches, which only count and show, hear of it when the actors have had their turn.
"""

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
        self.stuck_at: float | None = None  # monotonic: its actor failed and is not back yet
        self.taker: Callable[[], None] | None = None  # takes all that is there, out of turn
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

    @property
    def busy(self) -> bool:
        return self.stuck_at is not None or bool(self.items)

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
        self.due: deque[tuple[int, str]] = deque()  # seq and taker, in the order of delivery
        self.turn: Callable[[], None] = self.tell  # works off what is due
        self.at_turn = False
        self.stamps: dict[type[Message], Callable[[], None]] = {}  # told before any actor
        self.watches: list[Watch] = []  # told of all that is logged, when the turn is over
        self.untold: deque[tuple[str, Message, int]] = deque()
        self.closed = False  # the run has ended: whatever is still said comes too late

    def post(self, actor: str, message: Message, cause: int | None = None) -> int:
        """Log the message, hand it to all who take it, and return its seq.

        Unless it is said within a turn, this is one: everything that follows is done on return.
        """
        if self.closed:
            return 0
        kind = type(message)
        seq = self.journal.seq + 1 if kind in _LOGGED else 0
        record = Record(seq, actor, cause, message)
        if seq:
            self.journal.append(record)
            self.untold.append((actor, message, seq))
            if kind in self.stamps:
                self.stamps[kind]()
        for name in self.table.get(kind, ()):
            inbox = self.inboxes[name]
            inbox.put(record)
            if inbox.taker is None:
                self.due.append((seq, name))
            else:
                inbox.taker()
        if not self.at_turn:
            self.turn()
        return seq

    def tell(self) -> None:
        """Let the watches hear what has been logged since."""
        while self.untold:
            said = self.untold.popleft()
            for watch in self.watches:
                watch(*said)


_LOGGED = frozenset(LOGGED)
