"""A stretch of a table with all that a run over it needs, made by the kernels in one sweep.

The last rows of the stretch before stand in front, so that a run can look back over its edge.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from core.clock import SECOND
from core.messages import Conditions
from core.settings import Settings
from indicators import minutes
from indicators.columns import Sweep, days_of, measured
from indicators.squash import squash
from indicators.state import State, fresh
from research.screen import NO, Screen

Floats = NDArray[np.float64]
TAIL = 512  # rows: longer than any silence in a segment, and than the way back to a query
Screening = Callable[[Floats, Sweep], Screen]
Ahead = tuple[Sweep, Floats, Screen]


class View(Struct, frozen=True):
    first: int  # row of the whole table that is row 0 here
    fresh: int  # rows before this one were in the view before
    table: Floats
    starts: NDArray[np.int64]  # UTC ns
    call: NDArray[np.uint8]
    confidence: Floats
    side: NDArray[np.int8]
    moved: NDArray[np.int64]  # the last row in which the market moved, up to each row
    wide: NDArray[np.int64]  # rows whose spread is not the usual one, and those after them
    minutes: Floats  # as indicators.minutes tells them; ROW is a row of this view
    values: Floats  # of the fresh rows
    ready: NDArray[np.bool_]
    atr: Floats
    own: Floats  # what the strategy has kept after each row; of no width if it keeps nothing

    def __len__(self) -> int:
        return len(self.table)

    def calms(self, row: int, most: float) -> int:
        """Bars that end before this are over before a minute is told with so small a range."""
        told = self.minutes[np.searchsorted(self.minutes[:, minutes.ROW], row) :]
        low = told[:, minutes.ATR_NOW] <= (most + 1e-5) * told[:, minutes.ATR_NORMAL]
        found = np.flatnonzero(low | (told[:, minutes.ATR_NORMAL] == 0))
        last = int(told[found[0] if len(found) else -1, minutes.ROW]) if len(told) else row
        return int(self.starts[last]) + SECOND + 1

    def told(self, number: int) -> Conditions:
        row, atr, normal, volume, volume_normal, low, high = self.minutes[number].tolist()
        at = int(self.table[int(row), 0]) * SECOND
        return Conditions(at, atr, normal, int(volume), volume_normal, low, high)


class Looking:
    """Makes one view after the other; remembers what the kernels do."""

    def __init__(self, settings: Settings, screening: Screening) -> None:
        self.settings, self.screening = settings, screening
        self.tick = float(settings.instrument.tick)
        self.state: State = fresh()
        self.told = minutes.fresh(settings.conditions)
        self.before: View | None = None

    def views(self, tables: Iterable[Floats]) -> Iterator[View]:
        """One after the other; while one is looked at, the kernels and the model do the next."""
        with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
            coming: deque[tuple[Floats, Future[Ahead]]] = deque()
            for table in filter(len, tables):
                swept = first.submit(self.swept, table)
                coming.append((table, second.submit(self.screened, table, swept)))
                if len(coming) > 2:
                    table, ahead = coming.popleft()
                    yield self.joined(table, *ahead.result())
            for table, ahead in coming:
                yield self.joined(table, *ahead.result())

    def swept(self, new: Floats) -> tuple[Sweep, Floats]:
        """What is measured of the next rows, and their minutes: each row goes on from the last."""
        asked = self.settings.signals.strategy == "model"  # the others ask for no features
        swept = measured(new if asked else new[:0], self.tick, self.state)
        if not self.settings.conditions.minutes:
            return swept, np.zeros((0, 7))
        dates, which = days_of(new)
        opens = np.array([day.open // SECOND for day in dates], np.int64)[which]
        return swept, minutes.conditions(new, opens, self.tick, self.told)

    def screened(self, new: Floats, ahead: Future[tuple[Sweep, Floats]]) -> Ahead:
        """What each row can be judged by alone."""
        swept, told = ahead.result()
        squash(swept.values)
        return swept, told, self.screening(new, swept)

    def joined(self, new: Floats, swept: Sweep, told: Floats, screen: Screen) -> View:
        """The view of the next rows, behind the last ones of the view before."""
        was = self.before
        tail = was.table[-TAIL:] if was else new[:0]
        first = was.first + len(was) - len(tail) if was else 0
        table = np.vstack([tail, new]) if was else new
        n = len(tail)
        told[:, minutes.ROW] += n
        own = screen.own if screen.own is not None else np.zeros((len(new), 0))
        own = np.vstack([was.own[-n:], own]) if was and n else own
        self.before = View(
            first, n, table, (table[:, 0].astype(np.int64) - 1) * SECOND,
            np.concatenate([np.full(n, NO, np.uint8), screen.call]),
            np.concatenate([np.zeros(n), screen.confidence]),
            np.concatenate([np.zeros(n, np.int8), screen.side]),
            moved(table), self.wide(table), remembered(was, first, told),
            swept.values, swept.ready, swept.atr, own,
        )  # fmt: skip
        return self.before

    def wide(self, table: Floats) -> NDArray[np.int64]:
        """Without a quote, or with a wider one than the breaker resumes at."""
        limits = self.settings.breakers
        if not limits.spread_pause_ticks:
            return np.zeros(0, np.int64)
        bid, ask = table[:, 10], table[:, 11]
        odd = np.rint((ask - bid) / self.tick) > limits.spread_resume_ticks
        odd[1:] |= odd[:-1].copy()
        return np.flatnonzero(odd)


def remembered(was: View | None, first: int, told: Floats) -> Floats:
    """The minutes of the rows that were in the view before, then the new ones."""
    if was is None:
        return told
    old = was.minutes[was.minutes[:, minutes.ROW] >= first - was.first].copy()
    old[:, minutes.ROW] += was.first - first
    return np.vstack([old, told])


def moved(table: Floats) -> NDArray[np.int64]:
    """A second with a trade, or with another quote than the one before."""
    still = table[:, 9] > 0
    still[1:] &= (table[1:, 10:12] == table[:-1, 10:12]).all(axis=1)
    still[:1] = False
    found: Any = np.maximum.accumulate(np.where(still, 0, np.arange(len(table))))
    return found


def hot(told: Floats, settings: Settings) -> NDArray[np.bool_]:
    """Minutes that the breaker of the range has to hear of, one by one: the wild ones, the known
    one after them, and each before one whose range is not known. Of the others the last will do."""
    limits, now, normal = settings.breakers, told[:, minutes.ATR_NOW], told[:, minutes.ATR_NORMAL]
    known = (now > 0) & (normal > 0)
    edge = min(float(limits.atr_high), float(limits.atr_calm)) - 1e-3
    heard = known & (now >= edge * normal) & bool(limits.atr_high)
    latest: Any = np.maximum.accumulate(np.where(known, np.arange(len(told)), -1))
    after = np.append(True, heard[latest[:-1]] | (latest[:-1] < 0))[: len(told)]
    heard |= after
    heard[:-1] |= known[:-1] & ~known[1:]
    heard[-1:] |= known[-1:]  # what follows stands in the next view
    return heard
