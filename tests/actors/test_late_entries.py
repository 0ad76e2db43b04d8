"""An entry that was proven absent, and may come all the same: row V2 of the reliability plan."""

import pytest
from msgspec.structs import replace

from actors.tightenings import holding
from core.reasons import Reason
from core.terms import Purpose
from tests import build
from tests.actors.test_risk import AT, intent, risk, verdict


@pytest.mark.parametrize(("purpose", "late_s", "after_s", "fenced"), [
    (Purpose.ENTRY, 300.0, 299, True),
    (Purpose.ENTRY, 300.0, 300, False),
    (Purpose.ENTRY, 0.0, 61, False),  # a log of before this rule
    (Purpose.STOP, 300.0, 61, False),  # it would be cancelled: no position is opened beside it
])  # fmt: skip
def test_an_entry_proven_absent_fences_entries_while_it_may_come(purpose, late_s, after_s, fenced):
    stage = missing(purpose, late_s)
    stage.on(build.pulse(at=AT + after_s * build.SECOND))
    stage.on(build.account_snapshot(at=AT + after_s * build.SECOND))
    wish = intent(at=AT + after_s * build.SECOND, expires_at=AT + 999 * build.SECOND)
    assert (verdict(stage, wish).reason is Reason.RISK_UNKNOWN_PENDING) is fenced


def test_an_entry_may_have_come_at_the_last_moment_until_the_venue_was_asked():
    stage, end = missing(Purpose.ENTRY, 300.0), AT + 300 * build.SECOND
    wish = intent(at=end, expires_at=end + 99 * build.SECOND)
    for message, fenced in (
        (build.account_snapshot(at=end - 1), True), (build.pulse(at=end), True),
        (build.account_snapshot(at=end), False),
    ):  # fmt: skip
        stage.on(message)
        assert (verdict(stage, wish).reason is Reason.RISK_UNKNOWN_PENDING) is fenced


def test_an_entry_that_came_late_is_an_order_again():
    stage = missing(Purpose.ENTRY, 300.0)
    stage.on(build.order_accepted(tag="r-1"))
    answer = verdict(stage, intent(at=AT + 61 * build.SECOND))
    assert answer.reason is Reason.RISK_MAX_POSITION


def test_an_entry_that_came_late_and_was_refused_is_waited_for_no_more():
    stage = missing(Purpose.ENTRY, 300.0)
    stage.on(build.order_rejected(tag="r-1"))
    assert verdict(stage, intent(at=AT + 61 * build.SECOND)).reason is Reason.RISK_PASS


def test_an_entry_that_was_never_sent_can_not_come():
    stage = patient(300.0)
    stage.on(build.place_order(at=AT, tag="r-1"))
    stage.on(build.order_rejected(tag="r-1", reason=Reason.SIG_EXPIRED))
    for told in (build.actor_failed(actor="executor"), build.not_placed(tag="r-1")):
        stage.on(told)  # recovery tells again what somebody may have missed
    stage.on(build.agreed(position=0))
    assert verdict(stage, intent(at=AT + build.SECOND)).reason is Reason.RISK_PASS


def patient(late_s):
    stage = risk()
    settings = stage.memory.settings
    stage.memory.settings = replace(settings, recovery=replace(settings.recovery, late_s=late_s))
    return stage


def missing(purpose, late_s):
    """Sent, unknown for a minute, then proven absent."""
    stage = patient(late_s)
    stage.on(build.place_order(at=AT, tag="r-1", purpose=purpose))
    stage.on(build.order_uncertain(tag="r-1"))
    stage.on(build.pulse(at=AT + 60 * build.SECOND))
    stage.on(build.not_placed(at=AT + 60 * build.SECOND, tag="r-1"))
    return stage


def test_it_is_told_what_admits_no_entries_and_until_when():
    stage = missing(Purpose.ENTRY, 300.0)
    (one,) = holding(stage.memory, AT + 60 * build.SECOND)
    assert (one.reason, one.reopens) == (
        Reason.RISK_UNKNOWN_PENDING, "by itself, with the first look after 240 s",
    )  # fmt: skip
    assert "r-1 was proven absent" in one.why
