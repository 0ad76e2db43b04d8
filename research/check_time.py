"""Blemishes of time: order, zone, clock, gaps. Each check takes a View and tells what it found."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from msgspec.structs import replace

from core.clock import SECOND
from core.sessions import days
from research import hours, stamps
from research.blemishes import ZONES, Blemish, View, closed_share, local, when
from research.grid import GAP, silences

OLDEST, NEWEST = 631_152_000 * SECOND, 4_102_444_800 * SECOND  # 1990, 2100
CLOCK_MAX_NS = 50_000_000  # quant.md 1.5: receipt this long before the event
STALE_NS = 3_600 * SECOND
FEW = 100  # rows: less say nothing about a clock
HALT, HALTS_UNTIL = (58_500, 59_400), "2021-06-28"
FIT = 0.01  # share of rows in closed hours by which another clock must fit better
CUT = 0.5  # of a session: less is a part


def steps(view: View) -> pl.Series:
    """From the row before of the same series, in the order of the file, ns; null at the first."""
    if view.frame["series"].n_unique() == 1:
        return view.frame["start"].diff()
    return view.frame.select(pl.col("start").diff().over("series")).to_series()


def order(view: View) -> Iterator[Blemish]:
    start = view.frame["start"]
    unknown = start.is_null()
    if "is_snapshot" in view.frame.columns:  # a book asked for by REST has no time of an event
        unknown &= ~view.frame["is_snapshot"]
    if unknown.any():
        yield view.blemish("STAMP_NULL", unknown)
    odd = ((start < OLDEST) | (start > NEWEST)).fill_null(False)
    if odd.any():
        yield view.blemish("STAMP_UNIT", odd)
    moved = steps(view)
    back = (moved < 0).fill_null(False)
    if back.any():
        far = -float(moved.min() or 0) / 1e9  # type: ignore[arg-type]
        found = view.blemish("STAMP_BACKWARD", back)
        yield replace(found, example=f"by {far:g} s at most")
    same = (moved == 0).fill_null(False)
    if not back.any() and not same.any():
        return
    if (view.kind in ("bars", "quotes") and view.step_s >= 1) or view.kind == "bars":
        again = view.frame.select(pl.struct("series", "start").is_duplicated()).to_series()
        again &= ~view.frame.select(pl.struct("series", "start").is_first_distinct()).to_series()
        if again.any():
            yield view.blemish("STAMP_DUPLICATE", again)
    elif same.any():
        yield view.blemish("STAMP_SHARED", same)


def zone(view: View) -> Iterator[Blemish]:
    if view.stamps.startswith(stamps.NO_ZONE):
        yield view.blemish("STAMP_NO_ZONE", view.frame["start"].is_not_null())
    elif view.stamps.startswith("time in ") and not view.stamps.endswith("UTC"):
        yield Blemish("STAMP_ZONE", view.frame.height, 1.0, "", "", "", view.stamps)
    if view.open_always:
        return
    start = view.frame["start"].drop_nulls().sort().to_numpy()
    outside = closed_share(start)
    if outside < FIT:
        return
    for name in ZONES:
        share = closed_share(local(start, name))
        if share < outside / 4:
            why = f"as {name} {share:.1%} lie in closed hours, as UTC {outside:.1%}"
            yield Blemish("STAMP_NOT_UTC", len(start), 1.0, "", "", "", why)
            return


def clock(view: View) -> Iterator[Blemish]:
    """Between the exchange's stamp and the capture's; snapshots keep old stamps of the exchange."""
    names = view.frame.columns
    received = next((name for name in ("ts_recv", "ts_local") if name in names), None)
    if "ts_event" in names and view.frame["ts_event"].is_null().all():
        yield view.blemish("NO_EVENT_TIME", view.frame["start"].is_not_null())
        return
    if received is None:
        return
    known = view.frame[received].drop_nulls()
    if not len(known):
        return
    usual = known.sort()[len(known) // 2] if known.dtype.is_numeric() else known[0]
    at = stamps.to_utc(pl.col(received), known.dtype, usual, view.zone)
    delay = view.frame.select(at - pl.col("start")).to_series()
    middle = float(delay.median() or 0)  # type: ignore[arg-type]
    if middle < 0 and delay.len() > FEW:
        kind = "CLOCK_OFF" if middle < -CLOCK_MAX_NS else "CLOCK_SLOW"
        found = view.blemish(kind, (delay < 0).fill_null(False))
        yield replace(found, example=f"by {-middle / 1e9:.3f} s in the middle")
    stale = (delay > STALE_NS).fill_null(False)
    if stale.any():
        oldest = f"{float(delay.max()) / 3.6e12:.1f} h at most"  # type: ignore[arg-type]
        yield replace(view.blemish("STAMP_STALE", stale), example=oldest)


def gaps(view: View) -> Iterator[Blemish]:
    """Silence in trading hours: of all series together where the exchange closes, else of each."""
    if view.kind == "book" or (view.kind == "series" and view.step_s < 60):
        return
    frame = view.frame.drop_nulls("start")
    parts = {"": frame} if not view.open_always else {
        str(name): part for (name,), part in frame.group_by("series", maintain_order=True)
    }  # fmt: skip
    found: list[tuple[int, int, str]] = []
    missing: dict[str, int] = {}
    for name, part in parts.items():
        start = part["start"].unique().sort().to_numpy()
        step = max(view.step_s, 1.0)
        if view.kind == "series" and len(start) > 2:
            step = float(np.median(np.diff(start))) / 1e9
        limit = max(0.0 if view.kind == "series" else view.gap_max_s, 1.5 * step)
        found += [(*hole, name) for hole in holes(start, step, limit, view.open_always)]
        missing[name] = short_holes(start, step, limit)
    halts = [hole for hole in found if is_halt(*hole[:2])]
    for kind, rows in (("HALT", halts), ("GAP", [hole for hole in found if hole not in halts])):
        if rows:
            yield told(kind, rows, view.frame.height)
    total = sum(missing.values())
    if total and view.step_s >= 60 and view.kind != "trades":
        worst = max(missing, key=lambda name: missing[name])
        yield Blemish("MISSING_BARS", total, total / view.frame.height, worst, "", "", "")


def holes(
    start: hours.Stamps, step: float, limit: float, open_always: bool
) -> Iterator[tuple[int, int]]:
    """Each stretch of over `limit` seconds without a row; whole trade dates are told elsewhere."""
    if open_always:
        for i in np.flatnonzero(np.diff(start) > (limit + step) * SECOND - 1):
            yield int(start[i] + step * SECOND), int(start[i + 1])
        return
    for since, until, why in silences(start, int(step), int(limit)).iter_rows():
        day = days()[int(hours.date_index(np.array([since]))[0])]
        if why == GAP and not (since <= day.open and until >= day.close):
            yield since, until


def is_halt(since: int, until: int) -> bool:
    """Within 16:15 to 16:30 New York, while that halt was."""
    day = days()[int(hours.date_index(np.array([since]))[0])]
    second = (since // SECOND + day.offset_s) % 86_400
    return (
        day.date <= HALTS_UNTIL and HALT[0] <= second
        and second + (until - since) // SECOND <= HALT[1]
    )  # fmt: skip


def told(kind: str, rows: list[tuple[int, int, str]], height: int) -> Blemish:
    names = [name for *_, name in rows]
    longest = max(rows, key=lambda row: row[1] - row[0])
    spell = f"longest {(longest[1] - longest[0]) / 3.6e12:.2f} h from {when(longest[0])}"
    first, last = min(row[0] for row in rows), max(row[1] for row in rows)
    worst = max(sorted(set(names)), key=names.count)
    share = len(rows) / max(height, 1)
    return Blemish(kind, len(rows), share, worst, when(first), when(last), spell)


def short_holes(start: hours.Stamps, step: float, limit: float) -> int:
    """Steps left out, in holes too short for a gap."""
    holes = np.diff(start) / SECOND / step
    return int((np.rint(holes[(holes > 1.5) & (holes * step <= limit + step)]) - 1).sum())


def dates(view: View) -> Iterator[Blemish]:
    """Trade dates that are missing, and those that are there in part."""
    start = view.frame["start"].drop_nulls().sort().to_numpy()
    if view.open_always or not len(start):
        return
    outside = ~hours.inside(start, "globex")
    if outside.any():
        at = view.frame["start"]
        mask = pl.Series(~hours.inside(at.fill_null(0).to_numpy(), "globex")) & at.is_not_null()
        yield view.blemish("CLOSED_HOURS", mask)
    there = np.unique(hours.date_index(start))
    missing = int(there[-1] - there[0] + 1 - len(there))
    if missing:
        yield Blemish("MISSING_DATES", missing, missing / (missing + len(there)), "", "", "", "")
    cut = [days()[i].date for i in there if held(start, int(i)) < CUT]
    if cut:
        yield Blemish("CUT_DATE", len(cut), len(cut) / len(there), "", cut[0], cut[-1], "")


def held(start: hours.Stamps, number: int) -> float:
    """How much of a trade date lies between its first and its last row."""
    day = days()[number]
    first, last = np.searchsorted(start, day.open), np.searchsorted(start, day.close) - 1
    return float(start[last] - start[first]) / (day.close - day.open) if last > first else 0.0


def label(view: View) -> Iterator[Blemish]:
    from research.history import ends_labelled

    if view.kind != "bars" or view.open_always or view.step_s < 60:
        return
    start = view.frame["start"].drop_nulls().unique().sort().to_numpy()
    if ends_labelled(start):
        yield view.blemish("STAMP_AT_END", view.frame["start"].is_not_null())


def jitter(view: View) -> Iterator[Blemish]:
    """Of series with steps of a minute and more: stamps beside the round ones."""
    if view.step_s < 60 or view.kind == "trades":
        return
    beside = (view.frame["start"] % (60 * SECOND) != 0).fill_null(False)
    if beside.any():
        yield view.blemish("STAMP_JITTER", beside, "start")


def intervals(view: View) -> Iterator[Blemish]:
    """Series that differ: where they begin and end, and how far their rows stand apart."""
    frame = view.frame.drop_nulls("start")
    if view.kind in ("trades", "book") or frame["series"].n_unique() < 2:
        return
    table = frame.group_by("series").agg(
        first=pl.col("start").min(), last=pl.col("start").max(),
        usual=pl.col("start").sort().diff().median(),
        low=pl.col("start").sort().diff().quantile(0.05),
        high=pl.col("start").sort().diff().quantile(0.95), rows=pl.len(),
    ).filter(pl.col("rows") > 2)  # fmt: skip
    if not table.height:
        return
    spread = max(table[name].max() - table[name].min() for name in ("first", "last"))  # type: ignore[operator]
    if spread > 0 and view.open_always:
        far = f"by up to {spread / 8.64e13:.2f} days"
        yield Blemish("SPANS_DIFFER", table.height, 1.0, "", "", "", far)
    if view.kind != "series" or view.step_s < 60:
        return
    hours_of = (table["usual"] / 3.6e12).round(1)
    other = table.filter(hours_of != hours_of.mode().sort()[0])
    if other.height:
        names = ", ".join(other.sort("series")["series"].to_list()[:6])
        share = other.height / table.height
        yield Blemish("INTERVAL_DIFFERS", other.height, share, "", "", "", names)
    turned = table.filter(pl.col("high") > 1.5 * pl.col("low"))
    if turned.height:
        names = ", ".join(turned.sort("series")["series"].to_list()[:6])
        share = turned.height / table.height
        yield Blemish("INTERVAL_CHANGES", turned.height, share, "", "", "", names)


CHECKS = (order, zone, clock, gaps, dates, label, jitter, intervals)
