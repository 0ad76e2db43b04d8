"""Where results go: found out before the work of hours, not after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from core.errors import UsageError
from storage import lock


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raises UsageError, a line, for what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from None


def prepare(folder: Path) -> None:
    """Make the folder, and see that a file can be. Raises UsageError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass


@contextmanager
def ours(folder: Path) -> Iterator[None]:
    """The same, and no other run goes there meanwhile: the files of two would be mixed. Raises
    UsageError, LockedError."""
    prepare(folder)
    with lock.alone(folder):
        yield
