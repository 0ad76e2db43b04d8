"""The run that leaves out what changes nothing: same orders, fills, ledger, end state as `pump`.

Bars come as views (research/view.py). While something is on its way every bar goes through the
stages. Else the next bar that matters is looked up: one that the strategy could act on and that
risk would not refuse for what it has just refused, one that leaves the corridor of the position,
one at which a session turns or a pause ends. Before it the stages catch up: with the last minute's
conditions (each of the wild ones), the last quotes, the best mark and the last one, and every
second since the venue was last asked for its truth.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import numpy as np
from msgspec.structs import replace

from core.clock import SECOND
from core.config import Config
from core.messages import (
    Bar,
    Features,
    Fill,
    Mark,
    Message,
    Pulse,
    Refused,
    SessionOpened,
    StateChanged,
)
from core.sessions import NEVER
from core.settings import Settings
from indicators import minutes
from research import quiet, seconds
from research.corridor import corridor
from research.scans import queries, scan, within
from research.screen import MARGIN, NO
from research.view import Floats, Looking, View, hot

EDGE = 64  # rows before the end of a view that the next one may still look back on


class Recalled:
    """In the place of a stage that was swept over columns: it answers for the row at hand."""

    takes: tuple[type[Message], ...] = (Bar,)

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def on(self, message: Message) -> list[Message]:
        found = self.answer(message)
        return [found] if found is not None else []


class Skipping:
    def __init__(
        self, config: Config, settings: Settings, stages: dict[str, Any], looking: Looking,
        done: Callable[[Floats], None],
    ) -> None:  # fmt: skip
        """`done` is told the rows that are over."""
        self.done = done
        self.settings, self.looking = settings, looking
        swept = {"features": Recalled(self.features), "conditions": Recalled(self.conditions)}
        self.stages = {name: swept.get(name, stage) for name, stage in stages.items()}
        self.turns = seconds.Turns(config, settings)
        self.shut = quiet.Shut()
        self.view: View
        self.row, self.bar = 0, cast(Bar | None, None)  # at hand; the last one that was told
        self.next = 0  # of the whole table, as are the rows below: the first one not yet told
        self.heard = 0  # conditions and odd quotes of the rows before are told
        self.counted, self.asked, self.asked_row = 0, 0, -1  # queries of rows that were left out
        self.refused, self.refused_at, self.rows_told = 0, 0, 0  # wishes that were left out

    def busy(self) -> bool:
        return self.bar is not None and quiet.busy(self.stages, self.bar.at)

    def see(self, message: Message) -> None:
        """What was refused stays so for a while; what changes the account ends that."""
        match message:
            case Refused():
                self.shut = quiet.shut(message, self.stages, self.settings)
                most = quiet.calm(self.stages, message, self.settings)
                if most is not None and self.shut.until:
                    until = max(self.shut.until, self.view.calms(self.row, most))
                    self.shut = replace(self.shut, until=until)
            case Fill() | StateChanged() | SessionOpened():
                self.shut = quiet.Shut()

    def script(self, tables: Iterable[Floats]) -> Iterator[Message]:
        for view in self.looking.views(tables):
            self.view = view
            yield from self.through()
            self.done(view.table[view.fresh :])
        if self.bar is None:
            return
        if self.next < self.view.first + len(self.view):
            yield from self.catch_up(len(self.view))
        last = seconds.bar_of(self.view.table[-1].tolist())
        yield from seconds.ending(last, self.turns)

    def through(self) -> Iterator[Message]:
        view, row = self.view, self.view.fresh
        while row < len(view):
            found = row if self.bar is None or self.busy() else self.following(row)
            if found == len(view):
                break
            yield from self.catch_up(found)
            yield from self.tell(found)
            row = found + 1
        safe = view.first + len(view) - EDGE
        if self.next < safe:
            self.count_queries(len(view) - EDGE)
            yield from self.hear(len(view) - EDGE)

    def tell(self, row: int) -> Iterator[Message]:
        """All of one second, as in a run that leaves out nothing."""
        bar = seconds.bar_of(self.view.table[row].tolist())
        if self.bar is not None:
            yield from seconds.gap(self.bar.at, bar.at - SECOND, self.busy)
        self.row, self.bar = row, bar
        self.recall(row)
        self.rows_told += 1
        yield from seconds.second(bar, self.turns)
        self.next = self.heard = self.counted = self.view.first + row + 1
        self.asked, self.asked_row = self.stages["recovery"].memory.told_at, -1

    def following(self, row: int) -> int:
        """The first row from this one on that could matter."""
        clock = min(quiet.wakes(self.stages, self.settings), self.turns.until)
        if self.stages["risk"].memory.book.position.size:
            return self.holding(row, clock)
        stop = max(row, int(np.searchsorted(self.view.starts, clock)))
        listens = quiet.listens(self.stages, self.settings)
        if listens == NEVER:
            return stop
        view = self.view
        first = max(row, int(np.searchsorted(view.starts, listens - SECOND)))
        found, count, last = scan(
            view.call, view.confidence, view.starts, first, stop, self.shut.until,
            self.shut.confidence - MARGIN,
        )  # fmt: skip
        if count:
            self.refused += count
            self.refused_at = int(view.starts[last]) + SECOND
        return int(found)

    def holding(self, row: int, clock: int) -> int:
        """As `following`, with a position."""
        assert self.bar is not None
        way = corridor(self.stages, self.settings, self.bar.at)
        if way is None:
            return row
        stop = max(row, int(np.searchsorted(self.view.starts, min(clock, way.until))))
        view, bounds = self.view, (way.low, way.high, way.mark_low, way.mark_high)
        return int(within(view.table, view.call, view.side, row, stop, way.side, bounds))

    def catch_up(self, row: int) -> Iterator[Message]:
        """Bring the stages to where they would be before this row."""
        view = self.view
        since = self.next - view.first
        if self.refused:
            self.stages["signals"].passed_over(self.refused, self.refused_at)
            self.refused = 0
        if since >= row:
            return
        self.count_queries(row)
        start = max(self.asked_row - view.first if self.asked_row >= 0 else since, 0)
        yield from self.hear(start)
        self.show_quotes(max(since, 0), start)
        yield from self.show_marks(max(since, 0), start)
        for i in range(start, row):
            self.row, self.bar = i, seconds.bar_of(view.table[i].tolist())
            yield Pulse(int(view.starts[i]))
            if not self.stages["venue"].idle:
                yield seconds.path(self.bar)
            self.stages["risk"].on(self.bar)
            if told := self.conditions(self.bar):
                yield told
        self.next = self.heard = self.counted = view.first + row
        self.asked_row = -1
        self.recall(row)

    def recall(self, row: int) -> None:
        """What the strategy has kept of the rows before this one, told or not."""
        if self.view.own.shape[1] and row:
            self.stages["signals"].memory.own = self.view.own[row - 1].tolist()

    def count_queries(self, until: int) -> None:
        """When the venue would have been asked in the rows that were left out, before this one."""
        view, numbers = self.view, self.settings.recovery
        since = max(self.counted - view.first, 0)
        if since >= until:
            return
        wait = int(numbers.reconcile_s * SECOND)
        self.asked, row = queries(view.starts, since, until, self.asked, wait)
        self.asked_row = view.first + row if row >= 0 else self.asked_row
        self.counted = view.first + until

    def hear(self, until: int) -> Iterator[Message]:
        """The conditions told in rows that were left out, before this one: all that left a mark."""
        view = self.view
        since = max(self.heard - view.first, 0)
        rows = view.minutes[:, minutes.ROW]
        first, last = np.searchsorted(rows, since), np.searchsorted(rows, until)
        wild = hot(view.minutes, self.settings)
        for number in range(int(first), int(last)):
            if wild[number] or number == last - 1:
                yield view.told(number)
        first, last = np.searchsorted(view.wide, (since, until))
        for row in view.wide[first:last]:
            self.stages["risk"].on(seconds.bar_of(view.table[row].tolist()))
        self.heard = max(self.heard, view.first + until)

    def show_quotes(self, since: int, until: int) -> None:
        """When the market last moved, and where it stood."""
        if until <= since:
            return
        moved = int(self.view.moved[until - 1])
        for row in sorted({moved - 1, moved, until - 1}):
            if row >= since:
                self.stages["risk"].on(seconds.bar_of(self.view.table[row].tolist()))

    def show_marks(self, since: int, until: int) -> Iterator[Message]:
        """The best price at which the position could have been closed, and the last one."""
        venue = self.stages["venue"]
        held = venue.exchange.position.size
        if until <= since or not held:
            return
        marks = self.view.table[since:until, 10 if held > 0 else 11]
        best = int(np.argmax(marks) if held > 0 else np.argmin(marks))
        grid = self.settings.instrument
        for row in (best, len(marks) - 1):
            price = float(marks[row])
            if price != venue.mark:
                at = int(self.view.starts[since + row]) + SECOND
                venue.mark = price
                yield Mark(at, grid.price(grid.ticks(price)))

    def features(self, bar: Bar) -> Message | None:
        view, row = self.view, self.row
        if view.call[row] == NO:
            return None
        values = tuple(view.values[row - view.fresh].tolist())
        atr = max(float(view.atr[row - view.fresh]), 1.0)
        return Features(bar.at, values, bar.close, bar.bid, bar.ask, atr)

    def conditions(self, bar: Bar) -> Message | None:
        rows = self.view.minutes[:, minutes.ROW]
        number = int(np.searchsorted(rows, self.row))
        return self.view.told(number) if number < len(rows) and rows[number] == self.row else None
