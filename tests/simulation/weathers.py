"""Named weathers: what a safeguard needs to meet before it matters. On paper, see paper.py."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from core import messages as m
from core.clock import SECOND
from core.reasons import Reason
from core.sessions import left
from core.terms import OrderType
from tests import build
from tests.simulation.paper import Paper, Weather
from tests.simulation.world import START
from venues.orders import Ticket

POOR = {"RISK_BALANCE_MIN": "99000.00", "SIGNALS_CYCLE_S": "5"}
MANY = {
    "RISK_CONTRACTS": "4", "RISK_POSITION_MAX": "4", "RISK_TRADE_RISK_MAX": "200.00",
}  # fmt: skip
STAY = {"SIGNALS_STOP_TICKS": "20", "SIGNALS_TARGET_TICKS": "40", "RISK_TRADE_RISK_MAX": "60.00"}
LIMITS = {
    "RISK_DAY_LOSS_MAX": "90.00", "RISK_DAY_DRAWDOWN_MAX": "90.00",
    "RISK_ACCOUNT_DRAWDOWN_MAX": "90.00", "RISK_KILL_LOSS_MAX": "90.00",
}  # fmt: skip


def poor(**tight: str) -> Weather:
    """A session that loses, with one limit near."""
    return Weather(numbers=POOR | {key.upper(): value for key, value in tight.items()})


def evening() -> Weather:
    """Shortly before the flat time: one entry, and no wish to leave until it is over."""
    flat = START + left(START, build.SETTINGS.session)
    entry = flat // SECOND - 75
    cycle = next(n for n in range(160, entry) if entry % n == 0)
    numbers = {"SESSION_NO_ENTRY_S": "60.0", "SESSION_FLATTEN_S": "30.0", **STAY}
    return Weather(numbers | {"SIGNALS_CYCLE_S": str(cycle)}, start=flat - 100 * SECOND)


def last_call() -> Weather:
    """As evening, with a wish every five seconds."""
    late = evening()
    return replace(late, numbers=late.numbers | {"SIGNALS_CYCLE_S": "5"})


def stranger(paper: Paper, second: int) -> Iterable[m.Message]:
    """Somebody else trades the same account, and no hub says so."""
    if second == 40 + paper.seed % 20:
        paper.truth.foreign_at = paper.weather.start + second * SECOND
        paper.exchange.place(paper.truth.foreign_at, Ticket(OrderType.MARKET, 1, 1))
    return ()


def stranger_told(paper: Paper, second: int) -> Iterable[m.Message]:
    """An order of others rests, and the hub says so."""
    if second == 40 + paper.seed % 20:
        at = paper.truth.foreign_at = paper.weather.start + second * SECOND
        done = paper.exchange.place(at, Ticket(OrderType.LIMIT, 1, 1, Decimal(4900)))
        return [m.OrderAccepted(at, "", done.order_id), *paper.paper.told(done.events)]
    return ()


def stranger_before(paper: Paper) -> None:
    """Somebody else was there before us."""
    at = paper.truth.foreign_at = paper.weather.start - SECOND
    paper.exchange.on_quote(m.Quote(at, 5000.0, 5000.25, 9, 9))
    paper.exchange.place(at, Ticket(OrderType.MARKET, 1, 1))


def killed(paper: Paper, second: int) -> Iterable[m.Message]:
    at = paper.weather.start + second * SECOND
    return [m.Command(at, "kill", "a person", "test")] if second == 40 + paper.seed else ()


def links(*names: str) -> Any:
    """Each link is down now and then, for a few seconds."""

    def events(paper: Paper, second: int) -> Iterable[m.Message]:
        at, phase = paper.weather.start + second * SECOND, (second + paper.seed) % 20
        reasons = {6: Reason.DATA_LINK_DOWN, 12: Reason.DATA_LINK_UP}
        for name in names:
            if phase in reasons:
                paper.stages["venue"].deaf = name == "user" and phase == 6
                yield m.FeedState(at, name, phase == 12, "", reasons[phase])

    return events


def noise(kind: str) -> Any:
    """A quote in fifty that is wrong in one way comes before the true event."""
    rng = random.Random(kind)

    def dirt(stage: Any, message: m.Message) -> Iterable[m.Message]:
        if not isinstance(message, m.Quote) or rng.random() > 0.02:
            return []
        bid, ask, at = message.bid, message.ask, message.at
        return [{
            "none": replace(message, bid=float("nan")),
            "crossed": replace(message, bid=ask + 20, ask=bid - 20),
            "jump": replace(message, bid=bid - 500, ask=ask - 500),
            "wide": replace(message, bid=bid - 9),
            "old": replace(message, at=at - 30 * SECOND, bid=bid - 9, ask=ask - 9),
            "stale": replace(
                message, received=at + 3 * SECOND // 2, bid=bid - 9, ask=ask - 9
            ),
        }[kind]]  # fmt: skip

    return dirt


DIRT = ("none", "crossed", "jump", "wide", "old", "stale")


def dirty(kind: str) -> Weather:
    return Weather(numbers=LIMITS, dirt=noise(kind))


PAPER: dict[str, Weather] = {
    "calm": Weather(),
    "rough": Weather(news=0.1, lost=0.1, crashes=3),
    "wild": Weather(news=0.2, lost=0.2, crashes=1),
    "late": Weather(news=0.05, lost=0.15, late_s=12, crashes=2),
    "slow": Weather(way_s=0.3, news=0.05, crashes=1),
    "slower": Weather(way_s=1.5, news=0.05),
    "asked": Weather(told_s=6, news=0.1, crashes=1),
    "unheard": Weather(unheard=0.3, news=0.02),
    "manual": Weather(numbers={"EXECUTION_NATIVE_BRACKETS": "false"}, lost=0.1),
    "jitter": Weather(jitter_s=1.5, news=0.05),
    "deaf": Weather(unheard=0.3, news=0.2),
    "later": Weather(lost=0.15, late_s=12, numbers={"RECOVERY_UNKNOWN_QUIET_S": "5.0"}),
    "turning": Weather(way_s=0.3, news=0.05, numbers={"SIGNALS_ALLOW_REVERSAL": "true"}),
    "thin": Weather(thin=True, news=0.1, way_s=0.1, numbers=MANY),
    "thin own": Weather(thin=True, way_s=0.1, numbers=MANY | {
        "EXECUTION_NATIVE_BRACKETS": "false",
    }),
    "killed": Weather(events=killed, numbers={"SIGNALS_CYCLE_S": "30"}),
    "silent": Weather(events=links("market"), numbers={"SIGNALS_CYCLE_S": "2"}),
    "links": Weather(events=links("user"), trades=True),
    "refused": Weather(brackets=False, way_s=0.3),
    "two": Weather(numbers={
        "RISK_CONTRACTS": "2", "RISK_POSITION_MAX": "2", "RISK_TRADE_RISK_MAX": "100.00",
        "EXECUTION_NATIVE_BRACKETS": "false",
    }, way_s=0.2),
    "poor day": poor(risk_day_loss_max="15.00"),
    "poor peak": poor(risk_day_drawdown_max="15.00"),
    "poor account": poor(risk_account_drawdown_max="15.00"),
    "poor capital": poor(risk_kill_loss_max="15.00"),
    "poor balance": poor(risk_balance_min="99985.00"),
    "unlucky": poor(risk_losses_in_row_max="3", risk_losses_pause_s="60.0"),
    "failing executor refused": Weather(
        brackets=False, news=0.1, faulty=("executor", m.OrderRejected)
    ),
    "wide stops": Weather(numbers={"SIGNALS_STOP_TICKS": "60"}),
    "evening": evening(),
    "last call": last_call(),
    "stranger": Weather(events=stranger),
    "stranger told": Weather(
        events=stranger_told, numbers={"RECOVERY_RECONCILE_S": "15.0"}
    ),
    "stranger before": Weather(
        before=stranger_before, told_s=4, numbers={"SIGNALS_CYCLE_S": "2"}
    ),
    "failing recovery": Weather(news=0.1, faulty=("recovery", m.Fill)),
    "failing recovery unsure": Weather(
        news=0.05, lost=0.2, faulty=("recovery", m.OrderUncertain)
    ),
    "failing executor": Weather(news=0.1, faulty=("executor", m.Fill)),
    "failing risk": Weather(news=0.1, faulty=("risk", m.Fill)),
    "failing signals": Weather(news=0.1, faulty=("signals", m.Fill)),
    **{f"dirty {kind}": dirty(kind) for kind in DIRT},
}  # fmt: skip
