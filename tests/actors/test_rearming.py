"""What a rearm meets after the kill limit, and after the account's drawdown."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.messages import StateChanged
from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_tightenings import AT, risk

D = Decimal
ROOMY = replace(
    build.CONTROLLED,
    risk=replace(build.CONTROLLED.risk, day_loss_max=D(900), day_drawdown_max=D(900)),
)


def fallen(by):
    """An account that lost so many dollars in one trade."""
    stage = risk(ROOMY)
    stage.on(build.fill(at=AT, trade_id=1, fees=D(0)))
    stage.on(build.fill(at=AT, trade_id=2, side=-1, fees=D(by)))
    return stage


def rearm(stage, at=AT):
    return [
        a
        for message in (build.command(at=at, name="rearm", by="ada", why="looked at it"),
                        build.pulse(at=at + 1))
        for a in stage.on(message) if isinstance(a, StateChanged)
    ]  # fmt: skip


@pytest.mark.parametrize(("lost", "why"), [
    ("199.99", None), ("200.00", Reason.RISK_ACCOUNT_DRAWDOWN),
    ("299.99", Reason.RISK_ACCOUNT_DRAWDOWN), ("300.00", Reason.RISK_KILL),
])  # fmt: skip
def test_which_limit_halts(lost, why):
    stage = fallen(lost)
    assert stage.memory.state is (State.HALTED if why else State.ACTIVE)
    assert why is None or stage.memory.why is why


@pytest.mark.parametrize("restarts", [0, 1])
def test_the_kill_limit_wants_a_new_configuration(restarts):
    stage = fallen("300.00")
    for _ in range(restarts):
        stage.on(build.run_started(at=AT, settings=ROOMY))
    (told,) = rearm(stage)
    assert (told.state, told.was, told.by) == (State.HALTED, State.HALTED, "risk")
    assert "new configuration" in told.reopens and stage.memory.state is State.HALTED


def test_what_halts_after_the_kill_limit_does_not_lift_it():
    """The close fills better than the mark that killed, and recovery finds a stranger's order."""
    stage = fallen("300.00")
    stage.on(build.fill(at=AT, trade_id=3, fees=D("-0.01")))
    stage.on(build.halted(at=AT, reason=Reason.ORD_FOREIGN))
    stage.on(build.pulse(at=AT + 1))
    assert stage.memory.why is Reason.RISK_ACCOUNT_DRAWDOWN
    (told,) = rearm(stage, AT + 2)
    assert (told.state, told.by) == (State.HALTED, "risk")


@pytest.mark.parametrize(("kill", "state"), [("300", State.HALTED), ("301", State.ACTIVE)])
def test_a_new_configuration_must_mend_the_limit_too(kill, state):
    stage = fallen("300.00")
    mended = replace(ROOMY, risk=replace(ROOMY.risk, kill_loss_max=D(kill),
                                         account_drawdown_max=D(500)))  # fmt: skip
    stage.on(build.run_started(at=AT, settings=mended, config_sha256="new"))
    told = rearm(stage)
    assert (told[0].state, told[0].by) == (State.ACTIVE, "ada")
    assert stage.memory.state is state


def test_a_reviewed_drawdown_counts_from_the_review():
    stage = fallen("200.00")
    (told,) = rearm(stage)
    assert (told.state, told.reason) == (State.ACTIVE, Reason.RISK_REARMED)
    assert stage.memory.high == D(800)
    stage.on(build.fill(at=AT, trade_id=3, fees=D("99.99")))
    assert stage.memory.state is State.ACTIVE
    stage.on(build.fill(at=AT, trade_id=4, side=-1, fees=D("0.01")))
    assert (stage.memory.state, stage.memory.why) == (State.HALTED, Reason.RISK_KILL)


def test_a_kill_by_a_person_needs_no_new_configuration():
    stage = risk()
    stage.on(build.command(at=AT, name="kill"))
    assert rearm(stage)[-1].state is State.ACTIVE


@pytest.mark.parametrize("name", ["pause", "resume", "flatten", "stop", "enable", "ack"])
@pytest.mark.parametrize("lost", ["200.00", "300.00"])
def test_no_other_command_reviews_a_halt(lost, name):
    stage = fallen(lost)
    before = (stage.memory.why, stage.memory.high, stage.memory.killed)
    answers = stage.on(build.command(at=AT, name=name))
    assert not [a for a in answers if isinstance(a, StateChanged)]
    assert before == (stage.memory.why, stage.memory.high, stage.memory.killed)
