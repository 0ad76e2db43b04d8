"""What must bring recovery to look at the venue again, and what it must not wait for."""

import pytest

from actors.recovery import Recovery
from core.messages import Agreed, Flat, Reconcile
from tests import build

SECOND = build.SECOND
AT = build.AT


def snapshot(at, **more):
    return build.account_snapshot(at=at, position=0, average=None, orders=(), fills=(), **more)


def agreed():
    """A recovery that has agreed once, on an empty account."""
    stage = Recovery(build.SETTINGS)
    for message in (build.run_started(), build.feed_state(link="user"), snapshot(AT)):
        answers = stage.on(message)
    assert [type(answer) for answer in answers] == [Agreed]
    return stage


def test_after_an_actor_failed_log_and_venue_must_agree_anew():
    stage = agreed()
    assert stage.on(build.actor_failed()) == []
    retry = AT + int(build.SETTINGS.recovery.retry_s * SECOND)
    assert [type(a) for a in stage.on(build.pulse(at=retry))] == [Reconcile]
    assert [type(a) for a in stage.on(snapshot(retry))] == [Agreed]


@pytest.mark.parametrize("word", ["stop", "flatten", "kill"])
def test_a_flatten_is_proven_by_queries_while_the_user_hub_is_down(word):
    stage = agreed()
    stage.on(build.feed_state(link="user", up=False))
    assert stage.on(build.pulse(at=AT + 100 * SECOND)) == []
    answers = stage.on(build.command(at=AT + 101 * SECOND, name=word))
    assert [type(answer) for answer in answers] == [Reconcile]
    stage.on(snapshot(AT + 101 * SECOND))
    answers = stage.on(snapshot(AT + 103 * SECOND))
    assert Flat in [type(answer) for answer in answers]


def test_a_query_that_a_crash_cut_off_is_asked_again_by_the_next_run():
    stage = agreed()
    late = AT + 100 * SECOND
    assert [type(a) for a in stage.on(build.pulse(at=late))] == [Reconcile]
    stage.on(build.run_started(at=late + SECOND, run="01JE"))
    answers = stage.on(build.feed_state(at=late + 2 * SECOND, link="user"))
    assert [type(answer) for answer in answers] == [Reconcile]
