"""A market of 1-second bars as a matrix, and as the messages that a run over it consists of.

A table is (n, 12) float64: the ten columns of `indicators.columns` (end in seconds UTC, segment,
open, high, low, close, volume, buy, sell, filled), then bid and ask at the end of the second.
In a gap of the grid the clock stands still, unless something is open.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from core.clock import SECOND
from core.config import Config
from core.messages import (
    Bar,
    Command,
    FeedState,
    Message,
    Pulse,
    RunStarted,
    SessionClosed,
    SessionOpened,
)
from core.reasons import Reason
from core.sessions import Session, state
from core.settings import Settings
from research.bar_venue import Path
from venues.topstepx.simulator.contract import front

Floats = NDArray[np.float64]
WIDTH = 12
LAST_S = 900  # of a market that stands still after the last bar, for the flatten to be proven


def table(bars: Iterable[Bar]) -> Floats:
    rows = [
        (b.at // SECOND, b.segment, b.open, b.high, b.low, b.close, b.volume, b.buy, b.sell,
         b.filled, b.bid, b.ask) for b in bars
    ]  # fmt: skip
    return np.array(rows, np.float64).reshape(-1, WIDTH)


def bar_of(row: list[float]) -> Bar:
    end, segment, opened, high, low, close, volume, buy, sell, filled, bid, ask = row
    return Bar(
        int(end) * SECOND, opened, high, low, close, int(volume), int(buy), int(sell),
        int(not filled), bid, ask, bool(filled), int(segment),
    )  # fmt: skip


class Turns:
    """When sessions open and close, told as the feed tells it.

    A contract that has rolled is left as a daemon leaves it: by a start in the next one."""

    def __init__(self, config: Config, settings: Settings) -> None:
        self.config, self.settings = config, settings
        self.until, self.session = 0, cast(Session | None, None)
        self.contract, self.runs = "", 0

    def at(self, at: int) -> list[Message]:
        if at < self.until:
            return []
        was = self.session
        self.session, self.until = state(at, self.settings.session.kind)
        told: list[Message] = []
        if was and was != self.session:
            told.append(SessionClosed(at, was.trade_date))
        told += self.start(at)
        if self.session and was != self.session:
            told.append(SessionOpened(at, self.session.trade_date))
        return told

    def start(self, at: int) -> list[Message]:
        """At first, and in each contract after."""
        contract = front(self.settings.instrument, at).id
        if contract == self.contract or (self.contract and not self.session):
            return []
        self.contract, self.runs = contract, self.runs + 1
        run = f"backtest{self.runs}" if self.runs > 1 else "backtest"
        balance = self.config.account.balance_start
        return [
            RunStarted(at, run, "backtest", 0, contract, balance, "", "", "", self.settings),
            FeedState(at, "user", True, "bars", Reason.DATA_LINK_UP),
            FeedState(at, "market", True, "bars", Reason.DATA_LINK_UP),
        ]


def gap(since: int, until: int, busy: Callable[[], bool]) -> Iterator[Message]:
    """Pulses between two bars, for as long as something is open."""
    at = since
    while at < until and busy():
        yield Pulse(at)
        at += SECOND


def second(bar: Bar, turns: Turns) -> Iterator[Message]:
    """One second of the market: it begins, it happens, it is over."""
    start = bar.at - SECOND
    yield from turns.at(start)
    yield Pulse(start)
    yield path(bar)
    yield bar


def path(bar: Bar) -> Path:
    return Path(bar.at, bar.open, bar.high, bar.low, bar.close, bar.bid, bar.ask)


def ending(last: Bar, turns: Turns) -> Iterator[Message]:
    """The word to stop, and a market that stands still until the account is proven flat."""
    yield Command(last.at, "stop", "bars", "end of bars")
    for later in range(1, LAST_S):
        at = last.at + later * SECOND
        yield from turns.at(at - SECOND)
        yield Pulse(at - SECOND)
        yield Path(at, last.close, last.close, last.close, last.close, last.bid, last.ask)


def script(
    config: Config, settings: Settings, bars: Iterable[Bar], busy: Callable[[], bool]
) -> Iterator[Message]:
    """The whole life of a run, one message at a time."""
    turns, last = Turns(config, settings), None
    for bar in bars:
        if last is not None:
            yield from gap(last.at, bar.at - SECOND, busy)
        yield from second(bar, turns)
        last = bar
    if last is not None:
        yield from ending(last, turns)
