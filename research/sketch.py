"""A sketch of a run over bars: the cross of averages in one compiled loop, for years of them.

It fills as research/bar_venue.py does and keeps the strategy's own rules: one position, stop and
target where they were put, the cooldown, no entry outside the session or after its third step, out
at the fourth. All else that may refuse, shrink or close an order it leaves to the pump: limits of
money, size, breakers, controls, a firm's rules, moving stops, rolls, the venue's refusals.
`unbound` are settings with which the two give the same orders.
"""

from decimal import Decimal
from typing import Any

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from core.clock import SECOND
from core.errors import UsageError
from core.sessions import index, ns, steps
from core.settings import BreakerSettings, PropSettings, Settings, SizingSettings, StopSettings
from indicators import crosses
from indicators.columns import days_of
from research import sketching
from research.seconds import Floats
from venues.fills import Fills

Ints = NDArray[np.int64]
NAMES = ("target", "stop", "day", "bars")  # what ended a trade, by number


class Trade(Struct, frozen=True):
    """A round trip; stamps UTC ns, prices in ticks."""

    side: int
    decided_at: int
    entry_at: int
    entry: int
    exit_at: int
    exit: int
    why: str

    @property
    def ticks(self) -> int:
        return self.side * (self.exit - self.entry)


class Sketch:
    """Takes tables of bars (research/seconds.py) in order, carrying on where the last one ended."""

    def __init__(self, settings: Settings, fills: Fills) -> None:
        """Raises UsageError where the settings are not such that one loop can follow them."""
        if settings.signals.strategy != "ema_cross":
            raise UsageError("signals.strategy: a sketch is of ema_cross only: set that")
        if fills.slip is None:
            raise UsageError(f"--fills {fills.name}: a sketch does not know the conditions")
        self.settings, self.tick = settings, float(settings.instrument.tick)
        signals, execution = settings.signals, settings.execution
        self.rules = np.array([
            signals.ema_fast, signals.ema_slow, signals.stop_ticks, signals.target_ticks,
            fills.slip, fills.through, fills.at_close, ns(signals.cooldown_s),
            execution.exit_protect_ticks, ns(execution.exit_timeout_s),
        ], np.int64)  # fmt: skip
        self.own = np.array(crosses.fresh())
        self.state = np.zeros(sketching.SIZE, np.int64)

    def bars(self, table: Floats) -> Ints:
        """The trades that end in these bars: (m, 7), as `sketching.run` tells them."""
        out = np.zeros((len(table) + 1, sketching.WIDTH), np.int64)
        if not len(table):
            return out[:0]
        found = sketching.run(
            self.own, self.state, self.rules, self.tick, table, *self.clock(table), out
        )
        return out[:found]

    def clock(self, table: Floats) -> tuple[Ints, Ints]:
        """The trade date of each bar, by number, and of each date its steps; UTC ns."""
        dates, which = days_of(table)
        first = index(int(table[0, 0] - 1) * SECOND)
        days = [steps(first + n, self.settings.session) for n in range(len(dates))]
        return which, np.array([(day.opens, day.exits, day.flatten) for day in days], np.int64)

    def end(self) -> Ints:
        """What is open after the last bar is closed in a market that stands still."""
        out = np.zeros((1, sketching.WIDTH), np.int64)
        return out[: sketching.finish(self.state, self.rules, out)]

    def dollars(self, trades: Ints) -> Decimal:
        """Net of fees, of the contracts that risk allows at most."""
        instrument, contracts = self.settings.instrument, self.settings.risk.contracts
        ticks = int((trades[:, 0] * (trades[:, 5] - trades[:, 3])).sum())
        return contracts * (ticks * instrument.tick_value - 2 * len(trades) * instrument.side_cost)


def trades_of(rows: Ints) -> list[Trade]:
    return [Trade(*row[:6], NAMES[row[6]]) for row in rows.tolist()]


def unbound(settings: Settings) -> Settings:
    """The same strategy, session and fills, and no rule of risk that could say no.

    For an account that holds a million dollars."""
    never, often = Decimal(10**9), 10**9
    risk = replace(
        settings.risk, trade_risk_max=never, day_loss_max=never, day_drawdown_max=never,
        account_drawdown_max=never, kill_loss_max=never, balance_min=Decimal(1),
        losses_in_row_max=often, basis="dollars", drb_reduce=False,
    )  # fmt: skip
    free: dict[str, Any] = {}
    if settings.controls is not None:
        free["controls"] = replace(
            settings.controls, order_value_max=never, open_value_max=never, collar_ticks=often,
            collar_night_ticks=often, drift_ticks=often, trades_day_max=often, repeat_max=often,
            messages_short_max=often, messages_long_max=often, quote_max_s=1e9, ack_s=1e9,
        )  # fmt: skip
    return replace(
        settings, risk=risk, sizing=SizingSettings(), breakers=BreakerSettings(),
        stops=StopSettings(), prop=PropSettings(),
        slippage=replace(settings.slippage, plan="fixed"), **free,
    )  # fmt: skip
