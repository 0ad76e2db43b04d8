"""Something is open and the venue does not tell what: REC_FAILED, and a person is called."""

import pytest
from msgspec.structs import replace

from core.messages import Alert, StateChanged
from core.reasons import Reason
from core.terms import Purpose, State
from tests import build
from tests.actors.test_risk import AT, D, changes, holding, risk

WAIT = 90 * build.SECOND
ORDER = build.place_order(at=AT, tag="r-1", purpose=Purpose.STOP)


def patient(stage, **numbers):
    settings = stage.memory.settings
    recovery = replace(settings.recovery, **{"failed_s": 90.0} | numbers)
    stage.memory.settings = replace(settings, recovery=recovery, controls=build.CONTROLLED.controls,
                                    edition=3)  # fmt: skip
    return stage


def told(stage, at):
    return [type(answer) for answer in stage.on(build.pulse(at=at))]


def test_an_order_that_stays_unknown_leaves_exits_only_and_calls_a_person():
    stage = patient(risk())
    for message in (ORDER, build.order_uncertain(tag="r-1")):
        stage.on(message)
    assert not told(stage, AT + WAIT - 1)
    change, alert = stage.on(build.pulse(at=AT + WAIT))
    assert (change.state, change.reason) == (State.FLATTEN_ONLY, Reason.REC_FAILED)
    assert (alert.of, stage.memory.controls.alarm_at) == (Reason.REC_FAILED, AT + WAIT)


@pytest.mark.parametrize("news", [
    build.order_accepted(at=AT, tag="r-1"), build.not_placed(at=AT, tag="r-1"),
], ids=["shown", "absent"])  # fmt: skip
def test_one_that_the_venue_told_of_does_not(news):
    stage = patient(risk())
    for message in (ORDER, build.order_uncertain(tag="r-1"), news):
        stage.on(message)
    assert StateChanged not in told(stage, AT + WAIT)


@pytest.mark.parametrize(("held", "agreed", "falls"), [
    (True, False, True), (True, True, False), (False, False, False),
])  # fmt: skip
def test_a_start_that_never_agrees_on_what_it_holds_flattens(held, agreed, falls):
    stage = patient(holding() if held else risk())
    stage.on(build.run_started(at=AT, run="s", settings=stage.memory.settings))
    if agreed:
        stage.on(build.agreed(at=AT, position=held))
    assert (StateChanged in told(stage, AT + WAIT)) is falls


@pytest.mark.parametrize("agreed", [True, False])
def test_an_order_that_an_earlier_run_left_unknown_is_given_its_time_anew(agreed):
    stage, start = patient(risk()), AT + 5 * WAIT  # nobody could ask while the program was down
    for message in (ORDER, build.run_started(at=start, run="s", settings=stage.memory.settings)):
        stage.on(message)
    if agreed:
        stage.on(build.agreed(at=start, position=0, unknown=1))
    assert StateChanged not in told(stage, start + WAIT - 1)
    assert StateChanged in told(stage, start + WAIT)


def test_logs_that_lack_the_number_know_no_such_rule():
    stage = patient(holding(), failed_s=0.0)
    stage.on(build.run_started(at=AT, run="s", settings=stage.memory.settings))
    assert not told(stage, AT + 10 * WAIT)


@pytest.mark.parametrize(("edition", "alerts"), [(2, 0), (3, 1)])
def test_a_limit_of_the_day_tells_a_person_and_waits_for_none(edition, alerts):
    stage = patient(holding(day_loss_max=D(50)))
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    answers = stage.on(build.mark(at=AT, price=D("4990.00")))
    assert [a.reason for a in answers if isinstance(a, StateChanged)] == [Reason.RISK_DAILY_LOSS]
    pages = [a for a in answers if isinstance(a, Alert)]
    assert [a.of for a in pages] == [Reason.RISK_DAILY_LOSS] * alerts
    assert not stage.memory.controls.alarm_at


def test_what_is_resumed_without_an_agreement_falls_again():
    stage = patient(holding())
    stage.on(build.run_started(at=AT, run="s", settings=stage.memory.settings))
    stage.on(build.pulse(at=AT + WAIT))
    for name in ("ack", "resume"):
        stage.on(build.command(at=AT + WAIT, name=name))
    (change,) = changes(stage, build.pulse(at=AT + WAIT + 1))
    assert change.reason is Reason.REC_FAILED
