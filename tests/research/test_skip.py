"""The run that leaves out what changes nothing is the run that leaves out nothing."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from core.clock import SECOND
from core.messages import Approved, TradeClosed
from core.settings import BreakerSettings, StopSettings
from daemon import wiring
from research import dataset, seconds
from storage import tape as tapes
from tests.research.invented import CONFIG, SETTINGS, Network, market, pieces, run
from venues.fills import MODES

ROOT = Path(__file__).parents[2]


def with_(section, **fields):
    return replace(SETTINGS, **{section: replace(getattr(SETTINGS, section), **fields)})


EASY = with_("sizing", mode="fixed")
RICH = replace(
    EASY,
    risk=replace(
        EASY.risk, kill_loss_max=Decimal(900), day_loss_max=Decimal(400), balance_min=Decimal(50),
        day_drawdown_max=Decimal(400), account_drawdown_max=Decimal(900), losses_in_row_max=50,
        trade_risk_max=Decimal(100),
    ),
    breakers=BreakerSettings(),
    controls=replace(EASY.controls, collar_ticks=400),
    signals=replace(EASY.signals, cooldown_s=5.0),
)  # fmt: skip
CASES = {
    "as shipped": SETTINGS,
    "fixed size": EASY,
    "hardly a limit": RICH,
    "near limits": replace(RICH, risk=replace(RICH.risk, day_loss_max=Decimal(30))),
    "stops by range": replace(RICH, stops=replace(SETTINGS.stops, mode="atr")),
    "stops by swings": replace(RICH, stops=replace(SETTINGS.stops, mode="structure")),
    "stops that trail": replace(
        RICH,
        signals=replace(RICH.signals, target_ticks=40),
        stops=replace(SETTINGS.stops, even_r=Decimal("0.5"), trail_r=Decimal("0.7")),
    ),
    "stops that stay": replace(RICH, stops=StopSettings()),
    "reversals": replace(RICH, signals=replace(RICH.signals, allow_reversal=True)),
    "breakers that pause": replace(
        RICH, breakers=replace(SETTINGS.breakers, pause=True, atr_high=Decimal("1.2"),
                               atr_calm=Decimal("1.1"))
    ),
    "kelly": replace(RICH, sizing=replace(SETTINGS.sizing, mode="kelly", kelly_trades_min=5)),
    "regular hours": replace(RICH, session=replace(SETTINGS.session, kind="rth")),
    "exits of our own": replace(
        RICH, execution=replace(SETTINGS.execution, native_brackets=False)
    ),
    "no flat time of the venue": replace(RICH, session=replace(SETTINGS.session, venue_flat="")),
}  # fmt: skip


def assert_same(settings, fills, network, table, size):
    told, end, outcome = run(settings, fills, network, [table], every=True)
    ours = run(settings, fills, network, pieces(table, size), every=False)
    assert ours[0] == told
    for name, memory in end.items():
        assert ours[1][name] == memory, name
    assert replace(ours[2], bars_told=0) == replace(outcome, bars_told=0)
    assert ours[2].bars_told < outcome.bars_told
    return [message for _, message in told if isinstance(message, TradeClosed)]


@pytest.mark.parametrize("case", CASES)
def test_orders_fills_ledger_and_end_state_are_the_same(case):
    seed = sorted(CASES).index(case)
    table = market(seed, days=2, seconds=3200)
    fills = sorted(MODES)[seed % 3]
    assert assert_same(CASES[case], fills, Network(seed, 1.0), table, 1000 + 37 * seed)


@pytest.mark.parametrize("fills", ["optimistic", "conservative", "realistic"])
def test_so_it_is_on_a_recorded_hour(fills):
    tape = tapes.read(ROOT / "data/es_20231225.parquet")
    model = wiring.load_model(CONFIG, 2**62)
    table = seconds.table(dataset.bars(tape, SETTINGS))
    assert assert_same(SETTINGS, fills, model, table, len(table))


def test_so_it_is_for_a_strategy_that_goes_by_the_clock():
    settings = replace(RICH, signals=replace(RICH.signals, strategy="cycle", cycle_s=30))
    assert len(assert_same(settings, "realistic", None, market(77, days=2, seconds=2000), 500)) > 9


@pytest.mark.parametrize("fills", sorted(MODES))
@pytest.mark.parametrize(("case", "slow"), [("as shipped", 21), ("hardly a limit", 9)])
def test_so_it_is_for_a_strategy_that_keeps_averages(fills, case, slow):
    settings = CASES[case]
    crossing = replace(settings.signals, strategy="ema_cross", ema_fast=5, ema_slow=slow)
    table = market(78, days=2, seconds=2500)
    assert assert_same(replace(settings, signals=crossing), fills, None, table, 700)


@pytest.mark.parametrize("seed", [1, 2])
def test_so_it_is_where_prices_lie_off_the_grid(seed):
    """As gold does on that of MES, and an index by a broker who quotes cents."""
    table = market(seed, days=2, seconds=3200)
    table[:, [2, 3, 4, 5, 10, 11]] += (np.arange(len(table)) * 7 % 25 - 12)[:, None] / 100
    assert assert_same(RICH, "optimistic", Network(seed, 1.0), table, 1000)


ROLL = ["2024-03-08T15:00:00", "2024-03-11T15:00:00", "2024-03-12T15:00:00"]


def early(roll_days):
    return replace(RICH, session=replace(RICH.session, roll_days=roll_days))


@pytest.mark.parametrize(
    ("roll_days", "runs"), [(4, {"backtest", "backtest2"}), (11, {"backtest2"})]
)
def test_at_a_roll_both_start_in_the_next_contract_and_trade_on(roll_days, runs):
    # Of so many seconds that no piece ends with an order on its way: a day would be told.
    table, network, settings = market(5, ROLL, 2190), Network(5, 1.0), early(roll_days)
    trades = assert_same(settings, "conservative", network, table, 1000)
    assert trades[-1].at > (table[-1, 0] - 2190) * SECOND
    told, _, _ = run(settings, "conservative", network, [table], every=False)
    entries = [message.intent.id for _, message in told if isinstance(message, Approved)]
    assert {entry.split("-")[0] for entry in entries} == runs


def test_a_contract_that_has_rolled_is_refused_once_a_day():
    table = market(5, ROLL[:1], 2190)
    assert run(early(11), "conservative", Network(5, 1.0), [table], every=False)[2].bars_told == 2
