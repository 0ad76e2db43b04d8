"""What moves risk from one state to another, and back."""

import pytest

from core.reasons import Reason
from core.terms import State
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
