"""Fetch bars into an archive: what is missing, again what has gaps, as often as the service asks.

Stopped at any moment it goes on where it was: each span is on disk before the next is asked for.
"""

import random
import time
from collections.abc import Callable

import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.errors import UsageError
from research.archive import Archive, Span, without
from research.services import Busy, Service


class Patience(Struct, frozen=True):
    tries: int = 6
    first_s: float = 1.0  # before the second try; doubled each time, with full jitter
    most_s: float = 60.0


USUAL = Patience()


class Fetched(Struct):
    asked: int = 0  # requests
    bars: int = 0  # new ones
    known: int = 0  # spans that were there already
    gaps: int = 0  # in trading hours, before they were asked for again
    filled: int = 0  # of those, now none
    left: int = 0


def fetch(
    service: Service, archive: Archive, span: Span, gap_max_s: int = 300, backfill: bool = True,
    patience: Patience = USUAL, seen: Callable[[int], None] = lambda done: None,
) -> Fetched:  # fmt: skip
    """All of [since, until). `seen`: nanoseconds done. Raises UsageError when it is no use."""
    told, step = Fetched(), service.step_s * SECOND
    span = (span[0] // step * step, span[1] // step * step)  # not the bar that is still forming
    missing = archive.missing(span)
    told.known = len(without(span, missing))
    done = span[1] - span[0] - sum(until - since for since, until in missing)
    seen(done)
    for since, until in pieces(missing, service.span_s * SECOND):
        told.bars += archive.add((since, until), ask(service, since, until, patience))
        told.asked += 1
        done += until - since
        seen(done)
    holes = archive.holes(span, gap_max_s, service.open_always)
    told.gaps = len(holes)
    for hole in holes if backfill else []:
        new = 0
        for since, until in pieces([hole], service.span_s * SECOND):
            new += archive.add((since, until), ask(service, since, until, patience))
            told.asked += 1
        told.bars += new
        left = archive.holes(hole_and_edges(hole, step), gap_max_s, service.open_always)
        told.filled += not left
        for rest in left:
            archive.nothing_in(rest)
    told.left = told.gaps - told.filled
    return told


def hole_and_edges(hole: Span, step: int) -> Span:
    """With the bars on both sides of it, between which the gap is seen."""
    return hole[0] - step, hole[1] + step


def pieces(spans: list[Span], most: int) -> list[Span]:
    """Cut where the service wants it, on whole multiples, so that a later run asks the same."""
    out = []
    for since, until in spans:
        while since < until:
            end = min(until, (since // most + 1) * most)
            out.append((since, end))
            since = end
    return out


def ask(service: Service, since: int, until: int, patience: Patience) -> pl.DataFrame:
    wait_s = patience.first_s
    for left in range(patience.tries - 1, -1, -1):
        try:
            return service.bars(since, until)
        except Busy as error:
            if not left:
                raise UsageError(f"{error}: given up after {patience.tries} tries") from None
        time.sleep(random.uniform(0, wait_s))
        wait_s = min(2 * wait_s, patience.most_s)
    raise AssertionError("unreachable")
