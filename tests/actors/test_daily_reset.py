"""A daily limit that was hit ends at 09:30 New York of the next trade date, no moment before."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_risk import AT, changes, risk
from tests.actors.test_tightenings import AT as EARLY
from tests.actors.test_tightenings import risk as told_of
from tests.build import CONTROLLED

D = Decimal


def new_york(text, offset="-05:00"):
    return int(datetime.fromisoformat(f"{text}{offset}").timestamp()) * build.SECOND


def lost(amount="50.00"):
    stage = risk(daily_reset="rth")
    stage.on(build.fill(at=AT, fees=D(0)))
    stage.on(build.fill(at=AT, side=-1, trade_id=2, fees=D(amount)))
    return stage


def opened(stage, day, evening):
    stage.on(build.session_opened(at=new_york(f"{evening}T18:00:00"), trade_date=day))


@pytest.mark.parametrize(("moment", "state"), [
    ("2026-11-22T18:00:00", State.FLATTEN_ONLY), ("2026-11-23T09:29:59", State.FLATTEN_ONLY),
    ("2026-11-23T09:30:00", State.ACTIVE), ("2026-11-23T09:30:01", State.ACTIVE),
])  # fmt: skip
@pytest.mark.parametrize("restarts", [0, 1])
def test_it_ends_at_the_next_opening_of_regular_hours(moment, state, restarts):
    stage = lost()
    assert (stage.memory.state, stage.memory.why) == (State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS)
    opened(stage, "2026-11-23", "2026-11-22")
    for n in range(restarts):
        stage.on(build.run_started(at=AT, run=f"r{n}", settings=stage.memory.settings))
    stage.on(build.pulse(at=new_york(moment)))
    assert stage.memory.state is state


def test_a_cent_less_is_no_daily_loss():
    assert lost("49.99").memory.state is State.ACTIVE


def test_a_day_without_regular_hours_leaves_it_to_the_next():
    """The exchange trades on Thanksgiving until 13:00; NYSE does not open before Friday."""
    stage = lost()
    opened(stage, "2026-11-26", "2026-11-25")
    stage.on(build.pulse(at=new_york("2026-11-26T12:00:00")))
    assert stage.memory.state is State.FLATTEN_ONLY
    opened(stage, "2026-11-27", "2026-11-26")
    stage.on(build.pulse(at=new_york("2026-11-27T09:29:59")))
    assert stage.memory.state is State.FLATTEN_ONLY
    stage.on(build.pulse(at=new_york("2026-11-27T09:30:00")))
    assert stage.memory.state is State.ACTIVE


def test_what_a_person_said_meanwhile_is_not_overruled():
    stage = lost()
    opened(stage, "2026-11-23", "2026-11-22")
    stage.on(build.command(at=AT, name="kill"))
    assert not changes(stage, build.pulse(at=new_york("2026-11-23T09:30:00")))
    assert stage.memory.state is State.HALTED


@pytest.mark.parametrize(("reset", "told"), [
    ("rth", "09:30 New York of the next trade date (risk.daily_reset)"),
    ("roll", "the next trade date (risk.daily_reset)"),
])  # fmt: skip
def test_what_is_told_to_end_it_is_what_ends_it(reset, told):
    stage = told_of(replace(CONTROLLED, risk=replace(CONTROLLED.risk, daily_reset=reset)))
    stage.on(build.fill(at=EARLY, fees=D(0)))
    (change,) = changes(stage, build.fill(at=EARLY, side=-1, trade_id=2, fees=D(50)))
    assert change.reopens == told
    back = changes(stage, build.session_opened(at=EARLY, trade_date="2026-11-23"))
    assert bool(back) is (reset == "roll")
