"""Walk-forward folds by the calendar, and the only way to their rows (quant.md 7.1, 7.2).

Train, then validation, then a quarantine that nobody sees, then the test. All edges are where
trade dates begin (18:00 New York the evening before), so no session lies in two parts. A test
begins where the one before it ended at the earliest: the stitched tests count no day twice.
"""

import logging
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from core.clock import SECOND
from core.errors import UsageError
from core.sessions import NEW_YORK, ROLL, instant
from research import hours as hours_of
from research.bars import in_order, within

DAY, QUARTER = 86_400 * SECOND, 900 * SECOND
LOG = logging.getLogger("tradebot.data")
Span = tuple[int, int]  # half-open, UTC ns


class Months(Struct, frozen=True):
    train: int = 6
    valid: int = 1
    test: int = 1
    roll: int = 1
    quarantine_days: int = 30


class Fold(Struct, frozen=True):
    """Trade dates, each span half-open; train ends where valid begins."""

    number: int
    train_start: date
    train_end: date
    valid_end: date
    test_start: date
    test_end: date

    @property
    def name(self) -> str:
        return f"fold-{self.number:02}"

    @property
    def train(self) -> Span:
        return begins(self.train_start), begins(self.train_end)

    @property
    def valid(self) -> Span:
        return begins(self.train_end), begins(self.valid_end)

    @property
    def test(self) -> Span:
        return begins(self.test_start), begins(self.test_end)

    @property
    def needed(self) -> tuple[Span, Span, Span]:
        """Where it must have a row: also in its first month, or it learns from less than a fold."""
        return (self.train[0], begins(later(self.train_start, 1))), self.valid, self.test


def begins(day: date) -> int:
    """When that trade date begins."""
    return instant(day - timedelta(1), ROLL)


def trade_day(at: int) -> date:
    local = datetime.fromtimestamp(at // SECOND, NEW_YORK)
    return local.date() + timedelta(local.time() >= ROLL)


def later(day: date, months: int) -> date:
    """So many months on, at the latest the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def folds(first: date, last: date, plan: Months) -> list[Fold]:
    """All whose test ends at or before `last`; the first one learns from `first` on."""
    found: list[Fold] = []
    while True:
        start = later(first, plan.roll * len(found))
        train_end = later(start, plan.train)
        valid_end = later(train_end, plan.valid)
        opens = valid_end + timedelta(plan.quarantine_days)
        ends = later(opens, plan.test)
        if ends > last:
            return found
        if begins(opens) - begins(valid_end) < plan.quarantine_days * DAY:
            opens += timedelta(1)  # clocks were put forward in between: an hour was missing
        opens = max(opens, found[-1].test_end) if found else opens
        found.append(Fold(len(found) + 1, start, train_end, valid_end, opens, ends))


class Lesson(Struct, frozen=True):
    """What a model of a fold may see, and for how long after a row its label looks ahead."""

    fold: Fold
    train: pl.DataFrame
    valid: pl.DataFrame


class Loader:
    """Rows by fold. It hands out a test only against the lesson of the same fold, once, and a
    lesson never again after its test was seen: there is no other way to the rows of a fold."""

    def __init__(
        self, rows: pl.LazyFrame, plan: Months, lookahead_s: int, hours: str = "all"
    ) -> None:
        """`rows` as research/bars.py has them; labels look `lookahead_s` ahead. Only rows of those
        hours are handed out."""
        self._rows, self._lookahead, self._hours = rows, lookahead_s * SECOND, hours
        held = hours_with_rows(rows, hours)
        if not len(held):
            raise UsageError("no rows to fold")
        first, last = (trade_day(int(at)) for at in held[[0, -1]])
        made = folds(whole_month(first), last + timedelta(1), plan)
        whole = [fold for fold in made if all(map(held_in(held), fold.needed))]
        self.folds = [replace(fold, number=n) for n, fold in enumerate(whole, 1)]
        if left := len(made) - len(whole):
            LOG.warning("%d folds passed over: no row to begin with, to stop by or to test", left)
        self._quarantine = plan.quarantine_days * DAY
        self._tested: set[int] = set()

    def lesson(self, fold: Fold) -> Lesson:
        """Rows to learn from and to stop by; those whose label would look beyond are left out."""
        if fold.number in self._tested:
            raise UsageError(f"fold {fold.number}: its test was seen: nothing is learned for it")
        train, valid = (self._between(start, end - self._lookahead)
                        for start, end in (fold.train, fold.valid))  # fmt: skip
        return Lesson(fold, train, valid)

    def test(self, lesson: Lesson) -> pl.DataFrame:
        """The rows of the test, for a model that saw this lesson and no other row."""
        fold = lesson.fold
        if fold not in self.folds or fold.number in self._tested:
            raise UsageError(f"fold {fold.number}: not one of this walk, or tested before")
        seen = max(newest(lesson.train), newest(lesson.valid)) + self._lookahead
        if seen > begins(fold.test_start) - self._quarantine:
            raise UsageError(f"fold {fold.number}: learned from rows in its quarantine")
        self._tested.add(fold.number)
        return self._between(*fold.test)

    def _between(self, start: int, end: int) -> pl.DataFrame:
        wanted = pl.col("start").is_between(start, end, closed="left")
        return within(in_order(self._rows.filter(wanted).collect()), self._hours)


def hours_with_rows(rows: pl.LazyFrame, kind: str) -> NDArray[np.int64]:
    """The quarters of an hour, within those hours, that have a row: one with a stamp of another
    century is none of the exchange's."""
    quarters = rows.select((pl.col("start") // QUARTER * QUARTER).unique()).collect()
    found = quarters["start"].drop_nulls().sort().to_numpy()
    return found[hours_of.inside(found, kind)]


def held_in(held: NDArray[np.int64]) -> Callable[[Span], bool]:
    return lambda span: bool(np.diff(np.searchsorted(held, span))[0])


def newest(rows: pl.DataFrame) -> int:
    return int(rows["start"][-1]) if len(rows) else 0


def whole_month(day: date) -> date:
    """The first day of a month that is there from its beginning: markets open on the second."""
    return day.replace(day=1) if day.day <= 4 else later(day.replace(day=1), 1)
