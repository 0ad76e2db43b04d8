"""The few things the log asks of a disk, as one object, so that a test can be the disk."""

import os
from collections.abc import Mapping
from pathlib import Path

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC


class Disk:
    """The real one. Every method raises OSError as the kernel tells it."""

    def create(self, path: Path) -> int:
        """A new file, readable by us alone, open for appending."""
        return os.open(
            path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )

    def open(self, path: Path) -> int:
        return os.open(path, _APPEND)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return os.write(fd, data)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def reserve(self, fd: int, size: int) -> None:
        os.posix_fallocate(fd, 0, size)

    def close(self, fd: int) -> None:
        os.close(fd)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def fsync_dir(self, path: Path) -> None:
        """Make creations, renames and removals in this directory survive a power cut."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def make_directory(path: Path, disk: Disk) -> None:
    """A directory of ours alone (0700), durable, if there is none yet."""
    if not path.is_dir():
        path.mkdir(parents=True, mode=0o700, exist_ok=True)  # another start may come between
        disk.fsync_dir(path.parent)


def write_file(path: Path, content: bytes, disk: Disk) -> None:
    """Replace a file as a whole: temp, sync, rename, sync of the directory. A disk that is too full
    for it is no fuller afterwards."""
    temporary = path.with_name(f".{path.name}.new")
    disk.unlink(temporary)
    fd = disk.create(temporary)
    try:
        write_all(fd, content, disk)
        disk.fdatasync(fd)
    except OSError:
        disk.unlink(temporary)
        raise
    finally:
        disk.close(fd)
    disk.rename(temporary, path)
    disk.fsync_dir(path.parent)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Replace files that others may read: each as a whole, and none before all are on disk. What is
    no file, as /dev/stdout, is written as it is. Raises OSError."""
    parts: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            if path.exists() and not path.is_file():
                path.write_bytes(content)
                continue
            path = path.resolve()  # what a link names, not the link
            parts[path] = path.with_name(f".{path.name}.{os.getpid()}.new")
            with parts[path].open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def write_all(fd: int, content: bytes, disk: Disk) -> None:
    """Go on after a short write; any error but an interruption is the caller's."""
    view = memoryview(content)
    while view:
        try:
            view = view[disk.write(fd, view) :]
        except InterruptedError:
            continue
