"""The thread that owns the log's file: takes lines from a queue, writes them, syncs them.

The first error is final. After it nothing is written to the file any more, so that no good line
ever follows half a line, and no sync is tried twice: the kernel may have dropped the pages that
it failed to write, and a second fdatasync would call that a success. The one exception is a full
disk: the lines of this group are taken back, the ballast is freed, and the group is tried once.
"""

import errno
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.errors import LogError
from storage.chain import Chain
from storage.disk import Disk, write_all
from storage.line import GENESIS, Draft
from storage.line import seal as seal_at
from storage.plain import Plain, encoded

_FULL = {errno.ENOSPC, errno.EDQUOT}


# A record, and the file whose first line it is to be, if it opens a segment.
Item = tuple[Draft | Plain, Path | None]
Seal = Callable[[Draft], bytes]  # to the line that belongs where the log has come to


class Writer:
    """`queue` is filled by one thread, the event loop's, and emptied by this one."""

    def __init__(
        self, disk: Disk, ballast: Path, group_s: float, seal: Seal, told: Callable[[], None]
    ) -> None:
        self.disk, self.ballast = disk, ballast
        self.group_s, self.seal, self.told = group_s, seal, told
        self.fd, self.size = -1, 0  # of the open segment
        self.queue: deque[Item] = deque()
        self.durable = 0  # the last seq that is on disk
        self.error: LogError | None = None  # set once, here or by whoever lost patience
        self.low_disk = False
        self.stopping = False
        self.wake = threading.Lock()  # held while there is no hurry
        self.wake.acquire()
        self.thread = threading.Thread(target=self.run, name="wal", daemon=True)

    def go_on(self, path: Path, chain: Chain) -> None:
        """Append to a segment that is there. What was read of it may not be on disk yet."""
        self.fd, self.size, self.durable = self.disk.open(path), chain.size, chain.seq
        self.disk.fdatasync(self.fd)
        self.disk.fsync_dir(path.parent)

    def reserve(self, size: int) -> None:
        """Lay the ballast down. A disk too full for it is a low disk."""
        if not size or (self.ballast.exists() and self.ballast.stat().st_size == size):
            return
        self.disk.unlink(self.ballast)
        fd = self.disk.create(self.ballast)
        try:
            self.disk.reserve(fd, size)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self.low_disk = True
            self.disk.unlink(self.ballast)
        finally:
            self.disk.close(fd)

    def hurry(self) -> None:
        """Sync now. Called by the event loop's thread only."""
        if self.wake.locked():
            self.wake.release()

    def run(self) -> None:
        """Write what has gathered, at once if hurried, else after `group_s`."""
        while not (self.stopping and not self.queue):
            self.wake.acquire(timeout=self.group_s)
            if self.queue:
                self.drain()

    def drain(self) -> None:
        """One group: everything queued by now. On an error the group goes to stderr."""
        group = [self.queue.popleft() for _ in range(len(self.queue))]
        if not group:
            return
        if self.error is None:
            try:
                self.commit(group)
            except (OSError, LogError) as error:
                self.error = self.error or LogError(f"log: {error}: nothing more is written to it")
        if self.error is not None:
            fall_back(group)
        self.told()

    def commit(self, group: list[Item]) -> None:
        lines: list[bytes] = []
        for made, opens in group:
            if opens is not None:
                self.write(b"".join(lines))
                lines = []
                self.turn(opens)
            lines.append(self.seal(encoded(made)))
        self.write(b"".join(lines))
        self.disk.fdatasync(self.fd)
        self.durable = group[-1][0].seq

    def turn(self, path: Path) -> None:
        """The old segment is whole on disk before the new one exists."""
        if self.fd >= 0:
            self.disk.fdatasync(self.fd)
            self.disk.close(self.fd)
            self.fd = -1
        self.fd, self.size = self.disk.create(path), 0
        self.disk.fsync_dir(path.parent)

    def write(self, content: bytes) -> None:
        try:
            write_all(self.fd, content, self.disk)
        except OSError as error:
            if error.errno not in _FULL or self.low_disk:
                raise
            self.low_disk = True
            self.disk.truncate(self.fd, self.size)
            self.disk.unlink(self.ballast)
            write_all(self.fd, content, self.disk)
        self.size += len(content)

    def stop(self, timeout_s: float) -> None:
        """Write and sync all that is queued, end the thread, close the file.

        A disk that does not answer in time keeps its thread, which dies with the process.
        """
        self.stopping = True
        self.hurry()
        if self.thread.is_alive():
            self.thread.join(timeout_s)
        if self.fd >= 0 and not self.thread.is_alive():
            self.disk.close(self.fd)
            self.fd = -1


def fall_back(group: list[Item]) -> None:
    """The log is lost; let the journal of the system keep what it would have held."""
    for made, _ in group:
        with suppress(OSError, ValueError, LogError):
            sys.stderr.write(seal_at(encoded(made), GENESIS)[0].decode())
    with suppress(OSError, ValueError):
        sys.stderr.flush()
