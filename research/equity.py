"""The equity at each bar, written as the run goes on: whole as a file whenever it is closed.

What `research.record.Recorder` says of each bar (cash, and the position at the bar's close), made
for many rows at once from the fills. A fill counts from the bar on that ends after it.
"""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from core.clock import SECOND
from core.messages import Fill
from research.runs import EQUITY
from research.seconds import Floats

SCHEMA = pa.schema([("at", pa.int64()), ("equity", pa.float64())])
assert list(EQUITY) == SCHEMA.names


class Equity:
    def __init__(self, path: Path, balance: Decimal, multiplier: Decimal) -> None:
        """`multiplier`: dollars of one point and contract."""
        self.path, self.part = path, path.with_suffix(".part")
        self.balance, self.multiplier = float(balance), multiplier
        self.cash, self.position = Decimal(0), 0
        self.at, self.cashes, self.positions = [0], [0.0], [0.0]  # after each fill
        self.writer = pq.ParquetWriter(self.part, SCHEMA, compression="zstd")

    def fill(self, fill: Fill) -> None:
        signed = fill.side * fill.size
        self.cash -= signed * fill.price * self.multiplier + fill.fees
        self.position += signed
        self.at.append(fill.at)
        self.cashes.append(float(self.cash))
        self.positions.append(float(self.position))

    def rows(self, table: Floats) -> None:
        """Bars that are over, and all fills up to the last of them are told."""
        ends = table[:, 0].astype(np.int64) * SECOND
        number = np.searchsorted(np.array(self.at), ends, side="left") - 1
        cash, position = np.array(self.cashes)[number], np.array(self.positions)[number]
        worth = self.balance + cash + position * table[:, 5] * float(self.multiplier)
        self.writer.write_table(pa.table([ends, worth], schema=SCHEMA))
        kept = int(number[-1]) if len(number) else 0
        for column in (self.at, self.cashes, self.positions):
            del column[:kept]

    def close(self) -> pl.DataFrame:
        """The file takes its name; its rows."""
        self.writer.close()
        self.part.replace(self.path)
        return pl.read_parquet(self.path)
