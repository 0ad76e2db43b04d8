"""Write a log with one record of every kind to the named folder: `python -m tests.golden.make DIR`.

Done once for each schema of the log; what it wrote is kept and must stay readable for ever.
"""

import sys
from pathlib import Path

from tests.build import run_ended
from tests.storage.logs import PLAIN, append, open_wal


def make(directory: Path) -> None:
    wal = open_wal(directory)
    for message in PLAIN[:20]:
        append(wal, message)
    wal._turn()
    for message in PLAIN[20:]:
        append(wal, message)
    append(wal, run_ended())
    wal.close()
    (directory / "wal.lock").unlink()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
