"""The loop of research/sketch.py: bars in, trades out; ticks and UTC ns, all whole numbers.

A second passes as in research/bar_venue.py: what was asked acts at its open, then the stop and then
the target meet the rest of it, and at its end the strategy decides.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np

from indicators.compiled import compiled
from indicators.crosses import CROSSED, step

SECOND = 1_000_000_000
(FAST, SLOW, STOP_TICKS, TARGET_TICKS, SLIP, THROUGH, AT_CLOSE, COOLDOWN, REACH, TIMEOUT) = range(
    10
)
# What is asked and held: a wish and its stamp, the position, its levels, the last exit, a flatten.
(ASKED, ASKED_AT, SIDE, DECIDED_AT, ENTRY_AT, ENTRY, STOP, TARGET, EXIT_AT, LEAVING_AT, MARK, CLOSE,
 END) = range(13)  # fmt: skip
SIZE, WIDTH = 13, 7
AT_TARGET, AT_STOP, DAY, BARS = range(4)
GONE = 1 << 40  # ticks: no market comes there


@compiled
def enter(s, rules, at, price):
    """At the market; stop and target lie where the fill says."""
    side = s[ASKED]
    price += side * rules[SLIP]
    s[SIDE], s[DECIDED_AT], s[ENTRY_AT], s[ENTRY] = side, s[ASKED_AT], at, price
    s[STOP], s[TARGET] = price - side * rules[STOP_TICKS], price + side * rules[TARGET_TICKS]
    s[ASKED], s[LEAVING_AT], s[MARK] = 0, 0, price


@compiled
def leave(s, out, found, at, price, why):
    """The round trip is over and told."""
    row = out[found]
    row[0], row[1], row[2], row[3] = s[SIDE], s[DECIDED_AT], s[ENTRY_AT], s[ENTRY]
    row[4], row[5], row[6] = at, price, why
    s[SIDE], s[EXIT_AT] = 0, at
    return found + 1


@compiled
def meet(s, rules, out, found, at, low, high, opened):
    """Stop, then target, against the prices from `low` to `high`; at the open it is one price."""
    side = s[SIDE]
    bad, good = (low, high) if side > 0 else (high, low)
    why = AT_TARGET if not s[LEAVING_AT] else DAY
    if side * (bad - s[STOP]) <= 0:
        level = opened if side * (opened - s[STOP]) < 0 else s[STOP]
        return leave(s, out, found, at, level - side * rules[SLIP], AT_STOP)
    if side * (good - s[TARGET]) >= rules[THROUGH]:
        return leave(s, out, found, at, s[TARGET], why)
    return found


@compiled
def flatten(s, rules, out, found, at, price):
    """The day's last step: the target goes through the market; if that does not fill in its time it
    is cancelled, which takes a second of its own where orders act at the next open, and the close
    takes what there is."""
    side = s[SIDE]
    worse = price - side * rules[SLIP]
    if s[LEAVING_AT]:
        if at - s[LEAVING_AT] < rules[TIMEOUT]:
            return found
        if s[TARGET] == side * GONE or rules[AT_CLOSE]:
            return leave(s, out, found, at, worse, DAY)
        s[TARGET] = side * GONE
        return found
    s[LEAVING_AT], s[TARGET] = at, s[MARK] - side * rules[REACH]
    if side * (price - s[TARGET]) < 0:
        return found
    return leave(s, out, found, at, worse if side * (worse - s[TARGET]) > 0 else s[TARGET], DAY)


@compiled
def ticks(price, tick):
    return int(np.rint(price / tick))


@compiled
def second(s, rules, tick, table, i, over, out, found):
    """What one bar does to what is asked and held. `over`: the day's last step has come."""
    start = (int(table[i, 0]) - 1) * SECOND
    opened, high, low = ticks(table[i, 2], tick), ticks(table[i, 3], tick), ticks(table[i, 4], tick)
    if s[SIDE] and over and rules[AT_CLOSE]:
        found = flatten(s, rules, out, found, start, s[CLOSE])
    if s[SIDE]:
        found = meet(s, rules, out, found, start, opened, opened, opened)
    if s[SIDE] and over and not rules[AT_CLOSE]:
        found = flatten(s, rules, out, found, start, opened)
    if s[ASKED]:
        enter(s, rules, start, opened)
    if s[SIDE] and high > low:
        found = meet(s, rules, out, found, start + SECOND - 1, low, high, opened)
    return found


@compiled
def remember(s, tick, table, i):
    """Where the market stood at the end of a bar."""
    s[CLOSE], s[END] = ticks(table[i, 5], tick), int(table[i, 0]) * SECOND
    if s[SIDE] and s[ENTRY_AT] < s[END]:
        s[MARK] = ticks(table[i, 10 if s[SIDE] > 0 else 11], tick)


@compiled
def bounds(s, tick):
    """Half a tick within stop and target: nothing happens to a position between them."""
    low, high = min(s[STOP], s[TARGET]), max(s[STOP], s[TARGET])
    return (low + 0.5) * tick, (high - 0.5) * tick


@compiled
def run(own, s, rules, tick, table, which, clock, out):
    """`clock` (m, 3): of each trade date when it opens, admits no more entries, is flattened;
    `which` (n,): the date of each bar. Returns how many rows of `out` (n + 1, 7) were filled: side,
    decided at, entry at, entry, exit at, exit, what ended it."""
    found, fast, slow = 0, rules[FAST], rules[SLOW]
    bottom, top = bounds(s, tick)
    for i in range(len(table)):
        day, end = which[i], int(table[i, 0]) * SECOND
        over = end - SECOND >= clock[day, 2]
        inside = s[SIDE] and table[i, 4] > bottom and table[i, 3] < top
        if s[ASKED] or (s[SIDE] and (over or not inside)):
            if i:
                remember(s, tick, table, i - 1)
            found = second(s, rules, tick, table, i, over, out, found)
            bottom, top = bounds(s, tick)
        step(own, fast, slow, table[i, 1], table[i, 5])
        if not own[CROSSED] or s[SIDE] or not clock[day, 0] <= end < clock[day, 1]:
            continue
        if s[EXIT_AT] and end - s[EXIT_AT] < rules[COOLDOWN]:
            continue
        s[ASKED], s[ASKED_AT] = int(own[CROSSED]), end
        if rules[AT_CLOSE]:
            enter(s, rules, end, ticks(table[i, 5], tick))
            bottom, top = bounds(s, tick)
    if len(table):
        remember(s, tick, table, len(table) - 1)
    return found


@compiled
def finish(s, rules, out):
    """The word to stop after the last bar: what was asked is filled first, then all is closed."""
    later = 0
    if s[ASKED]:
        enter(s, rules, s[END], s[CLOSE])
        later = SECOND
    if not s[SIDE]:
        return 0
    return leave(s, out, 0, s[END] + later, s[CLOSE] - s[SIDE] * rules[SLIP], BARS)
