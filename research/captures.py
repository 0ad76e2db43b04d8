"""Captured websocket frames as a table: when each came, over which connection, of what kind.

Two makes: one JSON object a line, and a line of `<local stamp> <JSON>`. What the frames say stays
where it is.
"""

from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pyarrow as pa

from core.errors import UsageError

SCALARS = (str, int, float, bool)
NAMES = {"t": "frame", "conn": "connection"}


def read(path: Path) -> pl.LazyFrame:
    """Raises UsageError when a line is of neither make."""
    with pa.input_stream(path, compression="detect") as file:
        return table(file.read(), path).lazy()


def table(content: bytes, name: Path) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        stamp, space, rest = line.partition(b" ")
        try:
            if space and stamp.isdigit() and rest.lstrip().startswith(b"{"):
                rows.append({"ts_local": int(stamp)})
                continue
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise UsageError(f"{name}: line {number}: neither a JSON object nor a stamp and one")
        rows.append({key: value for key, value in found.items() if isinstance(value, SCALARS)})
    if not rows:
        raise UsageError(f"{name}: no line in it")
    named = [
        {NAMES.get(key, key): value for key, value in row.items() if key != "data"}
        for row in rows if row.get("t") != "header"
    ]  # fmt: skip
    return pl.DataFrame(named, infer_schema_length=None, strict=False)
