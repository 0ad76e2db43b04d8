"""Market data <-> parquet: one row per trade or quote, prices in whole ticks, stamps of 100 ns.

Columns: `at` int64 (UTC ns), `kind` int8 (0 trade, 1 quote), `price` int32 (trade, ticks), `size`
int32, `side` int8 (aggressor +1, -1, 0), `bid`, `ask` int32 (quote, ticks), `bid_size`, `ask_size`
int32. The schema's metadata holds JSON under `tradebot`: symbol, tick, source, licence, quotes
("recorded" or "derived"), trade_date.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from core.errors import UsageError
from core.instruments import INSTRUMENTS, Instrument
from core.messages import Quote, Trade

COLUMNS = {
    "at": pa.int64(), "kind": pa.int8(), "price": pa.int32(), "size": pa.int32(),
    "side": pa.int8(), "bid": pa.int32(), "ask": pa.int32(), "bid_size": pa.int32(),
    "ask_size": pa.int32(),
}  # fmt: skip
TRADE, QUOTE = 0, 1


class Tape(Struct, frozen=True):
    """A tape in memory: numpy columns of equal length, sorted by `at`."""

    about: dict[str, Any]
    columns: dict[str, np.ndarray]

    @property
    def tick(self) -> float:
        return float(self.about["tick"])

    @property
    def start(self) -> int:
        return int(self.columns["at"][0])

    def __len__(self) -> int:
        return len(self.columns["at"])

    def events(self) -> Iterator[Trade | Quote]:
        """The messages as the gateway would bring them, without delay."""
        tick, rows = self.tick, zip(*(self.columns[name].tolist() for name in COLUMNS), strict=True)
        for at, kind, price, size, side, bid, ask, bid_size, ask_size in rows:
            if kind == TRADE:
                yield Trade(at, round(price * tick, 9), size, side, at)
            else:
                yield Quote(at, round(bid * tick, 9), round(ask * tick, 9), bid_size, ask_size, at)


def is_tape(path: Path) -> bool:
    """Does it call itself one? What is not there or not Parquet is for `read` to complain of."""
    if not path.exists():
        return True
    if path.suffix != ".parquet" or path.is_dir():
        return False
    try:
        return b"tradebot" in (pq.read_schema(path).metadata or {})
    except (OSError, pa.ArrowInvalid):
        return True


def read(path: Path) -> Tape:
    """Load a tape. Raises UsageError when the file is no tape."""
    table, names = opened(path, rows_of)
    told = (table.schema.metadata or {}).get(b"tradebot", b"")
    if not sound(told) or set(COLUMNS) - set(names) or not len(table):
        raise UsageError(f"{path}: not a tape: make one with `tradebot collect`")
    columns = {name: table[name].to_numpy() for name in COLUMNS}
    return Tape(json.loads(told), columns)


def rows_of(path: Path) -> tuple[pa.Table, list[str]]:
    """Each page against its sum, where it has one: those in data/ were made without."""
    table = pq.read_table(path, page_checksum_verification=True)
    return table, table.column_names


def sound(told: bytes) -> bool:
    """Does it name a tick? What else a tape tells, its users look for."""
    try:
        return float(json.loads(told)["tick"]) > 0
    except (ValueError, TypeError, LookupError):
        return False


def read_of(path: Path, instrument: Instrument) -> Tape:
    """A tape of this instrument. Raises UsageError also where it, or its tick, is another's."""
    tape = read(path)
    told = tape.about.get("symbol")
    if told in INSTRUMENTS and told != instrument.symbol:  # two coins have one tick
        raise UsageError(
            f"{path}: a tape of {told}, not of {instrument.symbol}: set instrument.symbol"
        )
    if tape.tick != float(instrument.tick):
        raise UsageError(
            f"{path}: its tick is {tape.tick}, {instrument.symbol}'s is {instrument.tick}: "
            "set instrument.symbol to what the tape holds"
        )
    return tape


def about(path: Path) -> dict[str, Any]:
    """What a tape tells of itself, without its rows. Raises UsageError; empty for other files."""
    found: dict[str, Any] = json.loads(
        (opened(path, pq.read_schema).metadata or {}).get(b"tradebot", b"{}")
    )
    return found


def opened(path: Path, read: Callable[[Path], Any]) -> Any:
    try:
        return read(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such tape") from None
    except (OSError, pa.ArrowException, UnicodeError) as error:
        raise UsageError(f"{path}: not a parquet file, or damaged: {error}") from None


def write(path: Path, tape: Tape) -> None:
    """Store the tape, zstd."""
    path.write_bytes(packed(tape))


def packed(tape: Tape) -> bytes:
    """The file that `read` reads."""
    schema = pa.schema(
        COLUMNS.items(), metadata={"tradebot": json.dumps(tape.about, sort_keys=True)}
    )
    arrays = [pa.array(tape.columns[name], kind) for name, kind in COLUMNS.items()]
    table, made = pa.table(arrays, schema=schema), pa.BufferOutputStream()
    pq.write_table(table, made, compression="zstd", compression_level=19, write_page_checksum=True)
    content: bytes = made.getvalue().to_pybytes()
    return content
