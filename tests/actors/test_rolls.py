"""No entry after the contract's roll, no position through it; sizes by the contract's own terms."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.rolls import openable, over
from core.contracts import CODES, QUARTERS, rolls_at
from core.instruments import Instrument
from core.messages import Approved, Refused
from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_risk import changes, intent, verdict

D, SECOND = Decimal, build.SECOND
# Tick and its worth, by the exchange's contract specifications.
TICKS = {
    "MES": ("0.25", "1.25"), "MNQ": ("0.25", "0.50"), "M2K": ("0.10", "0.50"),
    "MYM": ("1", "0.50"), "EP": ("0.25", "12.50"),
}  # fmt: skip
MONTHS = [(year, month) for year in range(2026, 2036) for month in QUARTERS]


def stage(contract, at, symbol="MES", **session):
    from actors.risk import Risk

    tick, value = (D(number) for number in TICKS[symbol])
    instrument = Instrument(symbol, f"F.US.{symbol}", symbol, tick, value, D("0.22"), D("0.20"))
    rules = replace(build.SETTINGS.session, **session)
    settings = replace(build.SETTINGS, instrument=instrument, session=rules)
    found = Risk(settings)
    for message in (
        build.run_started(at=at, settings=settings, contract_id=contract),
        build.session_opened(at=at), build.account_snapshot(at=at, position=0, orders=(), fills=()),
        build.feed_state(at=at), build.agreed(at=at, position=0),
    ):  # fmt: skip
        found.on(message)
    return found


@pytest.mark.parametrize("symbol", TICKS)
def test_forty_rolls_of_each_contract_let_no_stale_order_pass(symbol):
    """On the last morning an entry is sized by the contract's own terms; from the roll on, none."""
    tick_value = D(TICKS[symbol][1])
    for year, month in MONTHS:
        name = f"CON.F.US.{symbol}.{CODES[month - 1]}{year % 100:02d}"
        roll = rolls_at(name, 4)
        for at, admitted in (
            (roll - 8 * 3600 * SECOND, True), (roll, False), (roll + 16 * 3600 * SECOND, False),
        ):  # fmt: skip
            ticks = 1 if symbol == "EP" else 8
            answer = verdict(stage(name, at, symbol), intent(at, stop_ticks=ticks))
            roll_check = next(c for c in answer.checks if c.rule is Reason.DATA_CONTRACT_ROLL)
            assert roll_check.passed is admitted, name
            if admitted and symbol != "EP":
                assert isinstance(answer, Approved)
                assert answer.risk == (ticks + 2) * tick_value + D("0.84")
            if not admitted:
                assert isinstance(answer, Refused)
                assert answer.reason is Reason.DATA_CONTRACT_ROLL


ROLL = rolls_at("CON.F.US.MES.Z26", 4)


@pytest.mark.parametrize(("at", "passed"), [(ROLL - 1, True), (ROLL, False), (ROLL + 1, False)])
def test_the_roll_counts_from_its_own_moment_on(at, passed):
    (check,) = openable("CON.F.US.MES.Z26", 4, at)
    assert check.passed is passed
    assert over("CON.F.US.MES.Z26", 4, at) is not passed


def test_without_the_rule_nothing_is_asked():
    assert openable("", 0, ROLL) == () and not over("CON.F.US.MES.Z26", 0, ROLL)
    assert not openable("", 4, ROLL)[0].passed and not over("", 4, ROLL)


def test_a_position_that_stands_at_the_roll_is_closed_and_the_next_day_admits_the_next_month():
    held = stage("CON.F.US.MES.Z26", ROLL - 3600 * SECOND)
    held.on(build.fill(at=ROLL - 3600 * SECOND, price=D("5000.00"), fees=D(0)))
    (change,) = changes(held, build.pulse(at=ROLL - 1800 * SECOND))
    assert (change.state, change.reason) == (State.FLATTEN_ONLY, Reason.RISK_SESSION_CLOSED)
    later = stage("CON.F.US.MES.Z26", ROLL)
    later.on(build.fill(at=ROLL, price=D("5000.00"), fees=D(0)))
    (change,) = changes(later, build.pulse(at=ROLL + 5 * SECOND))
    assert (change.state, change.reason) == (State.FLATTEN_ONLY, Reason.DATA_CONTRACT_ROLL)
    later.on(build.fill(at=ROLL, trade_id=2, side=-1, tag="", price=D("5000.00"), fees=D(0)))
    assert not changes(later, build.pulse(at=ROLL + 6 * SECOND))
    (after,) = changes(later, build.session_opened(trade_date="2026-12-16"))
    assert after.state is State.ACTIVE
