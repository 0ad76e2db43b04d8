"""A process that writes a log for ever and prints each seq once it is durable. Ends by a kill.

`python -m tests.storage.writing DIR` . With `hold` it opens the log, says `won`, and waits.
"""

import asyncio
import sys
from pathlib import Path

from core.errors import LockedError
from tests.storage.logs import PLAIN, append, open_wal


async def write(directory: Path) -> None:
    wal = open_wal(directory)
    while True:
        for message in PLAIN:
            append(wal, message)
        await wal.durable(wal.seq)
        print(wal.seq, flush=True)


def hold(directory: Path) -> None:
    try:
        wal = open_wal(directory)
    except LockedError as error:
        print("lost", flush=True)
        sys.exit(error.code)
    print("won", flush=True)
    sys.stdin.read()
    wal.close()


if __name__ == "__main__":
    if sys.argv[2:] == ["hold"]:
        hold(Path(sys.argv[1]))
    else:
        asyncio.run(write(Path(sys.argv[1])))
