"""Weathers with one control so tight that a busy strategy meets it, and what switches each off."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

import actors.signals
from actors import streaks
from actors.account import settings_of
from actors.breakers import Breakers
from actors.controls import Controls
from core import messages as m
from core.clock import SECOND
from core.reasons import Reason
from tests.simulation.manners import ROLLED
from tests.simulation.paper import Paper, Weather
from tests.simulation.switches import Switch, instead, passing


def tight(**numbers: str) -> Weather:
    return Weather(numbers={"SIGNALS_CYCLE_S": "5"} | {k.upper(): v for k, v in numbers.items()})


def skewed(paper: Paper) -> None:
    """The venue's clock is three seconds ahead of ours."""
    snapshot = paper.paper.snapshot
    paper.paper.snapshot = lambda *about: replace(snapshot(*about), skew=Decimal(3))
    paper.truth.manners.skewed = True


def widening() -> Any:
    """For ten seconds of twenty the second ends with a spread of four ticks."""
    seen: list[m.Quote] = []

    def dirt(stage: Any, message: m.Message) -> list[m.Message]:
        if isinstance(message, m.Quote):
            seen[:] = [message]
        if not isinstance(message, m.Pulse) or not seen or not wide(message.at):
            return []
        return [replace(seen[0], at=message.at - 1, bid=seen[0].ask - 1)]

    return dirt


def wide(at: int) -> bool:
    return at // SECOND % 20 < 10


def watched(paper: Paper) -> None:
    paper.truth.manners.wide = wide


THREE = {"risk_contracts": "3", "risk_position_max": "3", "risk_trade_risk_max": "100.00"}
AFTER_ROLL = int(ROLLED.timestamp()) + 16 * 3600
FIRM = {"prop_profile": "topstepx-100k-combine", "prop_balance_high": "102995.00"}

WEATHERS: dict[str, Weather] = {
    "tight quantity": tight(**THREE, controls_quantity_max="2"),
    "tight value": tight(controls_order_value_max="20000.00"),
    "tight open value": tight(controls_open_value_max="20000.00"),
    "tight collar": tight(
        controls_collar_ticks="40", signals_stop_ticks="60", risk_trade_risk_max="100.00"
    ),
    "tight capital": tight(controls_margin_contract="200000.00"),
    "tight tiers": tight(**THREE, sizing_mode="tiers", sizing_tiers="[[1.0, 1, 0.02]]"),
    "tight orders": tight(controls_orders_open_max="2"),
    "tight floor": tight(**FIRM),
    "tight day": tight(controls_trades_day_max="3"),
    "tight repeats": tight(controls_repeat_max="2"),
    "tight messages": tight(controls_messages_long_max="10"),
    "tight likeness": tight(controls_duplicate_s="100.0", signals_cycle_s="3"),
    "tight drift": tight(controls_drift_orders="3", controls_drift_ticks="1"),
    "tight balance": tight(controls_balance_max_s="10.0", recovery_reconcile_s="100000.0"),
    "tight list": tight(controls_accounts="[7]"),
    "tight hold": tight(controls_hold_min_s="6.0", signals_cycle_s="2"),
    "tight pause": tight(breakers_losses_first="2", breakers_losses_first_pause_s="60.0"),
    "old contract": replace(tight(session_roll_days="4"), start=AFTER_ROLL * SECOND),
    "wide market": replace(tight(breakers_spread_pause_ticks="2"), dirt=widening(), before=watched),
    "wrong clock": replace(tight(), before=skewed),
}


def long_pause(account: Any) -> float:
    """Without the first, shorter one."""
    risk = settings_of(account).risk
    return risk.losses_pause_s if account.losses >= risk.losses_in_row_max else 0.0


KNOBS = {"size by balance and confidence": {"SIZING_MODE": "fixed"}}
OFF: dict[str, Switch] = {
    "the most contracts of an order": passing(Reason.RISK_MAX_QTY),
    "the most dollars of an order": passing(Reason.RISK_MAX_VALUE),
    "the most of what is open": passing(Reason.RISK_MAX_OPEN_ORDERS),
    "the collar round the market": passing(Reason.RISK_COLLAR),
    "capital for what is open": passing(Reason.RISK_CAPITAL),
    "a firm's floor": passing(Reason.RISK_PROP_LOSS),
    "the most entries of a day": passing(Reason.RISK_MAX_TRADES),
    "no strategy that repeats itself": passing(Reason.RISK_THROTTLE_REPEAT),
    "messages kept for exits": passing(Reason.RISK_THROTTLE_MSG),
    "no entry like another": passing(Reason.RISK_DUPLICATE),
    "no entries that drift one way": passing(Reason.RISK_COLLAR_DRIFT),
    "no entry on an old balance": passing(Reason.RISK_STALE_BALANCE),
    "the lists of what may be traded": passing(Reason.RISK_NOT_ALLOWED),
    "no entry by a wrong clock": passing(Reason.RISK_CLOCK_SKEW),
    "no entry after the roll": passing(Reason.DATA_CONTRACT_ROLL),
    "a position is kept a while": instead(actors.signals, "young", lambda *about: None),
    "no entry while the spread is wide": passing(Reason.RISK_SPREAD),
    "no entry on an old quote": passing(Reason.DATA_STALE),
    "no entry that meets our own order": passing(Reason.RISK_SELF_CROSS),
    "half the size in a wild or a thin market": instead(
        Breakers, "factor", lambda self, settings: Decimal(1)
    ),
    "flat if nobody answers an alert": instead(Controls, "overdue", lambda *about: False),
    "the first, shorter pause": instead(streaks, "pause_s", long_pause),
}
