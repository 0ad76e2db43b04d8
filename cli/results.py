"""Where results go: found out before the work of hours, not after it."""

from pathlib import Path
from tempfile import TemporaryFile

from core.errors import UsageError


def prepare(folder: Path) -> None:
    """Make the folder, and see that a file can be. Raises UsageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror or error}") from None
