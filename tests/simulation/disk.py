"""A disk that can lose power: what was not synced is gone, or half there. And one that fails.

The files are real. A process that is killed loses nothing that it wrote; a power cut takes any
part of what no sync has covered, torn at any byte, and any of the newest changes of a directory.
`Trouble` is what it answers instead of doing what it is asked.
"""

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

from storage.disk import Disk

REAL = {name: getattr(Disk, name) for name in (
    "create", "open", "write", "fdatasync", "truncate", "close", "unlink", "rename", "fsync_dir",
)}  # fmt: skip


NAMES = (("snap-", "snapshot"), (".snap-", "snapshot"), ("api", "api"), (".api", "api"))


def named(path: Path | None) -> str:
    """What a file is to the program."""
    name = path.name if path else ""
    if ".jsonl" in name:
        return "copy" if "broken" in name else "log"
    return next((what for start, what in NAMES if name.startswith(start)), name or "none")


class Crash(BaseException):
    """The process ends within a call to the disk."""


FULL = (errno.ENOSPC, errno.EDQUOT)


class Trouble:
    """One error, from a call on: once, for ever (`stays`), or until room is made (a full disk)."""

    def __init__(self, number: int = 0, at: int = 0, stays: bool = False) -> None:
        self.number, self.at, self.stays = number, at, stays
        self.room = 0  # calls that a freed ballast is good for
        self.struck: list[str] = []  # which calls failed
        self.failed: set[int] = set()  # files that must not be synced again

    def check(self, call: int, kind: str, fd: int = -1) -> None:
        if kind == "fdatasync" and fd in self.failed:
            self.struck.append("second sync")
        if not self.at or call < self.at:
            return
        if self.number in FULL:
            if kind not in ("write", "create"):
                return
            if self.room > 0:
                self.room -= 1
                return
        elif self.struck and not self.stays:
            return
        self.struck.append(kind)
        if kind in ("write", "fdatasync") and self.number not in FULL:
            self.failed.add(fd)
        raise OSError(self.number, os.strerror(self.number))

    def freed(self, path: Path) -> None:
        if path.name == "ballast" and self.number in FULL and self.at:
            self.room = 1 << 30 if not self.stays else 5


class Platter:
    """What all Disk objects of this interpreter write to."""

    def __init__(self, seed: int | str) -> None:
        self.rng = random.Random(f"disk {seed}")
        self.paths: dict[int, Path] = {}
        self.safe: dict[Path, int] = {}  # synced bytes of a file
        self.undo: list[tuple[Path, Callable[[], None]]] = []  # directory, how to take it back
        self.calls, self.crash_at = 0, 0
        self.dead, self.struck = False, lambda: None  # in the midst of a call; who wants to know
        self.sync_s = 0.004
        self.slow = 0.0  # chance of a sync that takes seconds
        self.interrupts = 0.0  # chance of EINTR at a write
        self.trouble = Trouble()
        self.reached = lambda name: None  # a moment has come, by its name

    def install(self) -> None:
        for name in REAL:
            setattr(Disk, name, getattr(self, name)())

    def tick(self, kind: str = "", path: Path | None = None, fd: int = -1) -> None:
        """Each call may be the last, or fail; without a kind it was done, and may still be."""
        self.calls += 1
        if kind:
            self.reached(f"before {kind} {named(path)}")
            self.trouble.check(self.calls, kind, fd)
        if self.calls == self.crash_at:
            self.dead = True
            self.struck()
        if self.dead:
            raise Crash

    def create(self):
        def create(disk, path):
            self.tick("create", path)
            fd = REAL["create"](disk, path)
            self.paths[fd], self.safe[path] = path, 0
            self.undo.append((path.parent, lambda: path.unlink(missing_ok=True)))
            self.reached(f"after create {named(path)}")
            return fd

        return create

    def open(self):
        def opened(disk, path):
            fd = REAL["open"](disk, path)
            self.paths[fd] = path
            self.safe.setdefault(path, path.stat().st_size)
            return fd

        return opened

    def write(self):
        def write(disk, fd, data):
            self.tick("write", self.paths.get(fd), fd)
            if self.interrupts and self.rng.random() < self.interrupts:
                raise InterruptedError(errno.EINTR, "interrupted")
            if len(data) > 1 and self.rng.random() < 0.05:
                data = data[: self.rng.randrange(1, len(data))]  # a short write
            return REAL["write"](disk, fd, data)

        return write

    def fdatasync(self):
        def fdatasync(disk, fd):
            path = self.paths.get(fd)
            self.tick("fdatasync", path, fd)
            if path and fd not in self.trouble.failed:
                self.safe[path] = os.fstat(fd).st_size
            self.tick()
            self.reached(f"after fdatasync {named(path)}")

        return fdatasync

    def truncate(self):
        def truncate(disk, fd, size):
            self.tick("truncate", self.paths[fd], fd)
            REAL["truncate"](disk, fd, size)
            path = self.paths[fd]
            self.safe[path] = min(self.safe.get(path, 0), size)

        return truncate

    def close(self):
        def close(disk, fd):
            self.paths.pop(fd, None)
            self.trouble.failed.discard(fd)
            REAL["close"](disk, fd)

        return close

    def unlink(self):
        def unlink(disk, path):
            self.tick("unlink", path)
            self.trouble.freed(path)
            if path.exists():
                was = path.read_bytes()
                self.undo.append((path.parent, lambda: path.write_bytes(was)))
            REAL["unlink"](disk, path)

        return unlink

    def rename(self):
        def rename(disk, source, target):
            self.tick("rename", target)
            was = target.read_bytes() if target.exists() else None
            now, safe = source.read_bytes(), self.safe.get(source, 0)

            def back():
                source.write_bytes(now)
                self.safe[source] = safe
                target.unlink(missing_ok=True)
                if was is not None:
                    target.write_bytes(was)

            REAL["rename"](disk, source, target)
            self.safe[target] = self.safe.pop(source, 0)
            self.undo.append((target.parent, back))
            self.tick()
            self.reached(f"after rename {named(target)}")

        return rename

    def fsync_dir(self):
        def fsync_dir(disk, path):
            self.tick("fsync_dir", path)
            self.undo = [row for row in self.undo if row[0] != path]
            self.reached(f"after fsync_dir {named(path)}")

        return fsync_dir

    def killed(self) -> None:
        """The process is gone: its files are closed, as they are."""
        self.dead, self.crash_at = False, 0
        for fd in self.paths:
            os.close(fd)
        self.paths.clear()

    def power_cut(self) -> None:
        """And what no sync has covered is gone, or in part."""
        self.killed()
        lost = self.rng.randrange(len(self.undo) + 1)
        for _, back in reversed(self.undo[len(self.undo) - lost :]):
            back()
        self.undo.clear()
        for path, safe in sorted(self.safe.items()):
            if path.exists() and (size := path.stat().st_size) > safe:
                os.truncate(path, self.rng.randrange(safe, size + 1))
        self.safe = {path: path.stat().st_size for path in self.safe if path.exists()}
