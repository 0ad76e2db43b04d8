"""The lock: of any number that start at once, one has the log, and the others touch nothing.

STARTS in the environment says how many start at once.
"""

import errno
import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import LockedError, LogError
from storage import lock
from storage.disk import Disk, make_directory
from storage.wal import read
from tests.storage.logs import open_wal

ROOT = Path(__file__).parents[2]
STARTS = int(os.environ.get("STARTS", "20"))


def test_of_many_that_start_at_once_one_has_the_log(tmp_path):
    """Forks of one process, so that they wait at the line together; the winner stays till last."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.storage.test_lock", str(tmp_path / "wal"), str(STARTS)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert sorted(done.stdout.split()) == ["lost"] * (STARTS - 1) + ["won"]
    (opened,) = read(tmp_path / "wal")
    assert opened.seq == 1
    assert sorted(path.name for path in (tmp_path / "wal").iterdir()) == [
        "000001-000000000001.jsonl", lock.NAME,
    ]  # fmt: skip


def test_who_only_asks_whether_it_is_held_refuses_no_start(tmp_path, monkeypatch):
    """The question takes the lock for an instant; a start in that instant must not stay down."""
    (tmp_path / lock.NAME).touch()
    asking = os.open(tmp_path / lock.NAME, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(asking, fcntl.LOCK_UN))
    os.close(lock.take(tmp_path))
    os.close(asking)


def race(directory: Path, starts: int) -> None:
    go, told, stay = os.pipe(), os.pipe(), os.pipe()
    children = [os.fork() or start(directory, go, told, stay) for _ in range(starts)]
    os.close(go[1])
    words = b"".join(os.read(told[0], 5) for _ in children)
    os.close(stay[1])
    for child in children:
        os.waitpid(child, 0)
    sys.stdout.write(words.decode())


def start(directory: Path, go: tuple[int, int], told: tuple[int, int], stay: tuple[int, int]):
    """A child, from the shot to its end."""
    os.close(go[1])
    os.close(stay[1])
    os.read(go[0], 1)
    try:
        wal = open_wal(directory)
    except LockedError:
        os.write(told[1], b"lost\n")
        os._exit(75)
    except Exception as error:  # noqa: BLE001
        os.write(told[1], b"fail\n")
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    os.write(told[1], b" won\n")
    os.read(stay[0], 1)
    wal.close()
    os._exit(0)


def test_a_directory_that_another_start_makes_meanwhile_is_no_error(tmp_path, monkeypatch):
    answers, is_dir = [False], Path.is_dir
    monkeypatch.setattr(Path, "is_dir", lambda path: answers.pop() if answers else is_dir(path))
    (tmp_path / "wal").mkdir()
    make_directory(tmp_path / "wal", Disk())
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_directory(tmp_path / "file", Disk())


def test_a_file_system_without_locks_is_told_in_one_line(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.raises(LogError, match=r"no lock can be taken here: No locks available"):
        lock.take(tmp_path)


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_disk_that_takes_no_lock_is_the_logs_failure(tmp_path, monkeypatch, number):
    def none(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", none)
    with pytest.raises(LogError, match=f"cannot be written: {os.strerror(number)}"):
        lock.take(tmp_path)


if __name__ == "__main__":
    race(Path(sys.argv[1]), int(sys.argv[2]))
