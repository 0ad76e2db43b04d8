"""Size, worth and prices of one entry: each rule at its limit and one unit past it."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors import pretrade
from core.messages import Approved
from core.reasons import Reason
from core.terms import Action, Purpose
from tests import build
from tests.actors.controlled import D, check, quote, risk, verdict, wish

MES = build.SETTINGS.instrument


@pytest.mark.parametrize(
    ("size", "passed"),
    [(1, True), (2, True), (3, False), (0, False), (-1, False), (True, False), (1.0, False),
     (float("nan"), False), (Decimal(1), False), ("1", False), (None, False)],
)  # fmt: skip
def test_a_quantity_is_a_whole_number_from_one_to_its_limit(size, passed):
    assert pretrade.quantity(size, 2).passed is passed


@pytest.mark.parametrize(("contracts", "passed"), [(2, True), (3, False)])
def test_more_contracts_than_one_order_may_have_are_refused(contracts, passed):
    stage = risk(contracts=contracts)
    assert check(stage, wish(), Reason.RISK_MAX_QTY).passed is passed


@pytest.mark.parametrize(("most", "passed"), [("25001.25", True), ("25001.24", False)])
@pytest.mark.parametrize("action", [Action.LONG_ENTRY, Action.SHORT_ENTRY])
def test_an_order_may_be_worth_its_limit_and_not_a_cent_more(action, most, passed):
    row = check(risk(order_value_max=D(most)), wish(action=action), Reason.RISK_MAX_VALUE)
    assert (row.value, row.passed) == (D("25001.25"), passed)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_without_a_reference_price_there_is_no_order(price):
    assert not pretrade.value(pretrade.worth(MES, D(price), 1), D(10**9)).passed


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("leg", "ticks", "passed"), [
    ("price", 39, True), ("price", 40, False), ("stop_ticks", 40, True), ("stop_ticks", 41, False),
    ("target_ticks", 39, True), ("target_ticks", 40, False),
])  # fmt: skip
def test_price_stop_and_target_lie_within_the_collar(side, leg, ticks, passed):
    """The touch is half a tick from the mid of 5000.125: the stop is nearer by it, the rest far."""
    touch = D("5000.25") if side > 0 else D("5000.00")
    changes = {"price": touch, "stop_ticks": 0, "target_ticks": 0}
    changes[leg] = touch + side * ticks * MES.tick if leg == "price" else ticks
    action = Action.LONG_ENTRY if side > 0 else Action.SHORT_ENTRY
    assert check(risk(), wish(action=action, **changes), Reason.RISK_COLLAR).passed is passed


@pytest.mark.parametrize(("hour", "ticks"), [
    ("09:29:59", 20), ("09:30:00", 40), ("15:59:59", 40), ("16:00:00", 20), ("18:00:00", 20),
])  # fmt: skip
def test_the_collar_goes_by_the_phase_of_the_session(hour, ticks):
    at = int(datetime.fromisoformat(f"2026-11-20T{hour}-05:00").timestamp()) * build.SECOND
    numbers = replace(build.CONTROLLED.controls, collar_ticks=40, collar_night_ticks=20)
    assert pretrade.width(numbers, at) == ticks
    assert pretrade.width(replace(numbers, collar_night_ticks=0), at) == 40  # a log of before


@pytest.mark.parametrize(("bid", "ask", "passed"), [
    (5000.0, 5000.25, True), (5000.25, 5000.25, False), (5000.5, 5000.25, False),
    (0.0, 5000.25, False), (5000.0, 0.0, False),
])  # fmt: skip
def test_a_crossed_or_one_sided_quote_is_nothing_to_trade_on(bid, ask, passed):
    stage = risk()
    stage.on(quote(bid=bid, ask=ask))
    assert check(stage, wish(), Reason.DATA_CROSSED).passed is passed


@pytest.mark.parametrize(("purpose", "held", "crosses"), [
    (Purpose.ENTRY, 0, True), (Purpose.STOP, 0, True), (Purpose.TARGET, 0, True),
    (Purpose.STOP, 1, False), (Purpose.TARGET, 1, False), (Purpose.ENTRY, 1, True),
])  # fmt: skip
@pytest.mark.parametrize("side", [1, -1])
def test_no_entry_meets_an_order_of_our_own_but_its_linked_exits(side, purpose, held, crosses):
    stage = risk()
    if held:
        stage.on(build.fill(side=side, venue_id=5, tag="", price=D(5000)))
    stage.on(build.place_order(tag="r-7", purpose=purpose, side=-side, intent="x"))
    action = Action.LONG_ENTRY if side > 0 else Action.SHORT_ENTRY
    row = check(stage, wish(action=action), Reason.RISK_SELF_CROSS)
    assert row.passed is not crosses


@pytest.mark.parametrize(("live", "passed"), [(7, True), (8, False)])
def test_an_entry_and_its_legs_must_fit_among_the_live_orders(live, passed):
    stage = risk()
    for n in range(live):
        stage.on(build.place_order(tag=f"r-{n}", purpose=Purpose.STOP, intent="x"))
    row = check(stage, wish(), Reason.RISK_MAX_OPEN_ORDERS)
    assert (row.value, row.passed) == (live + 3, passed) if not passed else row.passed


@pytest.mark.parametrize(("most", "passed"), [("50002.50", True), ("50002.49", False)])
def test_what_is_held_and_what_may_fill_is_bounded_in_dollars(most, passed):
    stage = risk(open_value_max=D(most))
    stage.on(build.fill(side=1, venue_id=5, tag="", price=D(5000)))
    assert check(stage, wish(), Reason.RISK_MAX_OPEN_ORDERS).passed is passed


@pytest.mark.parametrize(("listed", "account", "passed"), [
    ((), 5, True), ((5,), 5, True), ((6, 5), 5, True), ((6,), 5, False),
])  # fmt: skip
def test_an_account_that_is_not_listed_is_refused(listed, account, passed):
    answer = verdict(risk(account=account, accounts=listed), wish())
    assert isinstance(answer, Approved) is passed
    assert passed or answer.reason is Reason.RISK_NOT_ALLOWED


def test_an_instrument_that_is_not_listed_is_refused():
    answer = verdict(risk(instruments=("MGC",)), wish())
    assert answer.reason is Reason.RISK_NOT_ALLOWED
