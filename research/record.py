"""A run as tables, from its messages: a backtest's as they come, or a log of the daemon.

Slippage is told against the price that was decided on: the touch of a wish, the price of a stop;
a limit that fills slips nothing. `gross_pnl` is at those prices, so that net is gross less costs.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from actors.book import PURPOSE_BY_SUFFIX
from core.messages import (
    Approved,
    Bar,
    Fill,
    Intent,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderReplaced,
    PlaceOrder,
    Prediction,
    RunStarted,
    StateChanged,
    TradeClosed,
)
from core.reasons import Reason
from core.sessions import trade_date
from core.terms import EXITS, REVERSALS, OrderType, Purpose, State
from research import runs, targets
from research.runs import Run

EXIT_REASON = {
    Reason.TRADE_TARGET: "target", Reason.TRADE_STOP: "stop", Reason.TRADE_SIGNAL: "signal",
    Reason.TRADE_FLATTEN: "eod_flatten", Reason.TRADE_FOREIGN: "foreign",
}  # fmt: skip

RESTING = (OrderType.STOP, OrderType.LIMIT)
NONE = -1  # a class that nobody foresaw, or an outcome that is not known


class Recorder:
    """Told every message of a run in order; `run()` says what it came to."""

    def __init__(self, foretold: bool = True, slips: Mapping[int, int] | None = None) -> None:
        """`foretold`: keep every prediction, not only those that a wish came of. `slips`: what
        each half trade lost to the market of its moment, ticks, where the venue knows it."""
        self.foretold, self.slips = foretold, slips
        self.seen: Prediction | None = None
        self.start: RunStarted | None = None
        self.cash, self.hours = Decimal(0), "globex"  # whose days are the run's
        self.position, self.close, self.filled_at = 0, 0.0, 0  # filled since the last bar
        self.slipped = 0.0  # dollars, of the fills since the last round trip
        self.equity: list[tuple[int, float]] = []
        self.bars: list[tuple[int, float, int, bool]] = []
        self.trades: list[tuple[Any, ...]] = []
        self.predictions: dict[int, Prediction] = {}
        self.intents: dict[str, Intent] = {}
        self.risks: dict[str, float] = {}
        self.entered: PlaceOrder | None = None
        self.orders: dict[str, PlaceOrder] = {}
        self.named: dict[str, float] = {}  # the price an order of that tag was last decided at
        self.wish: Intent | None = None  # the newest to exit that risk let pass
        self.wishes: dict[str, Intent] = {}  # tag of the leg that was moved for it
        self.arrived: dict[str, int] = {}  # when the venue first told of it, or of its change
        self.ended: dict[str, int] = {}
        self.fills: list[Fill] = []
        self.halts: list[str] = []

    def on(self, message: Message) -> None:
        match message:
            case Bar():
                self.bar(message)
            case Prediction(at=at):
                self.seen = message
                if self.foretold:
                    self.predictions[at] = message
            case Intent(id=name, at=at):
                self.intents[name] = message
                if self.seen is not None and self.seen.at == at:
                    self.predictions[at] = self.seen
            case Approved(intent=intent, risk=risk):
                self.risks[intent.id] = float(risk)
                if intent.action in EXITS or intent.action in REVERSALS:
                    self.wish = intent
            case PlaceOrder(tag=tag):
                self.orders[tag] = message
                self.learn(tag, message.stop_price)
            case OrderAccepted(tag=tag, at=at):
                self.arrived.setdefault(tag, at)
                if message.type in RESTING and tag not in self.wishes and tag not in self.orders:
                    self.learn(tag, message.price)
            case OrderReplaced(tag=tag, at=at) if tag in self.wishes:
                self.arrived[tag] = at
            case ModifyOrder(tag=tag):
                self.move(message)
            case OrderCancelled(tag=tag, at=at):
                self.ended[tag] = at
            case Fill():
                self.fill(message)
            case TradeClosed():
                self.trade(message)
            case StateChanged(state=State.HALTED, at=at, why=why):
                self.halts.append(f"{trade_date(at, self.hours)}: {why}")
            case RunStarted() if self.start is None:
                self.start, self.hours = message, message.settings.session.kind

    def learn(self, tag: str, price: Decimal | None) -> None:
        if price is not None:
            self.named[tag] = float(price)

    def move(self, change: ModifyOrder) -> None:
        """A stop that moves names a new price; a limit that moves carries out a wish to exit."""
        self.learn(change.tag, change.stop_price)
        if change.limit_price is not None and self.wish is not None:
            self.wishes[change.tag] = self.wish
            self.named[change.tag] = float(self.wish.price)

    @property
    def multiplier(self) -> float:
        """Dollars of one point and contract."""
        if self.start is None:
            return 1.0
        rule = self.start.settings.instrument
        return float(rule.tick_value / rule.tick)

    @property
    def balance_start(self) -> float:
        return float(self.start.balance_start) if self.start else 0.0

    def bar(self, bar: Bar) -> None:
        self.close, self.filled_at = bar.close, 0
        self.equity.append((bar.at, self.worth()))
        if self.foretold:
            self.bars.append((bar.at, bar.close, bar.segment, bar.filled))

    def worth(self) -> float:
        return self.balance_start + float(self.cash) + self.position * self.close * self.multiplier

    def decided(self, tag: str) -> float | None:
        """The price that an order was decided at; None where nobody named one."""
        order = self.orders.get(tag)
        intent = self.intents.get(order.intent) if order else None
        return float(intent.price) if intent else self.named.get(tag)

    def fill(self, fill: Fill) -> None:
        signed = fill.side * fill.size
        self.cash -= signed * fill.price * Decimal(self.multiplier) + fill.fees
        self.position += signed
        self.slipped += self.slip(fill) * fill.size * self.multiplier
        order = self.orders.get(fill.tag)
        if order and order.purpose is Purpose.ENTRY:
            self.entered = order
        self.fills.append(fill)
        self.filled_at = fill.at

    def slip(self, fill: Fill) -> float:
        """Points lost against the price decided on, or against the market's where that is told."""
        if self.slips is not None and self.start is not None:
            return self.slips.get(fill.trade_id, 0) * float(self.start.settings.instrument.tick)
        decided = self.decided(fill.tag)
        return fill.side * (float(fill.price) - decided) if decided is not None else 0.0

    def trade(self, closed: TradeClosed) -> None:
        name = self.entered.intent if self.entered else ""
        intent = self.intents.get(name)
        seen = self.predictions.get(intent.at) if intent else None
        self.trades.append((
            closed.entry_at, closed.at, closed.side, float(closed.entry), float(closed.exit),
            closed.size, float(closed.gross) + self.slipped, float(closed.fees), self.slipped,
            float(closed.net), EXIT_REASON.get(closed.reason, str(closed.reason)),
            closed.confidence, int(np.argmax(seen.probabilities)) if seen else NONE,
            self.risks.get(name),
        ))  # fmt: skip
        self.slipped = 0.0

    def run(self, lookahead_s: int, theta_ticks: float) -> Run:
        """The tables. The outcome of a prediction is the class that came `lookahead_s` later."""
        if self.equity and self.filled_at:  # it went on behind the last bar, until it was flat
            self.equity.append((max(self.filled_at, self.equity[-1][0] + 1), self.worth()))
            self.filled_at = 0
        raw = runs.TRADES | {"entry_time": pl.Int64, "exit_time": pl.Int64, runs.RISK: pl.Float64}
        trades = pl.DataFrame(self.trades, schema=raw, orient="row").with_columns(
            pl.col("entry_time", "exit_time").cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
        )
        return Run(
            self.balance_start, trades, pl.DataFrame(self.equity, runs.EQUITY, orient="row"),
            self.foreseen(lookahead_s, theta_ticks), self.placed(), self.filled(),
            about=self.about() | {"lookahead_s": lookahead_s, "theta_ticks": theta_ticks},
        )  # fmt: skip

    def about(self) -> dict[str, Any]:
        if self.start is None:
            return {}
        rule = self.start.settings.instrument
        return {
            "mode": self.start.mode, "run": self.start.run, "commit": self.start.commit,
            "model": self.start.model_sha256, "config": self.start.config_sha256,
            "halts": self.halts, "symbol": rule.symbol, "multiplier": self.multiplier,
            "tick": float(rule.tick), "session": self.hours,
        }  # fmt: skip

    def foreseen(self, lookahead_s: int, theta_ticks: float) -> pl.DataFrame:
        if not self.bars or not self.predictions or self.start is None:
            return runs.empty(runs.PREDICTIONS)
        at, close, segment, filled = (np.array(column) for column in zip(*self.bars, strict=True))
        ticks = np.rint(close / float(self.start.settings.instrument.tick)).astype(np.int64)
        move = targets.moves(at, ticks, segment, lookahead_s)
        known = ~np.isnan(move) & targets.fresh(at, filled)
        outcome = np.full(len(at), NONE)
        outcome[known] = targets.classes(move[known], theta_ticks)
        came = dict(zip(at.tolist(), outcome.tolist(), strict=True))
        rows = [(t, *p.probabilities, came.get(t, NONE)) for t, p in self.predictions.items()]
        return pl.DataFrame(rows, runs.PREDICTIONS, orient="row")

    def placed(self) -> pl.DataFrame:
        tags = dict.fromkeys([*self.orders, *(fill.tag for fill in self.fills)])
        return pl.DataFrame([self.order(tag) for tag in tags], runs.ORDERS, orient="row")

    def order(self, tag: str) -> tuple[Any, ...]:
        """One row: a leg of a bracket has no message of its own but its fills."""
        order, moved = self.orders.get(tag), self.wishes.get(tag)
        first = next((fill for fill in self.fills if fill.tag == tag), None)
        intent = moved or (self.intents.get(order.intent) if order else None)
        seen = self.predictions.get(intent.at) if intent else None
        price = (seen.bid + seen.ask) / 2 if seen else self.decided(tag)
        like = order or first
        assert like is not None
        at = intent.at if intent else like.at
        kind = Purpose.EXIT if moved or order is None else order.purpose
        if not moved and order is None:
            kind = PURPOSE_BY_SUFFIX.get(tag[-3:], Purpose.EXIT)
        sent = max(at, self.arrived.get(tag, at))
        return (tag, kind.value, like.side, like.size, at, price, sent, self.ended.get(tag))

    def filled(self) -> pl.DataFrame:
        rows = [(f.tag, f.at, f.side, f.size, float(f.price), float(f.fees)) for f in self.fills]
        return pl.DataFrame(rows, runs.FILLS, orient="row")


def record(messages: Iterable[Message], lookahead_s: int, theta_ticks: float) -> Run:
    recorder = Recorder()
    for message in messages:
        recorder.on(message)
    return recorder.run(lookahead_s, theta_ticks)
