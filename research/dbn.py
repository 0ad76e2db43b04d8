"""Databento's DBN files as tables: prices as floats, stamps int64 UTC ns, the symbol by its name.

A file is decoded whole, by the `databento` library.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from core.errors import UsageError

PRICE_UNIT = 1e-9  # DBN's fixed point
NO_PRICE = 2**63 - 1
NO_STAMP = 2**64 - 1


def read(path: Path) -> pl.LazyFrame:
    """All records of the file's schema. Raises UsageError."""
    return decode(path.read_bytes(), str(path))


def decode(content: bytes, name: str) -> pl.LazyFrame:
    import databento
    from databento import BentoError
    from databento_dbn import DBNError

    try:
        store = databento.DBNStore.from_bytes(content)
        rows = store.to_ndarray().ravel()  # of no records it has two dimensions
    except (ValueError, RuntimeError, TypeError, BentoError, DBNError) as error:
        raise UsageError(f"{name}: not a DBN file: {error}") from None
    names = [name for name in rows.dtype.names if name not in ("length", "rtype", "publisher_id")]
    frame = pl.DataFrame({name: column(name, rows[name]) for name in names})
    symbols = ids(store.symbology["mappings"])
    known = pl.col("instrument_id").replace_strict(
        list(symbols), list(symbols.values()), default=None, return_dtype=pl.String
    )
    return frame.with_columns(symbol=known).drop("instrument_id").lazy()


def column(name: str, values: np.ndarray[Any, Any]) -> pl.Series:
    if name.startswith("ts_") and values.dtype.kind == "u":
        known = pl.Series(name, np.where(values == NO_STAMP, 0, values).astype(np.int64))
        return known.set(pl.Series(values == NO_STAMP), None)
    if values.dtype == np.int64:  # every one of this type is a price
        known = pl.Series(name, np.round(values * PRICE_UNIT, 9))
        return known.set(pl.Series(values == NO_PRICE), None)
    return pl.Series(name, values.astype(str) if values.dtype.kind == "S" else values)


def ids(mappings: dict[str, list[dict[str, Any]]]) -> dict[int, str]:
    """Instrument number -> the symbol it was asked for by."""
    found = {}
    for symbol, spans in mappings.items():
        for span in spans:
            if str(span["symbol"]).isdecimal():
                found[int(span["symbol"])] = symbol
    return found
