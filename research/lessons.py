"""What a model of a fold learns from: the rows of bars as the daemon's stages would see them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from core.clock import SECOND
from core.config import Config
from core.errors import UsageError
from core.messages import Stage
from core.settings import Settings
from indicators import columns
from indicators.schema import NAMES
from indicators.state import State, fresh
from research import grid, history, targets, windows
from research.dataset import Rows
from research.windows import Windows
from storage import model as models
from venues.fills import Fills

PART = 1_000_000  # seconds of features at a time, 370 MB
STRIDE_S = 10  # labels overlap: neighbours teach nothing new
Stages = dict[str, Stage]
Think = Callable[[Settings, models.Model | None], Stages]


class Walk(Struct, frozen=True):
    """What every fold is done with."""

    config: Config
    plan: Any  # of the kind of model: what research.learn.kind names has it
    fills: Fills
    think: Think
    models: Path  # where each fold's model is written
    source: str  # name of the data, for the manifests
    sha256: str
    stride_s: int = STRIDE_S


class Seen(Struct, frozen=True):
    """The grid of seconds that the daemon's stages would make of the rows, and its labels."""

    table: np.ndarray  # (n, 10), as `indicators.columns` takes it
    at: np.ndarray  # UTC ns, ends of the seconds
    move: np.ndarray  # ticks until the label's time; NaN unknown
    tick: float

    def features(self, state: State | None = None) -> Iterator[tuple[slice, columns.Sweep]]:
        """In parts, with the kernel's state carried on: all of it at once may not fit."""
        state = fresh() if state is None else state
        for start in range(0, len(self.table), PART):
            part = slice(start, start + PART)
            yield part, columns.sweep(self.table[part], self.tick, state)

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 (n, features), as a model takes them, and bool (n,): which may be asked of."""
        count = len(self.at)
        table, ready = np.empty((count, len(NAMES)), np.float32), np.empty(count, bool)
        for part, made in self.features():
            table[part], ready[part] = made.values, made.ready
        return table, ready


def seen(rows: pl.DataFrame, walk: Walk) -> Seen:
    settings = walk.config.settings()
    tick = float(settings.instrument.tick)
    table = grid.grid(history.sound(rows), settings.bars.gap_max_s)
    at, close = table[:, 0].astype(np.int64) * SECOND, np.rint(table[:, 5] / tick).astype(np.int64)
    segment, filled = table[:, 1].astype(np.int64), table[:, 9] > 0
    move = targets.moves(at, close, segment, walk.plan.lookahead_s)
    if len(at):
        move[~targets.fresh(at, filled)] = np.nan
        move[~targets.told(at, segment, filled, walk.plan.lookahead_s)] = np.nan
    return Seen(table, at, move, tick)


def prepared(seen: Seen, walk: Walk) -> Rows | Windows:
    """What a model of the plan's kind learns from. Raises UsageError if there is nothing."""
    length, network = getattr(walk.plan, "window", 1), network_of(walk.plan)
    if length > 1:
        return windows_of(seen, walk, length)
    rows = rows_of(seen, walk)
    if network == "mlp":
        return rows
    each = np.arange(len(rows))
    return Windows(rows.x.astype(np.float32), each, 1, rows.label, rows.move)


def network_of(plan: Any) -> str:
    return getattr(plan, "network", "mlp")


def windows_of(seen: Seen, walk: Walk, length: int) -> Windows:
    """So many seconds without a gap, each warm, the last with a label; as many as of rows."""
    table, ready = seen.matrix()
    ends = np.flatnonzero(windows.whole(seen.at, ready, length) & wanted(seen, walk))
    move = taught_by(seen.move[ends])
    return Windows(table, ends, length, targets.classes(move, walk.plan.theta_ticks), move)


def rows_of(seen: Seen, walk: Walk) -> Rows:
    """Warm rows with a label; no more of the table than these is ever there at once."""
    chosen, x, moves = wanted(seen, walk), [], []
    for part, made in seen.features():
        use = made.ready & chosen[part]
        x.append(made.values[use])
        moves.append(seen.move[part][use])
    move = taught_by(np.concatenate([np.empty(0), *moves]))
    return Rows(np.concatenate(x), targets.classes(move, walk.plan.theta_ticks), move)


def wanted(seen: Seen, walk: Walk) -> np.ndarray:
    """bool (n,): has a label, and is the one of its `stride_s` seconds."""
    return ~np.isnan(seen.move) & (seen.at // SECOND % walk.stride_s == 0)


def taught_by(move: np.ndarray) -> np.ndarray:
    if not len(move):
        raise UsageError("a fold has no row to learn from: too short, or all of it warm-up")
    return move
