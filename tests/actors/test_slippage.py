"""How far a market order slips: by range, volume and hour, of which the worst counts."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.breakers import Breakers
from actors.risk import Risk
from actors.slippage import ticks
from core.messages import Approved, OrderAccepted, PlaceOrder, Quote
from core.reasons import Reason
from core.terms import OrderType, Purpose
from research.venue import PaperVenue
from tests import build
from tests.actors.test_risk import intent

D = Decimal
TABLED = replace(build.SETTINGS, slippage=replace(build.SETTINGS.slippage, plan="conditions"))
CHARGED = replace(build.SETTINGS, slippage=replace(build.SETTINGS.slippage, charge=True))


def at(hour, day="2026-11-20"):
    return int(datetime.fromisoformat(f"{day}T{hour}-05:00").timestamp()) * build.SECOND


NOON = at("12:00:00")


@pytest.mark.parametrize(("ratio", "slip"), [
    ("0", 1), ("1.5", 1), ("1.500001", 2), ("2", 2), ("2.000001", 3), ("3", 3), ("3.000001", 4),
    ("50", 4),
])  # fmt: skip
def test_a_wild_market_slips_two_to_four_ticks(ratio, slip):
    assert ticks(build.SETTINGS, Breakers(ratio=D(ratio)), NOON) == slip


@pytest.mark.parametrize(("volume", "slip"), [("0.10", 1), ("0.099999", 2), ("0", 2)])
def test_a_thin_market_slips_two_ticks(volume, slip):
    assert ticks(build.SETTINGS, Breakers(volume=D(volume)), NOON) == slip


@pytest.mark.parametrize(("hour", "slip"), [
    ("09:29:59", 2), ("09:30:00", 1), ("15:59:59", 1), ("16:00:00", 2), ("18:00:00", 2),
])  # fmt: skip
def test_outside_regular_hours_it_slips_two_ticks(hour, slip):
    assert ticks(build.SETTINGS, Breakers(), at(hour)) == slip


def test_a_half_day_ends_its_regular_hours_earlier():
    assert [ticks(build.SETTINGS, Breakers(), at(hour, "2026-11-27"))
            for hour in ("12:59:59", "13:00:00")] == [1, 2]  # fmt: skip


@pytest.mark.parametrize(("ratio", "volume", "hour", "slip"), [
    ("1.6", "0.05", "03:00:00", 2), ("2.5", "0.05", "03:00:00", 3), ("9", "1", "12:00:00", 4),
])  # fmt: skip
def test_of_all_conditions_the_worst_counts(ratio, volume, hour, slip):
    assert ticks(build.SETTINGS, Breakers(ratio=D(ratio), volume=D(volume)), at(hour)) == slip


def planning(settings, atr=10.0, now=NOON):
    stage = Risk(settings)
    for message in (
        build.run_started(at=now, settings=settings), build.session_opened(at=now),
        build.account_snapshot(at=now, balance=D(1000), position=0, orders=(), fills=()),
        build.feed_state(at=now), build.agreed(at=now, position=0),
        build.conditions(at=now, atr=atr, atr_normal=10.0, volume=400, volume_normal=400.0),
    ):  # fmt: skip
        stage.on(message)
    return stage


@pytest.mark.parametrize(("atr", "hour", "risk"), [
    (10.0, "12:00:00", "13.34"), (10.0, "03:00:00", "15.84"), (15.1, "12:00:00", "15.84"),
    (20.1, "12:00:00", "18.34"),
])  # fmt: skip
def test_risk_plans_with_the_slips_of_the_moment(atr, hour, risk):
    now = at(hour)
    (answer,) = planning(TABLED, atr, now).on(intent(at=now, confidence=0.95))
    assert isinstance(answer, Approved) and answer.risk == D(risk)


@pytest.mark.parametrize(("hour", "stop", "fits"), [
    ("12:00:00", 17, True), ("12:00:00", 18, False), ("03:00:00", 15, True),
    ("03:00:00", 16, False),
])  # fmt: skip
def test_a_wider_slip_leaves_less_to_the_stop(hour, stop, fits):
    now = at(hour)
    (answer,) = planning(TABLED, 10.0, now).on(intent(at=now, stop_ticks=stop, confidence=0.95))
    assert isinstance(answer, Approved) is fits
    assert fits or answer.reason is Reason.RISK_TRADE_TOO_LARGE


def test_fixed_slips_ask_for_no_conditions():
    now = at("03:00:00")
    (answer,) = planning(build.SETTINGS, 20.1, now).on(intent(at=now, confidence=0.95))
    assert answer.risk == D("13.34")


@pytest.mark.parametrize(("side", "kind", "settings", "price"), [
    (1, OrderType.MARKET, CHARGED, "5001.00"), (-1, OrderType.MARKET, CHARGED, "4999.25"),
    (1, OrderType.LIMIT, CHARGED, "5000.25"), (1, OrderType.MARKET, build.SETTINGS, "5000.25"),
    (1, OrderType.STOP, CHARGED, "5001.25"), (-1, OrderType.STOP, CHARGED, "4999.00"),
])  # fmt: skip
def test_a_backtest_pays_the_slip_where_it_is_charged(side, kind, settings, price):
    """Three ticks: the range is two and a half times its normal. A stop wakes a tick further."""
    venue = PaperVenue(settings, D(1000))
    venue.on(build.conditions(at=NOON, atr=25.0, atr_normal=10.0))
    venue.on(Quote(NOON, 5000.0, 5000.25, 9, 9))
    trigger = {1: D("5000.50"), -1: D("4999.75")}[side]
    limit = D("5000.25") if kind is OrderType.LIMIT else None
    order = PlaceOrder(NOON, "r-1", Purpose.ENTRY, kind, side, 1, limit,
                       trigger if kind is OrderType.STOP else None)  # fmt: skip
    answers = venue.on(order)
    assert isinstance(answers[0], OrderAccepted)
    move = 0.25 * side if kind is OrderType.STOP else 0.0
    venue.on(Quote(NOON + 1, 5000.0 + move, 5000.25 + move, 9, 9))
    (trade,) = venue.exchange.trades
    assert trade.price == D(price)
