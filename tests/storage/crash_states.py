"""Every state in which a power cut may leave the disk, by a model of what a sync promises.

`Traced` is a real disk that notes what it is asked. `states` walks the notes and tells, for each
point, what may be there after a cut: of bytes not yet synced any part, in blocks; of names not yet
synced with their directory any choice. A file's bytes and its name are synced apart.
"""

import random
from collections.abc import Iterator
from itertools import pairwise, product
from math import prod
from pathlib import Path
from typing import NamedTuple

from storage.disk import Disk

BLOCKS = (512, 4096)
NAMES_MAX, CHOICES_MAX = 4, 24  # un-synced names per directory, and contents per file, judged


class Promise(NamedTuple):
    """What the program was told to be on disk."""

    seq: int = 0  # all records up to this one
    snapshot: int = 0


class Traced(Disk):
    """Notes (what, path, detail); a mutant leaves things out or changes their order."""

    def __init__(self) -> None:
        self.notes: list[tuple] = []
        self.paths: dict[int, Path] = {}

    def note(self, what: str, path: Path | None = None, detail: object = None) -> None:
        self.notes.append((what, path, detail))

    def promise(self, seq: int, snapshot: int = 0) -> None:
        self.note("promise", None, Promise(seq, snapshot))

    def create(self, path: Path) -> int:
        fd = super().create(path)
        self.paths[fd] = path
        self.note("create", path)
        return fd

    def open(self, path: Path) -> int:
        fd = super().open(path)
        self.paths[fd] = path
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> int:
        done = super().write(fd, data)
        self.note("write", self.paths[fd], bytes(data[:done]))
        return done

    def truncate(self, fd: int, size: int) -> None:
        super().truncate(fd, size)
        self.note("truncate", self.paths[fd], size)

    def fdatasync(self, fd: int) -> None:
        self.note("sync", self.paths[fd])

    def unlink(self, path: Path) -> None:
        if path.exists():
            super().unlink(path)
            self.note("unlink", path)

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self.note("rename", source, target)

    def fsync_dir(self, path: Path) -> None:
        self.note("sync names", path)


class Inode:
    """The bytes of a file: those that are safe, and what was done to them since."""

    def __init__(self) -> None:
        self.safe = self.now = b""
        self.holds = [b""]  # contents after each act since the sync

    def act(self, content: bytes) -> None:
        self.now = content
        self.holds.append(content)

    def sync(self) -> None:
        self.safe, self.holds = self.now, [self.now]

    def contents(self, chance: random.Random) -> list[tuple[bytes, bool]]:
        """All that a cut may leave, and whether a hole is in it."""
        found = dict.fromkeys(((content, False) for content in self.holds), None)
        for before, after in pairwise(self.holds):
            if not after.startswith(before):
                continue
            for block in BLOCKS:
                edges = [e for e in range(0, len(after), block) if e > len(before)]
                found |= dict.fromkeys((after[:edge], False) for edge in edges)
                zeros = [(after[:e] + bytes(len(after) - e), False) for e in [len(before), *edges]]
                found |= dict.fromkeys(zeros)
                found |= dict.fromkeys(holes(before, after, [len(before), *edges, len(after)]))
        ways = list(found)
        return ways if len(ways) <= CHOICES_MAX else [ways[0], *chance.sample(ways, CHOICES_MAX)]


def holes(before: bytes, after: bytes, edges: list[int]) -> Iterator[tuple[bytes, bool]]:
    """One block that never came, with all others there."""
    for first, last in pairwise(edges):
        if last < len(after):
            yield after[:first] + bytes(last - first) + after[last:], True


class Names:
    """The entries of all directories: those that are safe, and what was done to them since."""

    def __init__(self) -> None:
        self.safe: dict[Path, Inode] = {}
        self.now: dict[Path, Inode] = {}
        self.acts: list[tuple[Path, dict[Path, Inode | None]]] = []

    def act(self, folder: Path, change: dict[Path, Inode | None]) -> None:
        self.acts.append((folder, change))
        apply(self.now, change)

    def sync(self, folder: Path) -> None:
        for _, change in (act for act in self.acts if act[0] == folder):
            apply(self.safe, change)
        self.acts = [act for act in self.acts if act[0] != folder]

    def choices(self) -> Iterator[dict[Path, Inode]]:
        """The safe names with any of the acts since."""
        recent = self.acts[-NAMES_MAX:]
        for chosen in product((False, True), repeat=len(recent)):
            names = dict(self.safe)
            for _, change in self.acts[: len(self.acts) - len(recent)]:
                apply(names, change)
            for (_, change), done in zip(recent, chosen, strict=True):
                if done:
                    apply(names, change)
            yield names


def apply(names: dict[Path, Inode], change: dict[Path, Inode | None]) -> None:
    for path, inode in change.items():
        if inode is None:
            names.pop(path, None)
        else:
            names[path] = inode


class State(NamedTuple):
    files: tuple[tuple[Path, bytes], ...]
    promised: Promise
    hole: bool


def states(notes: list[tuple], seed: int) -> Iterator[State]:
    """Each state once."""
    names, promised, seen = Names(), Promise(), set()
    chance = random.Random(seed)
    for what, path, detail in notes:
        match what:
            case "create":
                names.act(path.parent, {path: Inode()})
            case "write":
                names.now[path].act(names.now[path].now + detail)
            case "truncate":
                names.now[path].act(names.now[path].now[:detail])
            case "sync":
                names.now[path].sync()
            case "unlink":
                names.act(path.parent, {path: None})
            case "rename":
                names.act(path.parent, {path: None, detail: names.now[path]})
            case "sync names":
                names.sync(path)
            case "promise":
                promised = Promise(*map(max, promised, detail))
        for state in at_this_point(names, promised, chance):
            if (key := hash(state)) not in seen:
                seen.add(key)
                yield state


def at_this_point(names: Names, promised: Promise, chance: random.Random) -> Iterator[State]:
    for held in names.choices():
        paths = sorted(held)
        ways = [held[path].contents(chance) for path in paths]
        if prod(map(len, ways)) <= CHOICES_MAX:
            chosen = list(product(*ways))
        else:
            chosen = [tuple(map(chance.choice, ways)) for _ in range(CHOICES_MAX)]
        for contents in chosen:
            files = tuple(zip(paths, (content for content, _ in contents), strict=True))
            yield State(files, promised, any(hole for _, hole in contents))


class NoDirectorySync(Traced):
    def fsync_dir(self, path: Path) -> None:
        pass


class NoDataSync(Traced):
    def fdatasync(self, fd: int) -> None:
        pass


class RenameBeforeSync(Traced):
    """What is written whole under another name is synced only after it has its own."""

    late: Path | None = None

    def fdatasync(self, fd: int) -> None:
        if self.paths[fd].suffix == ".new":
            self.late = self.paths[fd]
        else:
            super().fdatasync(fd)

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if source == self.late:
            self.note("sync", target)


class NoSyncAtTheTurn(Traced):
    """A segment is closed without a sync, and the next one opened."""

    def close(self, fd: int) -> None:
        super().close(fd)
        path = self.paths.pop(fd)
        if path.suffix == ".jsonl" and self.notes[-1] == ("sync", path, None):
            self.notes.pop()
