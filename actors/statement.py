"""The venue's statement of a closed day against the log: every fill, every fee, and the balance.

When a session has closed the next look at the venue asks for the fills of that day, too.
That answer is as much of a statement as the API has: its trades and its balance, by other calls
than those that brought the fills. What differs is told in words; nothing else is done about it.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from actors.book import Book
from core.messages import (
    AccountSnapshot,
    Fill,
    Message,
    Record,
    RunStarted,
    SessionClosed,
    SessionOpened,
)
from core.sessions import day
from core.settings import Settings
from core.terms import tidied


class Statement(Struct, frozen=True):
    trade_date: str
    at: int
    fills: int  # the venue's, of that day
    fees: Decimal  # dollars
    balance: Decimal  # the venue's
    expected: Decimal  # by the log
    differences: tuple[str, ...]


def statements(records: Iterable[Record]) -> Iterator[Statement]:
    """One for each day that closed in this log and was asked for."""
    book, fills = Book(), dict[int, Fill]()
    settings: Settings | None = None
    base: Decimal | None = None
    began, closed, today, traded = 0, list[SessionClosed](), "", ""
    for record in records:
        message: Message = record.message
        match message:
            case RunStarted():
                settings, began = message.settings, began or message.at
            case SessionOpened(at=at, trade_date=date):
                if traded not in ("", date):  # nobody was there when it closed
                    yield untold(SessionClosed(at, traded))
                    traded = ""
                today = date
            case SessionClosed():
                yield from map(untold, closed)
                closed, traded = [message], ""
            case Fill(trade_id=number) if number > 0:
                fills.setdefault(number, message)
                traded = today
            case AccountSnapshot():
                base = message.balance - book.realised if base is None else base
                kind = settings.session.kind if settings else ""
                if closed and whole(message, closed[0].at, began, kind):
                    expected = tidied(base + book.realised)
                    yield compared(closed.pop(), message, fills, expected, began, kind)
        if settings is not None:
            book.hear(message, settings.instrument)


def opened(closed_at: int, kind: str) -> int:
    """When the trade date began that ended then; 0 if none did."""
    return day(closed_at - 1, kind).open if closed_at else 0


def whole(told: AccountSnapshot, closed_at: int, began: int, kind: str) -> bool:
    """Does this answer hold all fills of the day that ended then, of this log?"""
    since = told.day or told.since
    return told.at >= closed_at > 0 and since <= max(began, opened(closed_at, kind))


def untold(session: SessionClosed) -> Statement:
    """A day that another one followed before the venue told of it, or that closed without us."""
    nothing = Decimal(0)
    return Statement(
        session.trade_date, session.at, 0, nothing, nothing, nothing,
        ("the venue was not asked for that day, or its answer failed: compare it by hand",),
    )  # fmt: skip


def compared(
    session: SessionClosed, told: AccountSnapshot, fills: dict[int, Fill], expected: Decimal,
    began: int, kind: str,
) -> Statement:  # fmt: skip
    since, end = max(began, opened(session.at, kind)), session.at
    theirs = {f.trade_id: f for f in told.fills if since <= f.at < end}
    ours = {n: f for n, f in fills.items() if since <= f.at < end}
    found = [f"trade {n}: only the venue has it" for n in theirs if n not in fills]
    found += [f"trade {n}: only the log has it" for n in ours if n not in theirs]
    for number in (n for n in theirs if n in fills):
        found += [
            f"trade {number}: {name} {getattr(theirs[number], name)} at the venue, "
            f"{getattr(fills[number], name)} in the log"
            for name in ("side", "size", "price", "fees")
            if getattr(theirs[number], name) != getattr(fills[number], name)
        ]
    if told.balance != expected:
        found.append(f"balance {told.balance} at the venue, {expected} by the log")
    fees = sum((fill.fees for fill in theirs.values()), Decimal(0))
    return Statement(
        session.trade_date, told.at, len(theirs), fees, told.balance, expected, tuple(found)
    )
