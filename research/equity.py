"""The equity at each bar of a run, also at those that were left out; as a file it is whole
whenever it is closed.

What `research.record.Recorder` says of each bar (cash, and the position at the bar's close), made
for many rows at once from the fills. A fill counts from the bar on that ends after it.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from core.clock import SECOND
from core.instruments import Instrument
from core.messages import Fill
from research.runs import EQUITY
from research.seconds import Floats

SCHEMA = pa.schema([("at", pa.int64()), ("equity", pa.float64())])
assert list(EQUITY) == SCHEMA.names


class Curve:
    def __init__(self, balance: Decimal, instrument: Instrument) -> None:
        self.balance = float(balance)
        self.multiplier = instrument.tick_value / instrument.tick  # dollars of a point
        self.cash, self.position = Decimal(0), 0
        self.at, self.cashes, self.positions = [0], [0.0], [0.0]  # after each fill
        self.ended, self.last = 0, 0.0  # the newest bar, and its close

    def fill(self, fill: Fill) -> None:
        signed = fill.side * fill.size
        self.cash -= signed * fill.price * self.multiplier + fill.fees
        self.position += signed
        self.at.append(fill.at)
        self.cashes.append(float(self.cash))
        self.positions.append(float(self.position))

    def marked(self, table: Floats) -> tuple[Any, Any]:
        """Ends of bars that are over, and the equity at each: all fills until then are told."""
        ends = table[:, 0].astype(np.int64) * SECOND
        number = np.searchsorted(np.array(self.at), ends, side="left") - 1
        cash, position = np.array(self.cashes)[number], np.array(self.positions)[number]
        worth = self.balance + cash + position * table[:, 5] * float(self.multiplier)
        if len(table):
            self.ended, self.last = int(ends[-1]), float(table[-1, 5])
        kept = int(number[-1]) if len(number) else 0
        for column in (self.at, self.cashes, self.positions):
            del column[:kept]
        return ends, worth

    def rest(self) -> tuple[Any, Any]:
        """The equity behind the last bar, where the run went on trading until it was flat."""
        if not self.ended or self.at[-1] < self.ended:
            return np.zeros(0, np.int64), np.zeros(0)
        worth = self.cashes[-1] + self.positions[-1] * self.last * float(self.multiplier)
        return np.array([max(self.at[-1], self.ended + 1)]), np.array([self.balance + worth])


class Equity(Curve):
    """The curve as a file."""

    def __init__(self, path: Path, balance: Decimal, instrument: Instrument) -> None:
        super().__init__(balance, instrument)
        self.path, self.part = path, path.with_suffix(".part")
        self.writer = pq.ParquetWriter(self.part, SCHEMA, compression="zstd")

    def rows(self, table: Floats) -> None:
        self.writer.write_table(pa.table(self.marked(table), schema=SCHEMA))

    def close(self) -> pl.DataFrame:
        """The file takes its name; its rows."""
        self.writer.write_table(pa.table(self.rest(), schema=SCHEMA))
        self.writer.close()
        self.part.replace(self.path)
        return pl.read_parquet(self.path)
