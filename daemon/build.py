"""Which program this is: one hash over the source of every package that decides or acts.

All actors are of one process and so of one build. A live start may pin it (`live.build`): a file
that differs on one machine is then no start, whatever version its checkout claims.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("actors", "cli", "core", "daemon", "indicators", "storage", "strategies", "venues")
# What a fold of the log comes to is theirs alone.
FOLDING = (
    "actors", "core", "daemon/report.py", "daemon/snapshots.py", "daemon/wiring.py", "indicators",
    "strategies",
)  # fmt: skip


@lru_cache(maxsize=2)
def build(root: Path = ROOT, parts: tuple[str, ...] = PACKAGES) -> str:
    """sha256 over names and bytes, in the order of names."""
    whole = hashlib.sha256()
    for part in parts:
        for path in sorted((root / part).rglob("*.py")) or [root / part]:
            if not path.is_file():
                continue
            whole.update(path.relative_to(root).as_posix().encode() + b"\0")
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def folding() -> str:
    """Which program folds the log: a snapshot holds as long as this does."""
    return build(ROOT, FOLDING)
