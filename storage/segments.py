"""The log as a directory: `000001-000000000001.jsonl` is segment 1, whose first record is seq 1.

A segment opens with SegmentOpened, which holds the sha256 of the one before, and ends with
SegmentClosed or with the clean close of a run; only the last may be still open. Each line is
checked for its crc, its seq and the crc of the line before. All but the newest may be packed
(storage/packing.py). The first bad spot is one of two:

TORN     in the last segment, nothing true after it, and no clean close before it: a write that
         a crash cut short. `repair` keeps a copy aside and cuts it off.
CORRUPT  anything else. Nothing is skipped, nothing is changed: people must look.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain as joined
from itertools import pairwise
from pathlib import Path

from core.errors import LogError, UsageError
from core.messages import SegmentOpened
from storage.chain import Chain, Corrupt, Segment, Torn, misfit
from storage.disk import Disk, make_directory, write_file
from storage.line import Line, decode, holds_record, is_true, stamp
from storage.packing import SUFFIX, is_packed, lines

_NAME = re.compile(r"(\d{6})-(\d{12})\.jsonl(\.gz)?")


def segments(directory: Path) -> list[Segment]:
    """The files of the log in order, of a segment that is there twice the one that is not packed.

    Raises UsageError if there is no such directory."""
    try:
        names = sorted(path.name for path in directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{directory}: no such log directory: name one with --wal") from None
    files: dict[str, Segment] = {}
    for name in names:
        if found := _NAME.fullmatch(name):
            file = Segment(directory / name, int(found[1]), int(found[2]))
            files.setdefault(name.removesuffix(SUFFIX), file)
    return list(files.values())


def begun(directory: Path) -> list[Segment]:
    """As `segments`, at least one. Raises UsageError where no log has begun."""
    if files := segments(directory):
        return files
    raise UsageError(f"{directory}: no such log, it has no segment: name one with --wal")


def name(order: int, first: int) -> str:
    return f"{order:06d}-{first:012d}.jsonl"


def read(directory: Path, after_seq: int = 0) -> Iterator[Line]:
    """Every record after `after_seq`, verified. Raises Torn or Corrupt at the first bad spot."""
    files = segments(directory)
    if files and after_seq + 1 < files[0].first:
        raise Corrupt(files[0].path, 0, f"records {after_seq + 1} to {files[0].first - 1} are gone")
    start = max((i for i, file in enumerate(files) if file.first <= after_seq + 1), default=0)
    chain = begin(files[start:])
    for file in files[start:]:
        if chain.count:
            turn(chain, file)
        for line in follow(file, chain, last=file is files[-1]):
            if line.seq > after_seq:
                yield line


def begin(files: list[Segment]) -> Chain:
    """The chain before these files: known if they start the log, else taken on trust."""
    for earlier, later in pairwise(files):
        if later.order != earlier.order + 1:
            raise Corrupt(earlier.path, earlier.path.stat().st_size, "the next segment is missing")
    if not files or files[0].order == 1:
        return Chain()
    return Chain(files[0].first - 1, prev=None)


def turn(chain: Chain, file: Segment) -> None:
    """Pass into the next segment, if the one before came to its end."""
    if not (chain.closed or chain.clean):
        raise Corrupt(file.path, 0, "the segment before this one has no end")
    chain.turn()


def follow(file: Segment, chain: Chain, last: bool) -> Iterator[Line]:
    """The verified lines of one segment; `chain` moves along. Raises Torn or Corrupt."""
    stream = lines(file.path)
    for raw in stream:
        if not is_true(raw):
            # After half a line the file ended; what a live writer added since is not judged.
            rest = joined([raw], stream) if raw.endswith(b"\n") else [raw]
            raise damage(file, chain, last, rest)
        try:
            line = decode(raw)
        except LogError as error:
            raise Corrupt(file.path, chain.size, str(error)) from None
        if why := misfit(line, file.first, chain):
            raise Corrupt(file.path, chain.size, why)
        chain.add(raw, line.seq, line.crc, line.message)
        if not chain.count % 256:
            chain.digest.settle()
        yield line


def damage(file: Segment, chain: Chain, last: bool, rest: Iterable[bytes]) -> Torn | Corrupt:
    """Name what is wrong where the chain ends: a write cut short, or something worse."""
    if not last or is_packed(file.path):
        return Corrupt(file.path, chain.size, "damage before the last segment")
    if chain.clean or chain.closed:
        return Corrupt(file.path, chain.size, "bytes that are no record after a clean end")
    if holds_record(rest):
        return Corrupt(file.path, chain.size, "damage with true records after it")
    return Torn(file.path, chain.size, file.path.stat().st_size - chain.size)


def tail(files: list[Segment]) -> tuple[Chain, Torn | None]:
    """Where the log ends, and the torn end if there is one. Raises Corrupt.

    Reads the last segment only, unless that holds no record yet.
    """
    chain = begin(files[-1:])
    begin(files)
    try:
        for _ in follow(files[-1], chain, last=True):
            pass
    except Torn as found:
        torn: Torn | None = found
    else:
        torn = None
    if not chain.count and len(files) > 1:
        chain, earlier = tail(files[:-1])
        if earlier:
            raise Corrupt(earlier.path, earlier.offset, "damage before the last segment")
        turn(chain, files[-1])
    if not chain.count and files[-1].first != chain.seq + 1:
        raise Corrupt(files[-1].path, 0, f"its name says {files[-1].first}, not {chain.seq + 1}")
    return chain, torn


def account_of(files: list[Segment]) -> str | None:
    """Whose log this is, by the newest segment that says so."""
    for file in reversed(files):
        raw = next(lines(file.path), b"")
        if is_true(raw) and isinstance(opened := decode(raw).message, SegmentOpened):
            return opened.account
    return None


def repair(torn: Torn, ns: int, disk: Disk) -> Path:
    """Cut the torn end off, after the whole file is safe in the returned copy."""
    aside = torn.path.with_name(f"{torn.path.name}.broken-{stamp(ns).replace(':', '')}")
    write_file(aside, torn.path.read_bytes(), disk)
    fd = disk.open(torn.path)
    try:
        disk.truncate(fd, torn.offset)
        disk.fdatasync(fd)
    finally:
        disk.close(fd)
    disk.fsync_dir(torn.path.parent)
    return aside


def move_aside(directory: Path, ns: int, disk: Disk) -> Path:
    """Put the whole log, with its snapshots, into a folder of its own. Deletes nothing."""
    name = f"aside-{stamp(ns).replace(':', '')}"
    taken = len(list(directory.glob(f"{name}*")))  # in sim the clock begins anew with each tape
    aside = directory / (f"{name}-{taken + 1}" if taken else name)
    make_directory(aside, disk)
    for path in sorted(directory.iterdir(), reverse=True):
        if path.is_file() and (".jsonl" in path.name or path.name.startswith("snap-")):
            disk.rename(path, aside / path.name)
    disk.fsync_dir(aside)
    disk.fsync_dir(directory)
    return aside
