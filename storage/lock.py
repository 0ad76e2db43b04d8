"""One daemon per log, and per state: an flock that the kernel frees however its holder dies.
And one command at a time where two would write into each other's files."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import LockedError, LogError

NAME = "wal.lock"
TRIES, WAIT_S = 5, 0.01  # whoever asks `held` has it for an instant


def take(directory: Path) -> int:
    """Hold the lock until the returned fd is closed. Raises LockedError in a moment, LogError where
    the disk is full or read-only, or has no locks; PermissionError where it is another user's."""
    try:
        fd = os.open(directory / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise
    except OSError as error:
        raise LogError(f"{directory}: cannot be written: {error.strerror}") from None
    for _ in range(TRIES):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(WAIT_S)
        except OSError as error:
            os.close(fd)
            raise LogError(f"{directory}: no lock can be taken here: {error.strerror}") from None
        else:
            return fd
    os.close(fd)
    raise LockedError(f"{directory}: another daemon is at work here: stop it first")


def held(directory: Path) -> bool:
    """Whether a daemon writes this log now. Takes a shared lock for an instant to find out."""
    try:
        fd = os.open(directory / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Nobody else who asks for it works here meanwhile; a daemon does. The lock is of the directory
    itself and leaves no file. Raises LockedError; without locks, as on some shares, it is nobody's.
    """
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            why = f"{directory}: another command writes here: wait for it, or name another place"
            raise LockedError(why) from None
        except OSError:
            pass
        yield
    finally:
        os.close(fd)
