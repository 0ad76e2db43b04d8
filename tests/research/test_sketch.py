"""A sketch gives the orders and fills of the pump, where no rule of risk says no."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from core.errors import UsageError
from core.messages import PlaceOrder, Refused, TradeClosed
from core.reasons import Reason
from core.terms import Purpose
from daemon import wiring
from research import bar_run, dataset, seconds
from research.sketch import Sketch, trades_of, unbound
from storage import tape as tapes
from tests.indicators.bars import seconds as utc_seconds
from tests.research.invented import CONFIG, SETTINGS, market, pieces
from venues.fills import MODES

ROOT = Path(__file__).parents[2]
MILLION = Decimal(10**6)
RICH = replace(
    CONFIG, gateway=replace(CONFIG.gateway, balance=MILLION),
    account=replace(CONFIG.account, balance_start=MILLION),
)  # fmt: skip
WHY = {
    Reason.TRADE_TARGET: "target", Reason.TRADE_STOP: "stop", Reason.TRADE_FLATTEN: "day",
}  # fmt: skip


def crossing(**numbers):
    signals = replace(SETTINGS.signals, strategy="ema_cross", **numbers)
    return unbound(replace(SETTINGS, signals=signals))


def pumped(settings, fills, table):
    """Entries that were ordered, fills, ends of round trips, dollars made; nothing was refused."""
    stages = bar_run.with_venue(RICH, settings, MODES[fills], wiring.thinking(settings, None))
    told = []
    bar_run.every(RICH, settings, stages, [table], lambda _, message: told.append(message))
    refused = {message.reason for message in told if isinstance(message, Refused)}
    assert refused <= {Reason.RISK_SESSION_CLOSED}
    exchange, grid = stages["venue"].exchange, settings.instrument
    return (
        [(m.at, m.side) for m in told if isinstance(m, PlaceOrder) and m.purpose is Purpose.ENTRY],
        [(half.at, half.side, grid.ticks(half.price)) for half in exchange.trades],
        [WHY[m.reason] for m in told if isinstance(m, TradeClosed)],
        exchange.balance - MILLION,
    )


def sketched(settings, fills, tables):
    sketch = Sketch(settings, MODES[fills])
    rows = np.vstack([*(sketch.bars(table) for table in tables), sketch.end()])
    trades = trades_of(rows)
    halves = [
        h for t in trades for h in ((t.entry_at, t.side, t.entry), (t.exit_at, -t.side, t.exit))
    ]
    return (
        [(t.decided_at, t.side) for t in trades], halves,
        [t.why.replace("bars", "day") for t in trades], sketch.dollars(rows),
    )  # fmt: skip


@pytest.mark.parametrize("fills", ["conservative", "optimistic"])
@pytest.mark.parametrize(("seed", "numbers"), [
    (1, {"cooldown_s": 0.0}), (2, {"cooldown_s": 30.0}), (3, {"cooldown_s": 1.0, "ema_fast": 3}),
    (4, {"cooldown_s": 0.0, "stop_ticks": 4, "target_ticks": 5}),
    (5, {"cooldown_s": 2.5, "stop_ticks": 30, "target_ticks": 40}),
])  # fmt: skip
def test_it_trades_invented_days_as_the_pump_does(seed, numbers, fills):
    settings, table = crossing(**numbers), market(seed, days=2, seconds=3600)
    found = sketched(settings, fills, pieces(table, 517))
    assert found == pumped(settings, fills, table)
    assert len(found[0]) > 5


@pytest.mark.parametrize("fills", ["conservative", "optimistic"])
def test_it_trades_a_recorded_hour_as_the_pump_does(fills):
    settings = crossing(cooldown_s=0.0)
    table = seconds.table(dataset.bars(tapes.read(ROOT / "data/es_20231225.parquet"), settings))
    found = sketched(settings, fills, [table])
    assert found == pumped(settings, fills, table) and len(found[0]) >= 4


def evening(jumps):
    """The last minutes before 16:03, when all is closed, and a jump of so many ticks then."""
    table = market(9, ["2024-01-03T15:50:00"], 1200)
    at = int(np.searchsorted(table[:, 0], utc_seconds("2024-01-03T16:03:00")))
    for later, ticks in jumps:
        table[at + later :, 2:6] += ticks * 0.25
        table[at + later :, 10:] += ticks * 0.25
    return table


@pytest.mark.parametrize("jumps", [
    (), ((0, -6),), ((0, 6),), ((0, -5), (1, -1)), ((0, 5), (2, 5)), ((1, -40),), ((0, 40),),
    ((1, 40),), ((1, -40), (2, 45)), ((1, -40), (3, 9)), ((1, -9), (2, -60)),
])  # fmt: skip
@pytest.mark.parametrize("fills", ["conservative", "optimistic"])
def test_the_end_of_the_day_is_the_same_however_the_market_jumps_then(fills, jumps):
    settings = crossing(cooldown_s=0.0, stop_ticks=60, target_ticks=80)
    table = evening(jumps)
    found = sketched(settings, fills, [table])
    assert found == pumped(settings, fills, table)
    assert found[2][-1] == "day"
    near = crossing(cooldown_s=0.0)
    assert sketched(near, fills, [table]) == pumped(near, fills, table)


def test_what_is_asked_at_the_last_bar_is_filled_and_closed():
    settings, table = crossing(cooldown_s=0.0), market(6, days=1, seconds=900)
    rows = Sketch(settings, MODES["conservative"]).bars(table)
    last = int(np.searchsorted(table[:, 0], rows[-1, 1] // 10**9)) + 1  # the bar it decided on
    found = sketched(settings, "conservative", [table[:last]])
    assert found == pumped(settings, "conservative", table[:last])
    assert found[1][-2][0] == rows[-1, 1] and found[2][-1] == "day"


def test_no_bars_make_no_trades():
    sketch = Sketch(crossing(), MODES["optimistic"])
    assert not len(sketch.bars(np.zeros((0, seconds.WIDTH)))) and not len(sketch.end())


@pytest.mark.parametrize(
    ("strategy", "fills"), [("cycle", "optimistic"), ("ema_cross", "realistic")]
)
def test_what_one_loop_cannot_follow_is_refused(strategy, fills):
    signals = replace(SETTINGS.signals, strategy=strategy)
    with pytest.raises(UsageError):
        Sketch(replace(SETTINGS, signals=signals), MODES[fills])
