"""Conditions: what the last minutes of the market were like, told when each minute is over.

Range and volume against what is normal: the median of the same minute of the day in the last
sessions, or of the last minutes while too few sessions are known. Swings are told when they are
known (quant.md 4.6): a low strictly under the three minutes before, and no higher than the three
after it. All of it is known at the minute's end.
"""

from collections.abc import Callable
from statistics import median

from msgspec import Struct, field

from core.clock import SECOND
from core.messages import Bar, Conditions, Message, RunStarted
from core.sessions import day
from core.settings import Settings

MINUTE = 60 * SECOND
PERIOD = 14  # of the average true range, Wilder's
SIDE = 3  # minutes on either side of a swing
LOOK_BACK = 20  # minutes in which a swing counts

Row = tuple[float, float, float]  # high, low, close


class Memory(Struct):
    """All that is remembered; lists are oldest first."""

    settings: Settings
    segment: int = -1
    high: float = 0.0  # of the forming minute
    low: float = 0.0
    close: float = 0.0
    volume: int = 0
    rows: list[Row] = field(default_factory=list)  # of this segment's minutes
    ranges: list[float] = field(default_factory=list)  # true ranges before there is an average
    atr: float = 0.0  # points; 0 unknown
    recent: list[tuple[float, int]] = field(default_factory=list)  # ATR and volume of minutes
    sessions: dict[int, list[tuple[float, int]]] = field(default_factory=dict)  # by minute of day


class MarketConditions:
    takes = (Bar, RunStarted)

    def __init__(self, settings: Settings) -> None:
        self.memory = Memory(settings)

    def on(self, message: Message) -> list[Message]:
        memory = self.memory
        match message:
            case RunStarted(settings=settings):
                memory.settings = settings
            case Bar() if memory.settings.conditions.minutes:
                self.gather(message)
                return [] if message.at % MINUTE else [self.finish(message.at)]
        return []

    def gather(self, bar: Bar) -> None:
        """One second more of the forming minute; a new segment knows nothing of the last."""
        memory = self.memory
        if bar.segment != memory.segment:
            memory.segment, memory.close, memory.atr = bar.segment, 0.0, 0.0
            memory.rows, memory.ranges = [], []
        if not memory.close:
            memory.high, memory.low, memory.volume = bar.high, bar.low, 0
        memory.high, memory.low = max(memory.high, bar.high), min(memory.low, bar.low)
        memory.close, memory.volume = bar.close, memory.volume + bar.volume

    def finish(self, at: int) -> Conditions:
        memory, tick = self.memory, float(self.memory.settings.instrument.tick)
        self.widen((memory.high, memory.low, memory.close))
        atr, volume = memory.atr / tick, memory.volume
        told = Conditions(
            at, atr, self.normal(at, lambda row: row[0]), volume,
            self.normal(at, lambda row: float(row[1])), *self.swings(),
        )  # fmt: skip
        if atr:
            self.remember(at, (atr, volume))
        memory.close = 0.0
        return told

    def widen(self, row: Row) -> None:
        """The average true range with one minute more."""
        memory = self.memory
        before = memory.rows[-1][2] if memory.rows else row[2]
        wide = max(row[0], before) - min(row[1], before)
        memory.rows = [*memory.rows[-LOOK_BACK - SIDE :], row]
        if memory.atr:
            memory.atr += (wide - memory.atr) / PERIOD
            return
        memory.ranges.append(wide)
        if len(memory.ranges) == PERIOD:
            memory.atr, memory.ranges = sum(memory.ranges) / PERIOD, []

    def normal(self, at: int, number: Callable[[tuple[float, int]], float]) -> float:
        """0 while too little is known."""
        memory, numbers = self.memory, self.memory.settings.conditions
        kind = memory.settings.session.kind
        alike = memory.sessions.get(minute_of_day(at, kind), [])
        if len(alike) >= numbers.sessions:
            return median(number(row) for row in alike)
        if len(memory.recent) < numbers.minutes_min:
            return 0.0
        return median(number(row) for row in memory.recent)

    def remember(self, at: int, row: tuple[float, int]) -> None:
        memory, numbers = self.memory, self.memory.settings.conditions
        memory.recent = [*memory.recent, row][-numbers.minutes :]
        minute = minute_of_day(at, memory.settings.session.kind)
        alike = [*memory.sessions.get(minute, []), row]
        memory.sessions[minute] = alike[-numbers.sessions :]

    def swings(self) -> tuple[float, float]:
        """The latest known swing low and swing high within the look-back; 0 where there is none."""
        rows = self.memory.rows
        low = high = 0.0
        for i in range(max(SIDE, len(rows) - LOOK_BACK), len(rows) - SIDE):
            before, after = rows[i - SIDE : i], rows[i + 1 : i + 1 + SIDE]
            if rows[i][1] < min(r[1] for r in before) and rows[i][1] <= min(r[1] for r in after):
                low = rows[i][1]
            if rows[i][0] > max(r[0] for r in before) and rows[i][0] >= max(r[0] for r in after):
                high = rows[i][0]
        return low, high


def minute_of_day(at: int, kind: str) -> int:
    """Counted from the opening of the trade date."""
    return (at - 1 - day(at - 1, kind).open) // MINUTE
