"""Logs for tests: opened with no ballast and a clock that ticks, filled, and read back."""

from itertools import count
from pathlib import Path

from msgspec.structs import replace

from core.messages import Message, Record
from storage.wal import Wal
from tests.build import AT, CONFIG, EVERY

# A slow disk of the machine that tests must not fail them.
SETTINGS = replace(CONFIG.log, ballast_mb=0, segment_mb=1, sync_timeout_s=20.0)
ACCOUNT = "a" * 64
PLAIN = tuple(
    m for m in EVERY if type(m).__name__ not in ("SegmentOpened", "SegmentClosed", "RunEnded")
)


def open_wal(
    directory: Path, run: str = "01JD", account: str = ACCOUNT, disk=None, **changes
) -> Wal:
    return Wal.open(
        directory, run=run, account=account, settings=replace(SETTINGS, **changes),
        clock=count(AT).__next__, disk=disk,
    )  # fmt: skip


def append(wal: Wal, message: Message, actor: str = "risk", cause: int | None = None) -> int:
    wal.append(Record(wal.seq + 1, actor, cause, message))
    return wal.seq


def fill_log(directory: Path, records: int) -> list[bytes]:
    """A log of one segment with so many lines, which are returned."""
    wal = open_wal(directory)
    for number in range(records - 1):
        append(wal, PLAIN[number % len(PLAIN)])
    wal.close()
    (path,) = directory.glob("*.jsonl")
    return path.read_bytes().splitlines(keepends=True)
