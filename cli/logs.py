"""A log as the verbs read it: also one that a daemon is writing, and of any length."""

from collections.abc import Iterator
from pathlib import Path

from core.messages import Record
from storage import lock
from storage.chain import Segment, Torn
from storage.segments import begun
from storage.wal import read

PARTS = 6  # segments that are held at once: five hours each


def records_in(
    directory: Path, after_seq: int = 0, until: float = float("inf")
) -> Iterator[Record]:
    """One by one: those of a year fit no memory. Raises UsageError, LogError."""
    begun(directory)
    try:
        for line in read(directory, after_seq):
            if line.seq > until:
                return
            yield line.record
    except Torn:
        if not lock.held(directory):  # else half a line that a live daemon is writing
            raise


def records_of(directory: Path) -> list[Record]:
    return list(records_in(directory))


def near(directory: Path, files: list[Segment], place: int) -> list[Record]:
    """Of a long log the segments around that one: the one before it has its causes, and what it
    leads to is over within the day."""
    first = max(0, min(place - PARTS // 4, len(files) - PARTS))
    return list(within(directory, files, first, first + PARTS))


def within(directory: Path, files: list[Segment], begin: int, end: int) -> Iterator[Record]:
    """The records of the segments from `begin` to before `end`."""
    until = files[end].first - 1 if end < len(files) else float("inf")
    return records_in(directory, files[begin].first - 1, until)
