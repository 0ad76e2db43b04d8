"""The write-ahead log: what was decided, on disk before it takes effect.

`append` never waits and never touches the disk; `await durable(seq)` returns when that record is
on disk. The next record's seq is always `wal.seq + 1`: a segment's end takes two of its own.
Opening it is recovery: the lock is taken, a torn end is kept aside and cut, a log of another
account is moved aside, and damage of any other kind is refused (Corrupt).
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.config import Log
from core.errors import LogError
from core.messages import Record, RunEnded, SegmentClosed, SegmentOpened
from storage import lock
from storage.chain import Chain, Corrupt, Torn
from storage.disk import Disk, make_directory
from storage.line import CLASS, VERSION, Draft, Line, draft, seal
from storage.packing import is_packed
from storage.plain import soon
from storage.segments import account_of, move_aside, name, read, repair, segments, tail
from storage.writer import Writer, fall_back

QUEUE_MAX = 10_000  # records that may wait for the disk

__all__ = ["Corrupt", "Line", "Torn", "Wal", "read"]


class Wal:
    """One writer of one directory. `seq` is the last seq taken."""

    def __init__(
        self, directory: Path, run: str, account: str, settings: Log, clock: Callable[[], int],
        state: Path, disk: Disk,
    ) -> None:  # fmt: skip
        self.directory, self.run, self.account = directory, run, account
        self.settings, self.clock = settings, clock
        self.torn: Torn | None = None  # the torn end that opening cut off
        self.broken: Path | None = None  # and where its copy is
        self.moved: Path | None = None  # where the log of another account went
        self.seq = 0
        self.chain = Chain()  # how far the writer has come: its thread's own, once that runs
        self.order, self.size = 0, 0  # of the segment
        self.waiting: list[tuple[int, asyncio.Future[None]]] = []
        self.loop: asyncio.AbstractEventLoop | None = None
        self.on_failure: Callable[[LogError], None] | None = None
        self._held: int | None = None  # the lock
        self.writer = Writer(disk, state / "ballast", settings.group_s, self._seal, self._told)

    @classmethod
    def open(
        cls, directory: Path, *, run: str, account: str, settings: Log,
        clock: Callable[[], int], state: Path | None = None, disk: Disk | None = None,
        held: int | None = None,
    ) -> "Wal":  # fmt: skip
        """Lock, recover, go on. Raises LockedError, Corrupt or LogError, having written nothing.

        account: sha256 of the account id. clock: UTC ns. state: where the ballast lies.
        held: the lock, where it was taken before.
        """
        disk = disk or Disk()
        try:
            make_directory(directory, disk)
            make_directory(state or directory, disk)
            held = lock.take(directory) if held is None else held
        except OSError as error:
            raise LogError(f"log: {error}") from None
        wal = cls(directory, run, account, settings, clock, state or directory, disk)
        wal._held = held
        try:
            wal._recover(disk)
        except OSError as error:
            wal.close()
            raise LogError(f"log: {error}") from None
        except LogError:
            wal.close()
            raise
        wal.writer.thread.start()
        return wal

    @property
    def failed(self) -> LogError | None:
        """The first failure, which is final."""
        return self.writer.error

    @property
    def low_disk(self) -> bool:
        """The disk was full and the ballast is spent."""
        return self.writer.low_disk

    def append(self, record: Record) -> None:
        """Queue a record. After a failure it goes to stderr. Raises LogError for a faulty one."""
        if record.seq != self.seq + 1:
            raise LogError(f"record {record.seq} follows {self.seq}")
        self._put(record, None)
        if self.size >= self.settings.segment_mb << 20 and not _ends_run(record):
            self._turn()

    async def durable(self, seq: int) -> None:
        """Return when `seq` is on disk. Raises LogError if it will never be."""
        if self.writer.durable >= seq:
            return
        self.loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = self.loop.create_future()
        self.waiting.append((seq, future))
        self.writer.hurry()
        late = self.loop.call_later(self.settings.sync_timeout_s / 2, self._doubt, seq)
        try:
            self._release()  # it may have come to the disk in the meantime
            await future
        finally:
            late.cancel()

    def watch(self, on_failure: Callable[[LogError], None]) -> None:
        """Have the running loop call `on_failure` once, when the log fails."""
        self.loop, self.on_failure = asyncio.get_running_loop(), on_failure
        self._release()

    def close(self) -> None:
        """Write and sync what is queued, stop the thread, free the lock. Waits for the disk."""
        self.writer.stop(self.settings.sync_timeout_s)
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _put(self, record: Record, opens: Path | None) -> None:
        writer, made = self.writer, soon(record, self.clock(), self.run)
        self.seq = record.seq
        self.size += made.size
        if writer.error:
            fall_back([(made, opens)])
            return
        writer.queue.append((made, opens))
        waiting = len(writer.queue)
        if CLASS[type(record.message)] == "D" or not waiting % self.settings.group_records:
            self._hurry()
        if waiting > QUEUE_MAX:
            self._fail(LogError(f"log: {waiting} records wait for the disk"))

    def _seal(self, made: Draft) -> bytes:
        """In the writer's thread: the line as it belongs at the end of the chain."""
        chain, message = self.chain, made.message
        if isinstance(message, SegmentClosed):
            closed = SegmentClosed(message.at, chain.count, chain.digest.hex())
            made = draft(Record(made.seq, "wal", None, closed), made.ns, self.run)
        if isinstance(message, SegmentOpened):
            if chain.closed or chain.clean:
                chain.turn()
            opened = SegmentOpened(message.at, VERSION, self.account, chain.before)
            made = draft(Record(made.seq, "wal", None, opened), made.ns, self.run)
        line, crc = seal(made, chain.prev or "")
        chain.add(line, made.seq, crc, made.message)
        return line

    def _hurry(self) -> None:
        """Wake the writer, which is slow, a turn later: the gateway then has its order."""
        try:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.writer.hurry)
        except RuntimeError:
            self.writer.hurry()

    def _turn(self) -> None:
        """Close this segment and open the next."""
        self._put(Record(self.seq + 1, "wal", None, SegmentClosed(self.clock(), 0, "")), None)
        self._open_segment()

    def _open_segment(self) -> None:
        self.order, self.size = self.order + 1, 0
        self._put(self._opening(), self.directory / name(self.order, self.seq + 1))

    def _opening(self) -> Record:
        """Of a segment; what the chain tells of the one before is filled in when it is sealed."""
        opened = SegmentOpened(self.clock(), VERSION, self.account, "")
        return Record(self.seq + 1, "wal", None, opened)

    def _recover(self, disk: Disk) -> None:
        """Find the end of the log, make it whole and durable, and be ready to go on."""
        files = segments(self.directory)
        if account_of(files) not in (None, self.account):
            self.moved, files = move_aside(self.directory, self.clock(), disk), []
        if files and is_packed(files[-1].path):
            raise Corrupt(files[-1].path, 0, "the newest segment is packed: gunzip it")
        if files:
            self.chain, self.torn = tail(files)
            if self.torn:
                self.broken = repair(self.torn, self.clock(), disk)
            self.order, self.seq, self.size = files[-1].order, self.chain.seq, self.chain.size
        self.writer.reserve(self.settings.ballast_mb << 20)
        if not files or self.chain.clean or self.chain.closed:
            self._open_segment()
        else:
            self.writer.go_on(files[-1].path, self.chain)
            if not self.chain.count:
                self._put(self._opening(), None)
        self.writer.drain()
        if self.failed:
            raise self.failed

    def _told(self) -> None:
        """From the writer's thread: a group is on disk, or lost."""
        if self.loop is not None and (self.waiting or self.writer.error):
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self._release)
        self.chain.digest.settle()

    def _release(self) -> None:
        """Wake those whose record is on disk; after a failure, all, with the error."""
        durable, failed, still = self.writer.durable, self.failed, []
        for seq, future in self.waiting:
            if future.done():
                continue
            if seq <= durable:
                future.set_result(None)
            elif failed:
                future.set_exception(LogError(str(failed)))
            else:
                still.append((seq, future))
        self.waiting = still
        if failed and self.on_failure:
            tell, self.on_failure = self.on_failure, None
            tell(failed)

    def _doubt(self, seq: int) -> None:
        """Half the time is up. A process that was stopped wakes to find it gone: start it here."""
        wait_s = self.settings.sync_timeout_s / 2
        asyncio.get_running_loop().call_later(wait_s, self._give_up, seq)

    def _give_up(self, seq: int) -> None:
        if self.writer.durable < seq:
            self._fail(LogError(f"log: no sync within {self.settings.sync_timeout_s} s"))

    def _fail(self, error: LogError) -> None:
        """Those who wait are told by the loop later, not from within an `append`."""
        self.writer.error = self.writer.error or error
        if self.loop is not None:
            with suppress(RuntimeError):
                self.loop.call_soon(self._release)


def _ends_run(record: Record) -> bool:
    """Nothing may follow a clean close in its segment, so no segment is turned after it."""
    return isinstance(record.message, RunEnded)
