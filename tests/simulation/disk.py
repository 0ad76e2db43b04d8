"""A disk that can lose power: what was not synced is gone, or half there.

The files are real. A process that is killed loses nothing that it wrote; a power cut takes any
part of what no sync has covered, torn at any byte, and any of the newest changes of a directory.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

from storage.disk import Disk

REAL = {name: getattr(Disk, name) for name in (
    "create", "open", "write", "fdatasync", "truncate", "close", "unlink", "rename", "fsync_dir",
)}  # fmt: skip


class Crash(BaseException):
    """The process ends within a call to the disk."""


class Platter:
    """What all Disk objects of this interpreter write to."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"disk {seed}")
        self.paths: dict[int, Path] = {}
        self.safe: dict[Path, int] = {}  # synced bytes of a file
        self.undo: list[tuple[Path, Callable[[], None]]] = []  # directory, how to take it back
        self.calls, self.crash_at = 0, 0
        self.dead, self.struck = False, lambda: None  # in the midst of a call; who wants to know
        self.sync_s = 0.004

    def install(self) -> None:
        for name in REAL:
            setattr(Disk, name, getattr(self, name)())

    def tick(self) -> None:
        """Each call may be the last."""
        self.calls += 1
        if self.calls == self.crash_at:
            self.dead = True
            self.struck()
        if self.dead:
            raise Crash

    def create(self):
        def create(disk, path):
            self.tick()
            fd = REAL["create"](disk, path)
            self.paths[fd], self.safe[path] = path, 0
            self.undo.append((path.parent, lambda: path.unlink(missing_ok=True)))
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
            self.tick()
            if len(data) > 1 and self.rng.random() < 0.05:
                data = data[: self.rng.randrange(1, len(data))]  # a short write
            return REAL["write"](disk, fd, data)

        return write

    def fdatasync(self):
        def fdatasync(disk, fd):
            self.tick()
            if fd in self.paths:
                self.safe[self.paths[fd]] = os.fstat(fd).st_size
            self.tick()

        return fdatasync

    def truncate(self):
        def truncate(disk, fd, size):
            self.tick()
            REAL["truncate"](disk, fd, size)
            path = self.paths[fd]
            self.safe[path] = min(self.safe.get(path, 0), size)

        return truncate

    def close(self):
        def close(disk, fd):
            self.paths.pop(fd, None)
            REAL["close"](disk, fd)

        return close

    def unlink(self):
        def unlink(disk, path):
            self.tick()
            if path.exists():
                was = path.read_bytes()
                self.undo.append((path.parent, lambda: path.write_bytes(was)))
            REAL["unlink"](disk, path)

        return unlink

    def rename(self):
        def rename(disk, source, target):
            self.tick()
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

        return rename

    def fsync_dir(self):
        def fsync_dir(disk, path):
            self.tick()
            self.undo = [row for row in self.undo if row[0] != path]

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
