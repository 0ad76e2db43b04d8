"""The tapes in data/: made once, from recorded market data, by `python -m research.tapes FROM TO`.

Nothing is repaired. Kept are what the exchange stamped, in its order, prices as whole ticks and
stamps cut to 100 ns. Gold came without quotes: those of its tapes are derived by the tick rule and
the tape says so.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import UsageError
from storage.tape import COLUMNS, QUOTE, TRADE, Tape, write

DAY_NS = 86_400 * 10**9
DERIVED_SIZE = 1  # contracts shown by a derived quote: enough to fill one, no more is known
SIDES = {"B": 1, "A": -1, "N": 0}  # N: the auction print, which nobody aggressed
GOLD = {
    "symbol": "MGC", "source_symbol": "GC 201312", "tick": "0.10", "quotes": "derived",
    "derived_size": DERIVED_SIZE, "licence": "Apache-2.0",
    "source": "QuantConnect/Lean @ 24863901deffa9ec7985e21ef8fbdb0258efb9e4",
}  # fmt: skip
ES = {
    "symbol": "MES", "source_symbol": "ESH4", "tick": "0.25", "quotes": "recorded",
    "licence": "LGPL-3.0", "trade_date": "2023-12-26",
    "source": "nautechsystems/nautilus_trader @ a95c8042b00133829d252ae8cf68f78fc176a973",
}  # fmt: skip
BTC = {
    "symbol": "BTC", "source_symbol": "BTCUSDT", "tick": "0.01", "quotes": "recorded",
    "licence": "MIT", "trade_date": "2024-08-09", "lot": "0.00001",
    "source": "nkaz001/hftbacktest @ 5f3ec40b2afb764e0fea112f941ed85523ef4e88",
}  # fmt: skip
BTC_CUT = ("2024-08-08T23:58", "2024-08-09T00:02")  # by the capturing clock
ES_REOPEN = 1_703_545_200 * 10**9  # 2023-12-25 23:00 UTC; before it the auction book is crossed
Rows = dict[str, np.ndarray]


def ticks(prices: np.ndarray, tick: str) -> np.ndarray:
    """Prices in whole ticks, or sizes in lots. Raises UsageError when one lies off the grid."""
    exact = prices / float(tick)
    whole = np.rint(exact)
    if np.abs(exact - whole).max() > 1e-6:
        raise UsageError(f"a price is off the grid of {tick}")
    return whole.astype(np.int32)


def rows(count: int, kind: int, **columns: Any) -> Rows:
    """Tape rows of one kind; what is not given is 0."""
    given = {"kind": kind, **columns}
    return {
        name: np.broadcast_to(given.get(name, 0), count).astype(arrow.to_pandas_dtype())
        for name, arrow in COLUMNS.items()
    }


def merge(first: Rows, second: Rows, about: dict[str, Any]) -> Tape:
    """One tape in order of time; at equal stamps `first` comes before `second`."""
    columns = {name: np.concatenate([first[name], second[name]]) for name in COLUMNS}
    order = np.argsort(columns["at"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    columns["at"] -= columns["at"] % 100
    return Tape(about, columns)


def es(folder: Path) -> Tape:
    """The hour after the Christmas reopen, at the exchange's stamps; trades before quotes."""
    trades = read(folder / "cme_es_l3/derived_esh4_trades_20231225.parquet")
    quotes = read(folder / "cme_es_l3/derived_esh4_bbo_20231225.parquet")
    after = stamps(quotes["ts_event"]) >= ES_REOPEN
    quotes = quotes.filter(pa.array(after))
    prints = rows(
        len(trades), TRADE, at=stamps(trades["ts_event"]),
        price=ticks(trades["price"].to_numpy(), ES["tick"]), size=trades["size"].to_numpy(),
        side=[SIDES[side] for side in trades["aggressor"].to_pylist()],
    )  # fmt: skip
    books = rows(
        len(quotes), QUOTE, at=stamps(quotes["ts_event"]),
        bid=ticks(quotes["bid_px"].to_numpy(), ES["tick"]), bid_size=quotes["bid_sz"].to_numpy(),
        ask=ticks(quotes["ask_px"].to_numpy(), ES["tick"]), ask_size=quotes["ask_sz"].to_numpy(),
    )  # fmt: skip
    return merge(prints, books, ES)


def coin(folder: Path) -> Tape:
    """Four minutes of Binance's spot market over midnight UTC, in the order in which they came.

    Sizes are lots. The best prices carry no stamp of the exchange's, so all are the capturer's."""
    parts = []
    for name in ("trades", "bbo"):
        table = read(folder / f"binance_l2/spot_btcusdt_20240808_09_{name}.parquet")
        at = stamps(table["ts_local"])
        since, until = (np.datetime64(text, "ns").astype(np.int64) for text in BTC_CUT)
        parts.append(table.filter(pa.array((at >= since) & (at < until))))
    trades, books = parts
    lot, tick = BTC["lot"], BTC["tick"]
    prints = rows(
        len(trades), TRADE, at=stamps(trades["ts_local"]),
        price=ticks(trades["price"].to_numpy(), tick), side=trades["aggressor"].to_numpy(),
        size=ticks(trades["qty"].to_numpy(), lot),
    )  # fmt: skip
    quotes = rows(
        len(books), QUOTE, at=stamps(books["ts_local"]),
        **{side: ticks(books[f"{side}_px"].to_numpy(), tick) for side in ("bid", "ask")},
        **{f"{side}_size": ticks(books[f"{side}_qty"].to_numpy(), lot) for side in ("bid", "ask")},
    )  # fmt: skip
    came = np.concatenate([trades["msg"].to_numpy(), books["msg"].to_numpy()])
    order = np.argsort(came, kind="stable")
    columns = {name: np.concatenate([prints[name], quotes[name]])[order] for name in COLUMNS}
    columns["at"] -= columns["at"] % 100
    return Tape(BTC, columns)


def gold(folder: Path, day: str) -> Tape:
    """One UTC day of the front contract, with quotes by the tick rule."""
    table = read(folder / "comex_gc_ticks/gc_trades_20131007_08.parquet")
    start = int(np.datetime64(day, "ns").astype(np.int64))
    at = stamps(table["ts"])
    front = pc.equal(table["contract"], "201312").to_numpy(zero_copy_only=False)
    size = table["size"].to_numpy()
    keep = front & (size > 0) & (at >= start) & (at < start + DAY_NS)
    price = ticks(table["price"].to_numpy()[keep], GOLD["tick"])
    at, size, side = at[keep], size[keep], tick_rule(price)
    # A buy paid the ask, a sale got the bid; the other side is taken to stand one tick away.
    bid, ask = price - (side > 0), price + (side < 0)
    changed = np.diff(np.where(side == 0, 0, bid), prepend=0) != 0
    prints = rows(len(at), TRADE, at=at, price=price, size=size, side=side)
    books = rows(
        int(changed.sum()), QUOTE, at=at[changed], bid=bid[changed], ask=ask[changed],
        bid_size=DERIVED_SIZE, ask_size=DERIVED_SIZE,
    )  # fmt: skip
    return interleave(books, prints, np.flatnonzero(changed), {**GOLD, "trade_date": day})


def tick_rule(price: np.ndarray) -> np.ndarray:
    """+1 after a rise, -1 after a fall, else as the trade before; 0 until the price has moved."""
    moves = np.sign(np.diff(price, prepend=price[:1]))
    last = np.maximum.accumulate(np.where(moves != 0, np.arange(len(price)), 0))
    return moves[last]


def interleave(books: Rows, prints: Rows, before: np.ndarray, about: dict[str, Any]) -> Tape:
    """Put each quote just before the trade (by row) that showed it."""
    columns = {
        name: np.insert(prints[name], before, books[name]).astype(prints[name].dtype)
        for name in COLUMNS
    }
    return Tape(about, columns)


def read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except OSError as error:
        raise UsageError(f"{path}: not readable: {error}") from None


def stamps(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.int64()).to_numpy()


def build(source: Path, out: Path) -> list[Path]:
    """Make all tapes."""
    made = {
        "es_20231225.parquet": es(source),
        "btc_20240808.parquet": coin(source),
        "gc_20131007.parquet": gold(source, "2013-10-07"),
        "gc_20131008.parquet": gold(source, "2013-10-08"),
    }
    for name, tape in made.items():
        write(out / name, tape)
    return [out / name for name in made]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m research.tapes SOURCE_DIR OUT_DIR")
    for path in build(Path(sys.argv[1]), Path(sys.argv[2])):
        print(path)
