"""The exchange's hours over columns: which rows lie in a session, and in which trade date.

The one calendar is core/sessions.py. Stamps are int64 UTC ns and mean the START of what they stamp.
Sorted columns cost one search per session, others one per row.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.sessions import days, hours, rolls

Stamps = NDArray[np.int64]
Mask = NDArray[np.bool_]
KINDS = ("all", "globex", "rth", "eth")  # eth: globex less rth


@cache
def edges(kind: str) -> tuple[Stamps, Stamps]:
    """Opens and closes of all sessions of a kind ("globex" or "rth"), in order."""
    found = np.array([hours(day, kind) for day in days()], np.int64)
    found = found[found[:, 1] > 0]
    return found[:, 0].copy(), found[:, 1].copy()


@cache
def roll_stamps() -> Stamps:
    return np.array(rolls(), np.int64)


def in_order(stamps: Stamps) -> bool:
    return bool((stamps[1:] >= stamps[:-1]).all())


def spans(stamps: Stamps, kind: str) -> NDArray[np.intp]:
    """(n, 2): the row ranges [first, last) of sorted stamps that lie in a session, none empty."""
    opens, closes = edges(kind)
    found = np.column_stack((np.searchsorted(stamps, opens), np.searchsorted(stamps, closes)))
    return found[found[:, 1] > found[:, 0]]


def inside(stamps: Stamps, kind: str) -> Mask:
    """Does the stamp lie in a session of that kind?"""
    if kind == "all":
        return np.ones(len(stamps), np.bool_)
    if kind == "eth":
        return inside(stamps, "globex") & ~inside(stamps, "rth")
    if not in_order(stamps):
        opens, closes = edges(kind)
        which = np.searchsorted(opens, stamps, side="right") - 1
        return (which >= 0) & (stamps < closes[which])
    mask = np.zeros(len(stamps), np.bool_)
    for first, last in spans(stamps, kind):
        mask[first:last] = True
    return mask


def date_index(stamps: Stamps) -> NDArray[np.int64]:
    """Of the trade date, in `core.sessions.days()`; closed hours belong to the next one."""
    if not in_order(stamps):
        found = np.searchsorted(roll_stamps(), stamps, side="right")
    else:
        ends = np.searchsorted(stamps, roll_stamps(), side="left")
        found = np.repeat(np.arange(len(ends) + 1), np.diff(ends, prepend=0, append=len(stamps)))
    return np.minimum(found, len(roll_stamps()) - 1).astype(np.int64)


def opens_of(stamps: Stamps, kind: str) -> Stamps:
    """The open of the trade date that each stamp belongs to; of days without RTH, Globex's."""
    table = np.array([[hours(day, kind)[0] or day.open] for day in days()], np.int64)[:, 0]
    return table[date_index(stamps)]
