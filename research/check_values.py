"""Blemishes of prices, sizes, sides and books. Each check takes a View and tells what it found."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from research import bars, blemishes
from research.blemishes import Blemish, View
from research.history import OFF, TICKS

ON_TICK = 0.99  # of all prices: then there is a grid
JUMP = 40  # times the usual step, away from the row before and back again
EXTREME = 20  # times the volume that one row in a thousand exceeds
RARE_SHARE = 0.001
UNITS = 10_000  # between the medians of two series: more is another unit
NUMBERS = ("volume", "size", "size_usd", "total_usd", "oi_usd")
NOT_SIDES = ("n", "0", "")


def numbers(column: str) -> pl.Expr:
    """Of a column of any type; what is not a finite number is none."""
    found = pl.col(column).cast(pl.Float64, strict=False)
    return pl.when(found.is_finite()).then(found)


def broken(view: View) -> Iterator[Blemish]:
    names = view.frame.columns
    for low, high, inner in (
        ("low", "high", ("open", "close")), ("bid_low", "bid_high", ("bid_open", "bid_close")),
        ("ask_low", "ask_high", ("ask_open", "ask_close")),
    ):  # fmt: skip
        if not {low, high, *inner} <= set(names):
            continue
        wrong = pl.any_horizontal(
            *(numbers(low) > numbers(name) for name in (*inner, high)),
            *(numbers(high) < numbers(name) for name in inner),
        )
        mask = view.frame.select(wrong.fill_null(False)).to_series()
        if mask.any():
            yield view.blemish("OHLC_BROKEN", mask, f"start {inner[0]} {high} {low} {inner[1]}")


def prices(view: View) -> list[str]:
    return [name for name in (*bars.PRICES, "price") if name in view.frame.columns]


def empty(view: View) -> Iterator[Blemish]:
    for kind, test in (
        ("PRICE_NULL", lambda name: numbers(name).is_null()),
        ("PRICE_NOT_POSITIVE", lambda name: (numbers(name) <= 0).fill_null(False)),
    ):
        if not (names := prices(view)) or view.kind == "book":
            continue
        mask = view.frame.select(pl.any_horizontal(*(test(name) for name in names))).to_series()
        if mask.any():
            yield view.blemish(kind, mask, "start " + " ".join(names))


def grid(view: View) -> Iterator[Blemish]:
    """The coarsest step that nearly all prices of a series are whole numbers of."""
    names = prices(view)
    if not names or view.kind == "book" or view.open_always:  # coins change theirs
        return
    column = view.frame.select(numbers(names[-1]).alias("price"), "series")
    for (series,), part in column.group_by("series", maintain_order=True):
        values = part["price"].drop_nulls().drop_nans().to_numpy()
        for tick in TICKS:
            off = np.abs(values / tick - np.rint(values / tick)) > OFF
            share = off.mean() if len(off) else 1.0
            if share > 1 - ON_TICK:
                continue
            if off.any():
                whole = column["price"].fill_null(0.0).fill_nan(0.0).to_numpy() / tick
                wrong = pl.Series(np.abs(whole - np.rint(whole)) > OFF)
                mask = wrong & (column["series"] == series)
                yield view.blemish("PRICE_OFF_TICK", mask, f"start {names[-1]}")
            break


def jumps(view: View) -> Iterator[Blemish]:
    names = prices(view)
    if not names or view.kind not in ("bars", "trades"):
        return
    price = numbers(names[-1])
    table = view.frame.select(
        before=price.diff().over("series"), after=price.diff().shift(-1).over("series"),
        usual=price.diff().abs().mean().over("series"),
    )  # fmt: skip
    least = pl.min_horizontal(pl.col("before").abs(), pl.col("after").abs())
    away_and_back = (pl.col("before") * pl.col("after") < 0) & (least > JUMP * pl.col("usual"))
    mask = table.select(away_and_back.fill_null(False)).to_series()
    if mask.any():
        yield view.blemish("PRICE_JUMP", mask, f"start {names[-1]}")


def volumes(view: View) -> Iterator[Blemish]:
    found = [name for name in ("volume", "size") if name in view.frame.columns]
    if not found and view.kind in ("bars", "trades"):
        yield view.blemish("NO_VOLUME", view.frame["start"].is_not_null())
    if not found or view.kind not in ("bars", "trades"):
        return
    volume = view.frame.select(numbers(found[0])).to_series()
    masks = {
        "VOLUME_NULL": volume.is_null(),
        "VOLUME_NEGATIVE": (volume < 0).fill_null(False),
        "VOLUME_ZERO": (volume == 0).fill_null(False),
    }
    table = view.frame.select("series", volume=numbers(found[0]))
    most = table.group_by("series").agg(most=pl.col("volume").quantile(0.999))
    limit = table.join(most, on="series", how="left", maintain_order="left")["most"] * EXTREME
    masks["VOLUME_EXTREME"] = ((volume > limit) & (limit > 0)).fill_null(False)
    for kind, mask in masks.items():
        if mask.any():
            yield view.blemish(kind, mask, f"start {found[0]}")


def quotes(view: View) -> Iterator[Blemish]:
    pair = blemishes.bid_of(view.frame.columns)
    if not pair:
        return
    bid, ask = (view.frame.select(numbers(name).fill_nan(None)).to_series() for name in pair)
    masks = {
        "ONE_SIDED": bid.is_null() | ask.is_null(),
        "CROSSED": (bid > ask).fill_null(False), "LOCKED": (bid == ask).fill_null(False),
    }  # fmt: skip
    sizes = [n for n in ("bid_size", "ask_size", "bid_sz", "ask_sz") if n in view.frame.columns]
    if sizes:
        masks["DEPTH_ZERO"] = view.frame.select(
            pl.any_horizontal(*(numbers(name) == 0 for name in sizes)).fill_null(False)
        ).to_series()
    for kind, mask in masks.items():
        if mask.any():
            yield view.blemish(kind, mask, f"start {pair[0]} {pair[1]}")


def words(view: View) -> Iterator[Blemish]:
    """Sides that tell nothing, and kinds of rows that are hardly ever seen."""
    frame = view.frame
    side = "side" if "side" in frame.columns else ""
    if side and view.kind != "book":
        text = frame[side].cast(pl.String).str.to_lowercase()
        unknown = text.is_in(NOT_SIDES).fill_null(True)
        if unknown.any() and not unknown.all():
            yield view.blemish("SIDE_UNKNOWN", unknown, f"start {side}")
        venue = pl.col("venue") if "venue" in frame.columns else pl.lit("")
        for (part,), rows in frame.group_by(venue):
            if rows[side].n_unique() == 1 and rows.height > 20:
                shown = f"{part}: always {rows[side][0]}".removeprefix(": ")
                yield Blemish(
                    "SIDE_CONSTANT", rows.height, rows.height / frame.height, "", "", "", shown
                )
    for name in frame.columns:
        kind = frame.schema[name]
        if name in (*bars.PLACES, *bars.NAMES, bars.NUMBER, "series") or kind not in (
            pl.String,
            pl.Boolean,
        ):
            continue
        counts = frame[name].drop_nulls().value_counts(sort=True)
        if counts.height > 20 or counts.height < 2 or view.kind in ("book", "series"):
            continue
        rare = counts.filter(pl.col("count") < max(RARE_SHARE * frame.height, 2))[name]
        if rare.len() and name != side:
            yield view.blemish(
                "RARE_VALUE", frame[name].is_in(rare.implode()).fill_null(False), f"start {name}"
            )


def scales(view: View) -> Iterator[Blemish]:
    """Amounts of money whose medians no market explains: the unit of a series is another one."""
    name = next((n for n in NUMBERS[2:] if n in view.frame.columns), None)
    if name is None:
        return
    table = view.frame.group_by("series").agg(pl.col(name).median().alias("usual"), rows=pl.len())
    table = table.filter((pl.col("rows") > 20) & (pl.col("usual") > 0)).sort("usual")
    if table.height > 1 and table["usual"][-1] > UNITS * table["usual"][0]:
        least, most = (f"{series} {usual:g}" for series, usual, _ in (table.row(0), table.row(-1)))
        shown = f"{name}: {most}, {least}"
        yield Blemish("SCALE_DIFFERS", table.height, 1.0, table["series"][-1], "", "", shown)


def book(view: View) -> Iterator[Blemish]:
    """A book by changes needs a state to begin with, and every change after it."""
    frame = view.frame
    if "is_snapshot" not in frame.columns:
        return
    snapshot = frame.filter(pl.col("is_snapshot"))
    if not snapshot.height:
        yield view.blemish("NO_SNAPSHOT", frame["start"].is_not_null())
    elif "last_id" in frame.columns:
        old = ~frame["is_snapshot"] & (frame["last_id"] <= snapshot["last_id"].max())
        if old.any():
            yield view.blemish("BEFORE_SNAPSHOT", old)
    if {"msg", "first_id", "last_id"} <= set(frame.columns):
        changes = (
            frame.filter(~pl.col("is_snapshot")).unique("msg", maintain_order=True).sort("msg")
        )
        before = changes["last_id"].shift(1)
        linked = changes["prev_last_id"] if "prev_last_id" in frame.columns else None
        if linked is not None and (linked > 0).any():
            lost = (linked != before).fill_null(False)
        else:
            lost = (changes["first_id"] != before + 1).fill_null(False)
        if lost.any():
            found = changes.filter(lost)
            yield Blemish(
                "SEQUENCE_GAP", found.height, found.height / changes.height, "",
                blemishes.when(found["start"].min()), blemishes.when(found["start"].max()), "",
            )  # fmt: skip


CHECKS = (broken, empty, grid, jumps, volumes, quotes, words, scales, book)
