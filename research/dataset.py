"""A tape as the model sees it: bars of the live stage, features of the live kernel, targets."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from actors.bars import Bars
from core.clock import SECOND
from core.errors import UsageError
from core.instruments import INSTRUMENTS
from core.messages import Bar, Pulse
from core.reasons import Reason
from core.settings import Settings
from indicators.columns import features, matrix
from indicators.schema import NAMES
from research import targets
from storage import tape as tapes

# In a market seen in a mirror these keep their value; the wicks change places; all others turn.
UNSIGNED = {
    "minutes_to_close", "is_rth", "tod_sin", "tod_cos", "upper_wick_ratio", "lower_wick_ratio",
    "body_ratio", "volume_ratio", "volume_tod_ratio", "atr_ticks", "atr_ratio", "rv_60s",
    "rv_ratio", "fill_ratio_60s",
}  # fmt: skip
SIGNS = np.array([1.0 if name in UNSIGNED else -1.0 for name in NAMES])
SWAP = {"upper_wick_ratio": "lower_wick_ratio", "lower_wick_ratio": "upper_wick_ratio"}
PLACES = np.array([NAMES.index(SWAP.get(name, name)) for name in NAMES])


class Dataset(Struct, frozen=True):
    """Columns of a tape's bars, one row a second."""

    at: np.ndarray  # int64 (n,), UTC ns, end of the bar
    x: np.ndarray  # float64 (n, 46)
    ready: np.ndarray  # bool (n,): warm and whole, so that the live stage would ask the model
    close: np.ndarray  # int64 (n,), ticks
    segment: np.ndarray  # int64 (n,)
    filled: np.ndarray  # bool (n,)

    def __len__(self) -> int:
        return len(self.at)


class Rows(Struct, frozen=True):
    """What a model learns from or is judged by."""

    x: np.ndarray  # float64 (n, 46)
    label: np.ndarray  # int64 (n,): 0 DOWN, 1 FLAT, 2 UP
    move: np.ndarray  # float64 (n,), ticks

    def __len__(self) -> int:
        return len(self.label)

    def take(self, chosen: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.x[chosen]
        return found


def bars(tape: tapes.Tape, settings: Settings) -> Iterator[Bar]:
    """The bars that a run over the tape would log."""
    stage, at = Bars(settings), tape.start
    for event in tape.events():
        at = event.at
        yield from stage.on(event)  # type: ignore[misc]
    yield from stage.on(Pulse(at + SECOND + stage.late))  # type: ignore[misc]


def load(path: Path, settings: Settings, zone: str = "UTC") -> Dataset:
    """Read a tape, or seconds of any make, and make its rows.

    The instrument is the file's, whatever `settings` trades: its tick is told by a tape and by the
    prices of all else. `zone`: of stamps that name none. Raises UsageError."""
    if not tapes.is_tape(path):
        return of_seconds(path, settings, zone)
    tape = tapes.read(path)
    symbol = tape.about.get("symbol")
    if symbol not in INSTRUMENTS:
        raise UsageError(f"{path}: symbol {symbol}: expected one of {', '.join(INSTRUMENTS)}")
    made = list(bars(tape, replace(settings, instrument=INSTRUMENTS[symbol])))
    if not made:
        raise UsageError(f"{path}: no trade in it makes a bar")
    whole = np.array([bar.reason is not Reason.BAR_PARTIAL for bar in made], bool)
    return of_grid(matrix(made), tape.tick, whole)


def of_seconds(path: Path, settings: Settings, zone: str) -> Dataset:
    try:
        from research import grid, history
    except ModuleNotFoundError as error:
        why = f"{path}: not a tape; of bars it needs {error.name}: run `make research`"
        raise UsageError(why) from None
    found = history.load([path], "globex", zone, symbol_id=settings.instrument.symbol_id)
    if found.step_s != 1:
        raise UsageError(f"{path}: bars of {found.step_s} s: a model sees those of 1 s")
    tick = history.tick_of(found.frame["close"].to_numpy(), float(settings.instrument.tick))
    table = grid.grid(found.frame, settings.bars.gap_max_s)
    return of_grid(table, tick, np.ones(len(table), bool))


def of_grid(table: np.ndarray, tick: float, whole: np.ndarray) -> Dataset:
    """`table`: (n, 10) as `indicators.columns` takes it; `whole`: seconds that miss nothing."""
    x, warm = features(table, tick)
    return Dataset(
        table[:, 0].astype(np.int64) * SECOND, x, warm & whole,
        np.rint(table[:, 5] / tick).astype(np.int64), table[:, 1].astype(np.int64),
        table[:, 9] > 0,
    )  # fmt: skip


def rows(seen: Dataset, lookahead_s: int, theta_ticks: float) -> Rows:
    """The rows whose features are warm and whose target is known."""
    move = targets.moves(seen.at, seen.close, seen.segment, lookahead_s)
    keep = seen.ready & targets.fresh(seen.at, seen.filled) & ~np.isnan(move)
    return Rows(seen.x[keep], targets.classes(move[keep], theta_ticks), move[keep])


def mirrored(seen: Rows) -> Rows:
    """The same market upside down: a rise for each fall, bought for each sold."""
    return Rows(seen.x[:, PLACES] * SIGNS, 2 - seen.label, -seen.move)


def join(parts: list[Rows]) -> Rows:
    return Rows(
        *(np.concatenate([getattr(part, f) for part in parts]) for f in Rows.__struct_fields__)
    )
