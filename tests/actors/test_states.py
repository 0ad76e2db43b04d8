"""What moves risk from one state to another, and back."""

from decimal import Decimal

import pytest

from actors.states import DAILY, reopens
from core.reasons import Reason
from core.sessions import days, index
from core.terms import EXITS_ONLY, State
from tests import build
from tests.actors.test_risk import AT, changes, risk


def lost(at, link="market"):
    return build.feed_state(at=at, link=link, up=False)


@pytest.mark.parametrize(("seconds", "hit"), [(29, True), (30, False)])
def test_a_storm_of_lost_links_leaves_exits_only(seconds, hit):
    """Ten in 300 s are allowed, whichever link it is; one that is 300 s old no longer counts."""
    stage = risk()
    storm = [lost(AT + n * seconds * build.SECOND, ("market", "user")[n % 2]) for n in range(11)]
    assert not changes(stage, *storm[:10])
    found = changes(stage, storm[10])
    assert [(c.state, c.reason) for c in found] == (
        [(State.FLATTEN_ONLY, Reason.DATA_LINK_DOWN)] if hit else []
    )


def test_a_storm_is_told_once_and_ends_by_command_or_with_the_day():
    for ending in (build.command(name="resume"), build.session_opened(at=AT, trade_date="later")):
        stage = risk()
        assert len(changes(stage, *[lost(AT + n) for n in range(30)])) == 1
        (back,) = changes(stage, ending)
        assert back.state is State.ACTIVE


def test_a_storm_does_not_soften_a_halt():
    stage = risk()
    stage.on(build.command(name="kill"))
    assert not changes(stage, *[lost(AT + n) for n in range(30)])


def test_what_reopens_is_told_for_every_state_by_its_reason_or_itself():
    assert not reopens(State.ACTIVE, Reason.RISK_PASS)
    assert reopens(State.HALTED, Reason.RISK_KILL) != reopens(
        State.HALTED, Reason.RISK_ACCOUNT_DRAWDOWN
    )
    assert reopens(State.PAUSED, Reason.RISK_PAUSED) == "tradebot resume"
    assert reopens(State.HALTED, Reason.SYS_ESCALATE).startswith("tradebot rearm")
    assert all("trade date" in reopens(State.FLATTEN_ONLY, reason) for reason in DAILY)


@pytest.mark.parametrize("lost", [Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN])
def test_a_daily_limit_ends_at_the_regular_open_of_the_next_trade_date(lost):
    """09:30 New York on Monday: not at the roll on Sunday, and not a second before."""
    stage = risk(daily_reset="rth")
    stage.on(build.pulse(at=AT))
    stage.memory.state, stage.memory.why = State.FLATTEN_ONLY, lost
    monday = days()[index(AT) + 1]
    rolled = build.session_opened(at=monday.open, trade_date=monday.date)
    assert not changes(stage, rolled, build.pulse(at=monday.rth_open - build.SECOND))
    (back,) = changes(stage, build.pulse(at=monday.rth_open))
    assert (back.state, back.by, stage.memory.resume_at) == (State.ACTIVE, "clock", 0)


def test_a_kill_outlives_the_end_of_a_daily_limit():
    """What was hit before ends, what a person said since does not."""
    stage = risk(daily_reset="rth")
    stage.memory.state, stage.memory.why = State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS
    monday = days()[index(AT) + 1]
    stage.on(build.session_opened(at=monday.open, trade_date=monday.date))
    stage.on(build.command(at=monday.open, name="kill"))
    assert not changes(stage, build.pulse(at=monday.rth_open))
    assert stage.memory.state is State.HALTED and not stage.memory.resume_at


def test_the_opening_ends_no_storm_of_a_day_that_a_person_had_resumed():
    """Its limit was over with the resume; what came after it ends with the next trade date."""
    stage = risk(daily_reset="rth")
    stage.memory.state, stage.memory.why = State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS
    monday = days()[index(AT) + 1]
    stage.on(build.session_opened(at=monday.open, trade_date=monday.date))
    stage.on(build.command(at=monday.open, name="resume"))
    storm = [lost(monday.rth_open - 60 * build.SECOND + n) for n in range(11)]
    assert [c.reason for c in changes(stage, *storm)] == [Reason.DATA_LINK_DOWN]
    assert not changes(stage, build.pulse(at=monday.rth_open))


@pytest.mark.parametrize("name", ["resume", "rearm"])
@pytest.mark.parametrize("before", ["pause", "flatten", "kill", "ack"])
def test_nothing_opens_between_the_word_to_stop_and_the_next_start(before, name):
    """Or the process would trade on while it waits to be flat, and never prove that it is."""
    stage = risk()
    said = [build.command(at=AT, name=word) for word in (before, "stop", name)]
    told = changes(stage, *said, build.session_opened(at=AT, trade_date="2026-11-23"))
    assert not {c.state for c in told} & {State.ACTIVE}
    assert stage.memory.state in EXITS_ONLY
    stage.on(build.run_started(at=AT, run="r2"))
    shut = {("kill", "resume"): State.HALTED, ("flatten", "rearm"): State.FLATTEN_ONLY,
            ("pause", "rearm"): State.PAUSED}  # fmt: skip
    assert stage.memory.state is shut.get((before, name), State.ACTIVE)


def test_a_daily_limit_that_ends_while_we_stop_opens_with_the_next_start():
    stage = risk()
    stage.memory.state, stage.memory.why = State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS
    stage.on(build.command(at=AT, name="stop"))
    (told,) = changes(stage, build.session_opened(at=AT, trade_date="2026-11-23"))
    assert (told.state, told.reason) == (State.FLATTEN_ONLY, Reason.SYS_STOPPING)
    (back,) = changes(stage, build.run_started(at=AT, run="r2"))
    assert back.state is State.ACTIVE


def test_a_firms_day_does_not_end_our_own_limit_of_the_day():
    stage = risk(daily_reset="rth")
    stage.memory.state, stage.memory.why = State.FLATTEN_ONLY, Reason.RISK_PROP_DAY
    stage.on(build.fill(at=AT, price=Decimal("5000.00")))
    stage.on(build.fill(at=AT, trade_id=2, side=-1, price=Decimal("4989.00")))
    assert stage.memory.why is Reason.RISK_DAILY_LOSS
    monday = days()[index(AT) + 1]
    stage.on(build.session_opened(at=monday.open, trade_date=monday.date))
    assert stage.memory.state is State.FLATTEN_ONLY
