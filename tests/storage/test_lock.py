"""The lock: of any number that start at once, one has the log, and the others touch nothing.

STARTS in the environment says how many start at once.
"""

import os
import subprocess
import sys
from pathlib import Path

from core.errors import LockedError
from storage import lock
from storage.wal import Wal, read
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
    wal: Wal | None = None
    try:
        wal = open_wal(directory)
    except LockedError:
        os.write(told[1], b"lost\n")
        os._exit(75)
    os.write(told[1], b" won\n")
    os.read(stay[0], 1)
    wal.close()
    os._exit(0)


if __name__ == "__main__":
    race(Path(sys.argv[1]), int(sys.argv[2]))
