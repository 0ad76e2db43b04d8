"""How the lines of a log hold together: what the next one must continue, and what it is if not."""

import hashlib
import threading
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import LogError
from core.messages import RunEnded, SegmentClosed, SegmentOpened
from core.reasons import Reason
from storage.line import GENESIS, Line


class Segment(NamedTuple):
    path: Path
    order: int
    first: int  # seq of its first record


class Corrupt(LogError):
    """The log must not be trusted from `offset` of `path` on."""

    def __init__(self, path: Path, offset: int, why: str) -> None:
        super().__init__(f"{path}:{offset}: {why}: keep the file, trade nothing, and look")
        self.path, self.offset, self.why = path, offset, why


class Torn(LogError):
    """The last write was cut short at `offset` of `path`; nothing true follows."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        super().__init__(f"{path}:{offset}: the last {size} bytes are no record")
        self.path, self.offset, self.size = path, offset, size


class Digest:
    """The sha256 of a segment. `add` costs nothing; the hashing is done when there is time."""

    def __init__(self) -> None:
        self.sha, self.waiting = hashlib.sha256(), deque[bytes]()
        self.lock = threading.Lock()

    def settle(self) -> None:
        """Hash what was added. Any thread may."""
        with self.lock:
            self.sha.update(b"".join(self.waiting.popleft() for _ in range(len(self.waiting))))

    def hex(self) -> str:
        self.settle()
        return self.sha.hexdigest()


class Chain:
    """How far a reader or the writer has come: what the next line must continue."""

    def __init__(self, seq: int = 0, prev: str | None = GENESIS) -> None:
        self.seq, self.prev = seq, prev  # of the last line; prev None: unknown, any will do
        self.before = ""  # sha256 of the segment before
        self.digest = Digest()  # of the segment so far
        self.count = 0  # records in the segment
        self.size = 0  # bytes of the segment that hold
        self.clean = False  # the last line is the clean close of a run
        self.closed = False  # the last line is a SegmentClosed

    def add(self, raw: bytes, seq: int, crc: str, message: Any) -> None:
        self.seq, self.prev = seq, crc
        self.digest.waiting.append(raw)
        self.count += 1
        self.size += len(raw)
        kind = type(message)
        self.clean = kind is RunEnded and message.reason is Reason.SYS_CLEAN_CLOSE
        self.closed = kind is SegmentClosed

    def turn(self) -> None:
        """Go on to the next segment."""
        self.before, self.digest = self.digest.hex(), Digest()
        self.count = self.size = 0
        self.clean = self.closed = False


def misfit(line: Line, first: int, chain: Chain) -> str | None:
    """Why a true line is not the one that belongs here."""
    if line.seq != chain.seq + 1:
        return f"seq {line.seq} follows {chain.seq}"
    if line.prev != chain.prev and chain.prev is not None:
        return f"seq {line.seq} continues another line than the one before it"
    if chain.closed:
        return "a record after the segment's end"
    message = line.message
    if isinstance(message, SegmentOpened):
        if chain.count or line.seq != first:
            return "a segment opens where none belongs"
        if chain.before and message.previous != chain.before:
            return "the segment before was changed after it was closed"
    elif not chain.count:
        return "a segment does not start with SegmentOpened"
    elif isinstance(message, SegmentClosed) and (
        message.count != chain.count or message.sha256 != chain.digest.hex()
    ):
        return "the segment was changed before it was closed"
    return None
