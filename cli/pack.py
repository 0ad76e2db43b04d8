"""tradebot wal pack: the log in a seventh of its room, read as before."""

import argparse
import json
import sys
from pathlib import Path

from core.errors import EXIT_OK, LogError
from storage import lock
from storage.disk import Disk
from storage.packing import is_packed, pack_segment
from storage.segments import begun


def pack(directory: Path, chosen: argparse.Namespace) -> int:
    """One segment after the other, so that what is packed stays so where the next one fails."""
    before = after = count = 0
    begun(directory)
    with lock.alone(directory):  # and only then look what there is to pack
        for file in begun(directory)[:-1]:
            if is_packed(file.path):
                continue
            was = file.path.stat().st_size
            try:
                now = pack_segment(file, Disk())
            except OSError as error:
                raise LogError(f"{file.path} is not packed, and whole as it was: {error}") from None
            before, after, count = before + was, after + now, count + 1
            print(f"{file.path.name}: {was:,} to {now:,} bytes", file=sys.stderr)
    if chosen.json:
        print(json.dumps({"packed": count, "bytes_before": before, "bytes_after": after}))
    else:
        print(f"{directory}: {count} segments packed, {before:,} to {after:,} bytes")
    return EXIT_OK
