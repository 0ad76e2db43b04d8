"""Looking for the next row that matters: the loops of research/skip.py."""

from core.clock import SECOND
from indicators.compiled import compiled
from research.screen import NO, SURE


@compiled
def scan(call, confidence, starts, first, stop, until, surest):  # type: ignore[no-untyped-def]
    """The next row to decide on, and how many wishes before it would have been refused anew."""
    count, last = 0, -1
    for row in range(first, stop):
        if call[row] == NO:
            continue
        if call[row] == SURE and starts[row] + SECOND < until and confidence[row] <= surest:
            count, last = count + 1, row
            continue
        return row, count, last
    return stop, count, last


@compiled
def within(table, call, side, first, stop, held, bounds):  # type: ignore[no-untyped-def]
    """The next row that leaves the corridor, or in which the strategy may want out."""
    low, high, mark_low, mark_high = bounds
    mark = 10 if held > 0 else 11
    for row in range(first, stop):
        wants = call[row] != NO and (call[row] != SURE or side[row] != held)
        if wants or table[row, 4] <= low or table[row, 3] >= high:
            return row
        if not mark_low < table[row, mark] < mark_high:
            return row
    return stop


@compiled
def queries(starts, first, until, asked, wait):  # type: ignore[no-untyped-def]
    """When the last query was, and in which row; -1 if there was none."""
    found = -1
    for row in range(first, until):
        if starts[row] - asked >= wait:
            asked, found = starts[row], row
    return asked, found
