"""The averages' cross in NautilusTrader, hedging: `python of_nautilus.py BARS.npz`, JSON out.

It runs by itself, in an interpreter that has nautilus_trader; the rules are those of bench_peers.
"""

import json
import sys
import time

import nautilus_trader
import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy


class Cross(Strategy):
    def __init__(self, instrument, bar_type, stop, target):
        super().__init__()
        self.instrument, self.bar_type = instrument, bar_type
        self.below, self.above = stop, target
        self.fast, self.slow = ExponentialMovingAverage(9), ExponentialMovingAverage(21)
        self.side, self.seen, self.closed_at, self.entries, self.made = 0, 0, 0, [], 0.0

    def on_start(self):
        self.register_indicator_for_bars(self.bar_type, self.fast)
        self.register_indicator_for_bars(self.bar_type, self.slow)
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar):
        fast, slow = self.fast.value, self.slow.value
        side, before = (fast > slow) - (fast < slow), self.side
        self.side, self.seen = side, self.seen + 1
        if self.seen <= 21 or not side or side == before:
            return
        if self.closed_at == bar.ts_event or not self.portfolio.is_flat(self.instrument.id):
            return
        close = bar.close.as_double()
        self.submit_order_list(self.order_factory.bracket(
            self.instrument.id, OrderSide.BUY if side > 0 else OrderSide.SELL,
            self.instrument.make_qty(1), tp_post_only=False,
            sl_trigger_price=self.instrument.make_price(close - side * self.below),
            tp_price=self.instrument.make_price(close + side * self.above),
        ))  # fmt: skip
        self.entries.append(self.seen - 1)

    def on_position_closed(self, event):
        self.closed_at = event.ts_event
        self.made += event.realized_pnl.as_double()


def main():
    bars = dict(np.load(sys.argv[1]))
    stop, target, tick = (float(bars.pop(name)) for name in ("stop", "target", "tick"))
    instrument = TestInstrumentProvider.es_future(2019, 3)
    bar_type = BarType.from_str(f"{instrument.id}-1-SECOND-LAST-EXTERNAL")
    frame = pd.DataFrame({name: bars[name] for name in ("open", "high", "low", "close")})
    frame.index = pd.to_datetime(bars["end"].astype(np.int64), unit="s", utc=True)
    frame.index.name = "timestamp"
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("GLBX"), OmsType.HEDGING, AccountType.MARGIN, [Money(1e8, USD)], base_currency=USD
    )
    engine.add_instrument(instrument)
    engine.add_data(BarDataWrangler(bar_type, instrument).process(frame))
    strategy = Cross(instrument, bar_type, stop, target)
    engine.add_strategy(strategy)
    began, cpu = time.perf_counter(), time.process_time()
    engine.run()
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    trades = len(engine.cache.positions_closed())
    print(json.dumps({
        "seconds": took, "cpu_s": spent, "trades": trades, "ticks": strategy.made / tick,
        "entries": strategy.entries[:trades], "version": nautilus_trader.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
