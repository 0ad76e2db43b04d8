"""The simulator's own books as JSONL, each line on its way to disk before the next: for audits.

Lines have `wall` (UTC ns), `at` (tape ns) and `kind`: start, request, order, fill, position,
balance, fault, end, stop. Secrets never reach it: bodies of Auth calls are left out.
"""

import time
from pathlib import Path
from typing import Any

import orjson


class Ledger:
    """Appends; without a path it forgets."""

    def __init__(self, path: Path | None) -> None:
        self.file = None if path is None else path.open("ab", buffering=0)

    def write(self, at: int, kind: str, **fields: Any) -> None:
        if self.file is not None:
            line = {"wall": time.time_ns(), "at": at, "kind": kind, **fields}
            self.file.write(orjson.dumps(line, default=str) + b"\n")

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
