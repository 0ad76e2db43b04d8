"""What two looks at the venue must have known before they stand for an oddity."""

import pytest
from msgspec.structs import replace

from core.terms import OrderType
from tests import build
from tests.actors.test_recovery import kinds, linked, pulse, recovery, snap


@pytest.mark.parametrize(("edition", "seconds", "halted"), [
    (6, (0, 1, 3), [False, False, True]), (6, (0, 3), [False, True]), (5, (0, 1), [False, True]),
])  # fmt: skip
def test_a_slow_look_from_before_the_first_was_known_confirms_no_oddity(edition, seconds, halted):
    """Two were under way when a close filled and its news came: both still show the position."""
    stage = linked()
    stage.memory.book.edition = edition
    stage.on(pulse(2))
    told = [kinds(stage.on(snap(t, position=1))) for t in seconds]
    assert [answers == ["Halted"] for answers in told] == halted


def test_an_oddity_that_is_over_leaves_the_next_one_its_own_time():
    stage = linked()
    stage.memory.book.edition = 6
    for second, position in ((2, 1), (3, 0)):
        stage.on(pulse(second))
        stage.on(snap(second, position=position))
    stage.on(pulse(9))
    told = [kinds(stage.on(snap(t, position=2))) for t in (4, 5, 9)]
    assert told == [[], [], ["Halted"]]


@pytest.mark.parametrize(("edition", "halted"), [(6, False), (5, True)])
def test_a_look_from_before_the_newest_fill_confirms_no_drift_of_the_position(edition, halted):
    """Two misses in turn may look alike: each look was overtaken by another fill."""
    stage = linked()
    stage.memory.book.edition = edition
    stage.on(build.fill(at=build.AT, tag="", venue_id=0))
    assert stage.on(snap(1)) == []  # not there yet, says a look that took its time
    stage.on(pulse(4))
    for number, side in ((2, -1), (3, 1)):  # over, and begun anew
        stage.on(build.fill(at=build.AT, trade_id=number, tag="", venue_id=0, side=side))
    assert (kinds(stage.on(snap(2))) == ["Halted"]) is halted
    assert kinds(stage.on(snap(5))) == ["Halted"]


@pytest.mark.parametrize(("edition", "halted"), [(7, [0, 0, 0, 1]), (6, [0, 1, 1, 1])])
def test_queries_that_lag_behind_a_fill_confirm_no_drift(edition, halted):
    """The hub told it at once; for seconds every query shows what was before."""
    stage = linked()
    stage.memory.book.edition = edition
    stage.on(pulse(2))
    stage.on(build.fill(at=build.AT + 2 * build.SECOND, tag="", venue_id=0))
    told = []
    for second in (3, 5, 7, 8):
        stage.on(pulse(second))
        told.append("Halted" in kinds(stage.on(snap(second))))
    assert told == [bool(one) for one in halted]


@pytest.mark.parametrize(("edition", "covered", "asks"), [
    (6, False, [1, 0, 0]), (6, True, [0, 0, 0]), (5, False, [0, 0, 0]),
])  # fmt: skip
def test_a_position_whose_stop_nobody_told_is_looked_at_once_before_it_is_closed(
    edition, covered, asks
):
    """News of its stop may be lost: it was closed for nothing. Or its stop is gone, and it is."""
    stage = linked()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.memory.book.edition = edition
    stage.on(build.place_order(at=build.AT, tag="r1-1", intent=""))
    stage.on(build.fill(at=build.AT, tag="r1-1", venue_id=1))
    if covered:
        leg = {"tag": "r1-1-SL", "venue_id": 2, "type": OrderType.STOP, "side": -1, "size": 1}
        stage.on(build.order_accepted(at=build.AT, **leg))
    asked = []
    for t in (1, 2, 3):
        asked.append(len(stage.on(pulse(t))))
        if asked[-1]:
            stage.on(snap(t, position=1))
    assert asked == asks


def test_flat_names_what_is_open_in_other_contracts():
    stage = recovery()
    stage.on(build.command(at=build.AT, name="flatten"))
    seen = [stage.on(replace(snap(t), others=2)) for t in (1, 2)]
    assert [flat.others for answers in seen for flat in answers] == [2]
    assert stage.memory.others == 2
    stage.on(snap(3))
    assert stage.memory.others == 0
