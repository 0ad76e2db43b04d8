"""Downloaded bars on disk: a Parquet file a month, and what has been asked for so far.

    FOLDER/2024/03.parquet      `research.bars`, `start` as time in UTC, sorted, one row a stamp
    FOLDER/coverage.json        {"asked": [[since, until], ..], "empty": [[since, until], ..]}

A file appears whole or not at all, on disk; the coverage is written after the bars. So whatever is
killed when, or without power, what `asked` says is there is there, and asking again does no harm.
`empty` are gaps that were asked for once more and that the service has nothing for.
"""

import json
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from core.clock import SECOND
from core.errors import UsageError
from research.grid import GAP, silences
from storage.disk import Disk, write_file

Span = tuple[int, int]  # [since, until), UTC ns


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in fewest spans, in order."""
    out: list[Span] = []
    for since, until in sorted(spans):
        if out and since <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], until))
        elif until > since:
            out.append((since, until))
    return out


def without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """What is left of a span."""
    since, until = span
    left = []
    for begin, end in merged(taken):
        if begin >= until:
            break
        if end > since:
            left.append((since, begin))
            since = end
    left.append((since, until))
    return [(begin, end) for begin, end in left if end > begin]


class Archive:
    """Bars of one symbol and step in a folder."""

    def __init__(self, folder: Path, step_s: int) -> None:
        self.folder, self.step_s = folder, step_s
        try:
            folder.mkdir(parents=True, exist_ok=True)
            told = json.loads(self.notes.read_text()) if self.notes.exists() else {}
            self.asked = merged((int(a), int(b)) for a, b in told.get("asked", []))
            self.empty = merged((int(a), int(b)) for a, b in told.get("empty", []))
        except OSError as error:
            raise UsageError(f"{folder}: {error.strerror}") from None
        except (ValueError, TypeError, AttributeError):
            raise UsageError(
                f"{self.notes}: not readable: delete it to ask for all again"
            ) from None

    @property
    def notes(self) -> Path:
        return self.folder / "coverage.json"

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9].parquet"))

    def missing(self, span: Span) -> list[Span]:
        return without(span, self.asked)

    def add(self, span: Span, frame: pl.DataFrame) -> int:
        """Put in what the service said of that span; how many of the bars are new."""
        new = 0
        frame = frame.filter(pl.col("start").is_between(*span, closed="left"))
        stamped = frame.with_columns(pl.col("start").cast(pl.Datetime("ns", "UTC")))
        for (month,), part in stamped.group_by(pl.col("start").dt.strftime("%Y/%m")):
            new += self.put(self.folder / f"{month}.parquet", part)
        self.asked = merged([*self.asked, span])
        self.note()
        return new

    def put(self, path: Path, part: pl.DataFrame) -> int:
        """Into a month; what the service says now replaces what it said before."""
        path.parent.mkdir(exist_ok=True)
        old = pl.read_parquet(path) if path.exists() else part.clear()
        both = pl.concat([old, part], how="diagonal_relaxed")
        whole = both.unique("start", keep="last", maintain_order=True).sort("start")
        packed = BytesIO()
        whole.write_parquet(packed, compression="zstd")
        write_file(path, packed.getvalue(), Disk())
        return whole.height - old.height

    def note(self) -> None:
        told: dict[str, Any] = {"asked": self.asked, "empty": self.empty}
        write_file(self.notes, json.dumps(told).encode(), Disk())

    def starts(self) -> np.ndarray:
        parts = [pl.read_parquet(path, columns=["start"]) for path in self.files()]
        if not parts:
            return np.empty(0, np.int64)
        return pl.concat(parts)["start"].cast(pl.Int64).sort().to_numpy()

    def holes(self, span: Span, gap_max_s: int, open_always: bool) -> list[Span]:
        """Gaps in trading hours between the bars of a span, less those known to be empty."""
        start = self.starts()
        start = start[(start >= span[0]) & (start < span[1])]
        if open_always:
            step = self.step_s * SECOND
            wide = np.flatnonzero(np.diff(start) > step + gap_max_s * SECOND)
            found = [(int(start[i]) + step, int(start[i + 1])) for i in wide]
        else:
            rows = silences(start, self.step_s, gap_max_s).iter_rows()
            found = [(since, until) for since, until, why in rows if why == GAP]
        return [part for hole in found for part in without(hole, self.empty)]

    def nothing_in(self, span: Span) -> None:
        self.empty = merged([*self.empty, span])
        self.note()
