"""A tape that is still being recorded: parts that are whole on disk, joined when their day is over.

A part holds what came since the one before it, so a kill loses no more than that. The parts of a
trade date are joined into `SYMBOL_DATE.parquet`, which says how many of them it holds: parts that a
kill leaves behind are joined at the next start, and none twice. Beside what every tape tells,
`links` is the list of (UTC ns, 1 up or 0 down) of the market's wire, `dropped` how many events the
feed refused, `contract` the venue's name of what was recorded.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct, field

from core.errors import LogError
from core.instruments import Instrument
from core.messages import Dropped, FeedState, Message, Quote, Trade
from core.sessions import trade_date
from storage import tape as tapes
from storage.disk import Disk, write_file
from storage.tape import COLUMNS, QUOTE, TRADE, Tape

PART = re.compile(r"(.+_\d{4}-\d\d-\d\d)\.(\d{6})\.part")
NUMBER_MAX = 2**31 - 1  # of a tape's columns
Row = tuple[int, ...]


class Recording(Struct):
    """What came since the last part."""

    instrument: Instrument
    about: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    dropped: int = 0
    taken: int = 0  # rows of all parts

    def hear(self, message: Message) -> None:
        ticks = self.instrument.ticks
        match message:
            case Trade() as t:
                self.keep((t.at, TRADE, ticks(t.price), t.size, t.side, 0, 0, 0, 0))
            case Quote() as q:
                sizes = (q.bid_size, q.ask_size)
                self.keep((q.at, QUOTE, 0, 0, 0, ticks(q.bid), ticks(q.ask), *sizes))
            case FeedState(at=at, link="market", up=up):
                self.links.append((at, int(up)))
            case Dropped(count=count):
                self.dropped += count

    def keep(self, row: Row) -> None:
        """Of a price that no tape can hold there is a count only."""
        if max(row[1:]) > NUMBER_MAX:
            self.dropped += 1
        else:
            self.rows.append(row)

    def cut(self) -> list[Tape]:
        """A part for each trade date, and begin anew; none while nothing came."""
        if not self.rows:
            return []
        table = np.array(self.rows, np.int64)
        dates = np.array([trade_date(at) for at in table[:, 0].tolist()])
        more = {"links": self.links, "dropped": self.dropped}
        parts = []
        for date in np.unique(dates).tolist():
            chosen = dict(zip(COLUMNS, table[dates == date].T, strict=True))
            parts.append(Tape({**self.about, **more, "trade_date": date}, chosen))
            more = {"links": [], "dropped": 0}
        self.taken += len(self.rows)
        self.rows, self.links, self.dropped = [], [], 0
        return parts


def store(folder: Path, part: Tape) -> Path:
    """The next part of its day, on disk when this returns. Raises LogError."""
    name = f"{part.about['symbol']}_{part.about['trade_date']}"
    before = [number for number, _ in parts_of(folder).get(name, [])]
    number = max([joined(folder, name), *before]) + 1
    path = folder / f"{name}.{number:06}.part"
    save(path, part)
    return path


def join(folder: Path) -> list[Path]:
    """Make tapes of all parts; the tapes. Raises LogError."""
    made = []
    for name, found in parts_of(folder).items():
        path, known = folder / f"{name}.parquet", joined(folder, name)
        new = [tapes.read(part) for number, part in found if number > known]
        if new:
            old = [tapes.read(path)] if path.exists() else []
            save(path, whole([*old, *new], found[-1][0]))
            made.append(path)
        for _, part in found:
            part.unlink()
    return made


def whole(parts: list[Tape], number: int) -> Tape:
    """In order of time; what has one stamp stays in the order in which it came."""
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in COLUMNS}
    order = np.argsort(columns["at"], kind="stable")
    told = {
        "links": [link for part in parts for link in part.about["links"]],
        "dropped": sum(part.about["dropped"] for part in parts),
        "parts": number,
    }
    return Tape({**parts[0].about, **told}, {name: columns[name][order] for name in COLUMNS})


def parts_of(folder: Path) -> dict[str, list[tuple[int, Path]]]:
    """Symbol and date -> number and file of each part, in order."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(folder.glob("*.part")):
        if named := PART.fullmatch(path.name):
            found.setdefault(named[1], []).append((int(named[2]), path))
    return found


def joined(folder: Path, name: str) -> int:
    """How many parts the tape of that day holds; 0 without one."""
    path = folder / f"{name}.parquet"
    return int(tapes.about(path)["parts"]) if path.exists() else 0


def save(path: Path, tape: Tape) -> None:
    try:
        write_file(path, tapes.packed(tape), Disk())
    except OSError as error:
        raise LogError(f"{path}: cannot be written: {error.strerror or error}") from None
