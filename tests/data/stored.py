"""Logs of real runs, kept as they were written; README.md beside this file says how.

Each is one segment, packed. The code of today must read, replay and explain each.
"""

import lzma
from pathlib import Path

from storage.segments import name

HERE = Path(__file__).parent
NAMES = sorted(path.name.partition(".")[0] for path in HERE.glob("*.jsonl.xz"))


def unpack(which: str, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    packed = HERE / f"{which}.jsonl.xz"
    (folder / name(1, 1)).write_bytes(lzma.decompress(packed.read_bytes()))
    return folder
