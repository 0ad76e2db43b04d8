"""A leg of a bracket that works proves that its entry has filled, whoever told."""

import pytest
from msgspec.structs import replace

from core.reasons import Reason
from core.terms import OrderType
from tests import build
from tests.actors.test_executor import (
    AT,
    SECOND,
    D,
    approved,
    executor,
    fill,
    holding,
    kinds,
    legs,
)


def stopped(edition=5):
    """Told to stop while an entry works whose fill nobody told; its legs protect it."""
    stage = executor()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(approved(size=2))
    stage.on(build.order_accepted(at=AT, tag="r-1", venue_id=1, type=OrderType.MARKET, size=2))
    for leg in legs(1):
        stage.on(leg)
    assert kinds(stage.on(build.command(at=AT + 1, name="stop"))) == ["CancelOrder"]
    return stage, kinds(stage.on(build.order_cancelled(at=AT + 2, tag="r-1", venue_id=1)))


def test_legs_that_work_are_not_swept_from_under_a_fill_that_nobody_told():
    assert stopped(edition=4)[1] == ["CancelOrder"] * 2
    stage, asked = stopped()
    assert asked == [] and kinds(stage.on(build.pulse(at=AT + SECOND))) == []
    assert kinds(stage.on(fill(1, "r-1", 1, 1, at=AT))) == ["ModifyOrder"]


def test_they_are_swept_once_a_look_that_began_later_shows_no_position():
    stage, _ = stopped()
    for at, position in ((AT - 1, 0), (AT + SECOND, 1)):  # began before; tells of a fill soon
        stage.on(build.account_snapshot(at=at, position=position))
        assert stage.on(build.pulse(at=AT + SECOND)) == []
    stage.on(build.account_snapshot(at=AT + SECOND, position=0))
    assert kinds(stage.on(build.pulse(at=AT + SECOND))) == ["CancelOrder"] * 2


def test_legs_that_a_look_shows_prove_nothing():
    """It tells the position besides."""
    stage = executor()
    stage.memory.settings = replace(stage.memory.settings, edition=5)
    for leg in legs(1):
        stage.on(replace(leg, reason=Reason.REC_ORDER_DRIFT))
    assert not stage.memory.legs_at


def test_a_leg_proves_no_fill_that_was_told():
    """The stop was on its way to another price when the position was closed; it works on there."""
    stage = holding()
    stage.memory.settings = replace(stage.memory.settings, edition=5)
    moved = build.modify_order(at=AT, tag="r-1-SL", venue_id=2, stop_price=D(4999))
    stage.memory.modify(moved)
    stage.memory.book.hear(build.close_position(at=AT), stage.memory.settings.instrument)
    stage.on(fill(2, "", -1, 9, at=AT))
    stage.on(replace(legs(1)[0], at=AT, price=D(4999)))
    replaced = build.order_replaced(at=AT + 1, tag="r-1-SL", venue_id=2)
    assert kinds(stage.on(replaced)) == ["CancelOrder"]


@pytest.mark.parametrize(("edition", "after_s", "closed"), [
    (6, 0.2, False), (6, 0.3, True), (5, 1.9, False), (5, 2.0, True),
])  # fmt: skip
def test_what_an_entry_filled_while_its_own_stop_did_is_closed_soon(edition, after_s, closed):
    """The stop is done before it could grow: no other is sent, the market being past it."""
    stage = executor(native_brackets=False)
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(approved(size=2))
    stage.on(fill(1, "r-1", 1, 1))
    for number, kind in ((2, OrderType.STOP), (3, OrderType.LIMIT)):
        told = {"tag": f"r-{number}", "venue_id": number, "type": kind, "side": -1, "size": 1}
        stage.on(build.order_accepted(at=AT, price=D(4990 + number), **told))
    assert kinds(stage.on(fill(2, "r-1", 1, 1))) == ["ModifyOrder"] * 2
    assert stage.on(fill(3, "r-2", -1, 2, price=4992)) == []
    late = stage.on(build.mark(at=AT + int(after_s * SECOND), price=D(4991)))
    assert ("ClosePosition" in kinds(late)) is closed
