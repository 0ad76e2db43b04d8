"""What is wrong with a file of market data: every blemish named, counted, and shown where it began.

Nothing is repaired. `KINDS` says of each kind what it means and whether it is grave: a grave one
makes the file unfit for learning or backtests as it is.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from msgspec import Struct

from core.errors import UsageError
from research import bars, hours, series, sources, stitch
from research.history import RARE

GRAVE, MILD = True, False
KINDS: dict[str, tuple[bool, str]] = {
    "UNREADABLE": (GRAVE, "the file cannot be read"),
    "STAMP_NULL": (GRAVE, "rows without a time"),
    "STAMP_UNIT": (GRAVE, "times before 1990 or after 2100"),
    "STAMP_BACKWARD": (GRAVE, "rows earlier than the row before"),
    "STAMP_DUPLICATE": (GRAVE, "bars with the time of another"),
    "STAMP_SHARED": (MILD, "events with the time of the event before: their order is the file's"),
    "STAMP_NOT_UTC": (GRAVE, "times fit another clock better than UTC"),
    "STAMP_NO_ZONE": (MILD, "times say no zone: they were taken for UTC"),
    "STAMP_ZONE": (MILD, "times are kept in another zone than UTC: they were converted"),
    "STAMP_AT_END": (MILD, "bars are stamped at their end"),
    "STAMP_JITTER": (MILD, "times a little off their grid: do not join them by equality"),
    "CLOCK_OFF": (GRAVE, "the capturing clock is off"),
    "CLOCK_SLOW": (MILD, "received before it happened, by milliseconds"),
    "NO_EVENT_TIME": (MILD, "the venue's own time is missing: times are the capture's"),
    "UNITS_DIFFER": (MILD, "times in another unit than the files beside it"),
    "STAMP_STALE": (MILD, "rows stamped over an hour before they were received: a snapshot"),
    "GAP": (GRAVE, "longer silence than allowed while the exchange was open"),
    "HALT": (MILD, "the halt from 16:15 to 16:30 New York, daily until 2021-06-28"),
    "MISSING_BARS": (MILD, "steps without a bar, each too short for a gap: no trade, or lost"),
    "MISSING_DATES": (MILD, "trade dates without a row between the first and the last"),
    "CUT_DATE": (MILD, "trade dates of which the file holds a part"),
    "CLOSED_HOURS": (MILD, "rows while the exchange was closed"),
    "SPANS_DIFFER": (MILD, "series that begin or end at other times"),
    "INTERVAL_DIFFERS": (MILD, "series with another interval than most"),
    "INTERVAL_CHANGES": (MILD, "series whose interval changes on the way"),
    "OHLC_BROKEN": (GRAVE, "bars whose range does not hold their prices"),
    "PRICE_NULL": (GRAVE, "rows without a price"),
    "PRICE_NOT_POSITIVE": (GRAVE, "prices of zero or less"),
    "PRICE_OFF_TICK": (GRAVE, "prices off the tick grid of the others"),
    "PRICE_JUMP": (MILD, "prices far from both neighbours"),
    "VOLUME_NULL": (GRAVE, "bars without a volume"),
    "VOLUME_NEGATIVE": (GRAVE, "volumes or sizes below zero"),
    "VOLUME_ZERO": (MILD, "bars or trades of no contract"),
    "VOLUME_EXTREME": (MILD, "volumes far beyond all others"),
    "NO_VOLUME": (MILD, "there is no volume and no size"),
    "SIDE_UNKNOWN": (MILD, "trades without an aggressor"),
    "SIDE_CONSTANT": (MILD, "a side that never changes says nothing"),
    "RARE_VALUE": (MILD, "rows of a kind hardly ever seen"),
    "SCALE_DIFFERS": (MILD, "series in other units, as it seems"),
    "ONE_SIDED": (MILD, "quotes that lack a side"),
    "CROSSED": (GRAVE, "bid above ask"),
    "LOCKED": (MILD, "bid equal to ask"),
    "DEPTH_ZERO": (MILD, "quotes that show no size"),
    "NO_SNAPSHOT": (GRAVE, "a book by changes without a state to begin with"),
    "BEFORE_SNAPSHOT": (MILD, "changes older than the snapshot: drop them by id"),
    "SEQUENCE_GAP": (GRAVE, "changes of the book are missing"),
    "ENDS_EARLY": (MILD, "the file ends before others of the same minutes"),
}
HINTS = ("usdt", "busd", "btc", "eth", "perp", "binance", "coinbase", "bybit", "okx", "kraken")
ZONES = ("America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Tokyo")
MINUTE = np.timedelta64(60, "s")
GAPS_SEEN = 200_000
OUT_OF_HOURS = 0.03  # a larger share of rows while Globex is closed: this market never closes


class Blemish(Struct, frozen=True):
    kind: str
    count: int
    share: float  # of the rows looked at
    series: str  # where it is worst; empty: all
    since: str  # UTC
    until: str
    example: str

    @property
    def grave(self) -> bool:
        return KINDS[self.kind][0]


class View(Struct, frozen=True):
    """A file as the checks see it: sorted by nothing, `series` and `start` in front."""

    path: Path
    frame: pl.DataFrame
    kind: str  # bars, trades, quotes, book, series
    stamps: str
    step_s: float  # of bars; 0 unknown
    open_always: bool
    gap_max_s: float
    zone: str  # of stamps that name none

    def blemish(self, kind: str, mask: pl.Series, example: str = "", all_rows: int = 0) -> Blemish:
        """From the rows it stands on. `example`: the columns to show of the first one."""
        rows = self.frame.filter(mask)
        worst = rows["series"].value_counts(sort=True)["series"][0] if rows.height else ""
        start = rows["start"].drop_nulls()
        shown = {name: rows[name][0] for name in example.split() if name in rows.columns}
        if "start" in shown:
            shown["start"] = when(shown["start"])
        return Blemish(
            kind, rows.height, rows.height / max(all_rows or self.frame.height, 1), worst or "",
            when(start.min()), when(start.max()), ", ".join(f"{k} {v}" for k, v in shown.items()),
        )  # fmt: skip


class Findings(Struct, frozen=True):
    path: str
    kind: str
    rows: int
    series: int
    since: str
    until: str
    step_s: float
    stamps: str
    hours: str  # "Globex" or "always open"
    blemishes: list[Blemish]

    @property
    def grave(self) -> bool:
        return any(blemish.grave for blemish in self.blemishes)


def when(at: object) -> str:
    """A moment as text, to the millisecond; nothing if there is none."""
    return str(np.datetime64(at, "ns"))[:23] + "Z" if isinstance(at, int) else ""


def look(path: Path, zone: str = "UTC", gap_max_s: float = 300.0, market: str = "auto") -> View:
    """Read a file for the checks. `market`: globex, always, or auto: which of them fits."""
    source = bars.opened(path, zone)
    with sources.reading(path):
        frame = source.rows.collect().with_columns(series=series.name_of(source).fill_null(""))
    kind = source.kind or ("quotes" if bid_of(frame.columns) else "series")
    if "action" in frame.columns:  # every event of a book, trades among them
        kind = "quotes"
    if "is_snapshot" in frame.columns or "order_id" in frame.columns:
        kind = "book"
    starts = frame["start"].drop_nulls().to_numpy()
    return View(
        path, frame, kind, source.stamps, step_of(frame) if kind != "trades" else 0.0,
        never_closes(path, source, starts) if market == "auto" else market == "always", gap_max_s,
        zone,
    )  # fmt: skip


def bid_of(names: list[str]) -> tuple[str, str] | None:
    """The columns of the last bid and ask."""
    for pair in (("bid_close", "ask_close"), ("bid_px", "ask_px"), ("bid", "ask")):
        if set(pair) <= set(names):
            return pair
    return None


def step_of(frame: pl.DataFrame) -> float:
    """The shortest distance within a series that is not rare, seconds; 0 of fewer than 3 rows."""
    gaps = (
        frame.select(gap=pl.col("start").sort().diff().over("series")).to_series().drop_nulls()
        if frame["series"].n_unique() > 1 else frame["start"].drop_nulls().sort().diff()
    )  # fmt: skip
    gaps = gaps.filter(gaps > 0).head(GAPS_SEEN)
    if gaps.len() < 3:
        return 0.0
    counts = (gaps / 1e9).round(0 if gaps.median() > 2e9 else 3).value_counts()
    common = counts.filter(pl.col("count") >= RARE * gaps.len())
    return float((common if common.height else counts).to_series().min() or 0.0)


def never_closes(path: Path, source: bars.Source, starts: hours.Stamps) -> bool:
    """Rows out of hours say so, whatever the zone of the stamps; in a short file, its names."""
    names = series.names_of(source)[:50]
    if names and all(map(stitch.contract_in, names)):
        return False
    outside = closed_share(starts) > OUT_OF_HOURS
    if outside and all(closed_share(local(starts, zone)) > OUT_OF_HOURS for zone in ZONES):
        return True
    words = f"{path.name} {path.parent.name} {' '.join(names)}".lower()
    return any(hint in words for hint in HINTS)


def closed_share(starts: hours.Stamps) -> float:
    return float((~hours.inside(starts, "globex")).mean()) if len(starts) else 0.0


def local(starts: hours.Stamps, zone: str) -> hours.Stamps:
    """What the stamps would be if they were of that zone's clock."""
    wall = pl.Series(np.sort(starts)).cast(pl.Datetime("ns"))
    placed = wall.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return np.sort(placed.cast(pl.Int64).drop_nulls().to_numpy())


def find(path: Path, zone: str = "UTC", gap_max_s: float = 300.0, market: str = "auto") -> Findings:
    """Look at one file. What cannot be read is a finding, too."""
    from research import check_time, check_values

    try:
        view = look(path, zone, gap_max_s, market)
    except UsageError as error:
        why = Blemish("UNREADABLE", 1, 1.0, "", "", "", str(error).removeprefix(f"{path}: "))
        return Findings(str(path), "", 0, 0, "", "", 0.0, "", "", [why])
    found = [b for check in (*check_time.CHECKS, *check_values.CHECKS) for b in check(view)]
    start = view.frame["start"].drop_nulls()
    return Findings(
        str(path), view.kind, view.frame.height, view.frame["series"].n_unique(), when(start.min()),
        when(start.max()), view.step_s, view.stamps,
        "always open" if view.open_always else "Globex", found,
    )  # fmt: skip


def beside(found: list[Findings]) -> Iterator[tuple[int, Blemish]]:
    """What only shows beside the other files: one that ends before others that began with it, one
    whose stamps are in another unit. Yields the place of the file and its blemish."""
    for place, one in enumerate(found):
        near = [other for other in found if Path(other.path).parent == Path(one.path).parent]
        units = [other.stamps for other in near if other.stamps.endswith("since 1970")]
        usual = max(sorted(set(units)), key=units.count, default="")
        if one.stamps in units and one.stamps != usual:
            yield place, Blemish("UNITS_DIFFER", 1, 1.0, "", "", "", f"{one.stamps}, not {usual}")
        begun = [other.until for other in near if other.since[:16] == one.since[:16]]
        if one.since and np.datetime64(max(begun)[:19]) - np.datetime64(one.until[:19]) >= MINUTE:
            yield place, Blemish("ENDS_EARLY", 1, 1.0, "", one.until, max(begun), "")
