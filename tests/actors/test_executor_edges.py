"""Executor at its edges: what a refusal must say to be tried smaller, and what is no overshot."""

import pytest

from core.reasons import Reason
from core.terms import Request
from tests import build
from tests.actors.test_executor import approved, executor, fill, holding, kinds, legs


@pytest.mark.parametrize(("said", "again"), [
    ({"code": 3}, ["PlaceOrder"]),
    ({"code": 2, "text": "Insufficient MARGIN"}, ["PlaceOrder"]),
    ({"code": 4}, []),
    ({"code": 2}, []),
    ({"code": 3, "request": Request.CANCEL}, []),
    ({"code": 3, "request": Request.MODIFY}, []),
    ({"code": 3, "reason": Reason.SIG_EXPIRED}, []),
    ({"code": 3, "reason": Reason.ORD_NOT_PLACED}, []),
])  # fmt: skip
def test_only_an_entry_that_the_venue_has_no_funds_for_is_tried_smaller(said, again):
    stage = executor()
    stage.on(approved(size=2))
    answers = stage.on(build.order_rejected(tag="r-1", **{"text": "no", **said}))
    assert kinds(answers) == again
    assert [order.size for order in answers] == [1] * len(again)


@pytest.mark.parametrize("side", [1, -1])
def test_an_exit_in_parts_is_no_overshot(side):
    stage = executor()
    stage.on(approved(side=side, size=3))
    for message in (fill(1, "r-1", side, 1, size=3), *legs(side, size=3)):
        stage.on(message)
    for trade in (2, 3):
        assert "ClosePosition" not in kinds(stage.on(fill(trade, "r-1-TP", -side, 3)))
    assert not stage.memory.overshot
    assert kinds(stage.on(fill(4, "r-1-TP", -side, 3)))[:1] == ["TradeClosed"]


def test_a_stage_that_holds_waits():
    assert holding().on(build.pulse()) == []


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_an_order_of_an_earlier_wish_is_not_tried_smaller(first, second):
    """It was proven absent, another entry was sent, and then it was there after all."""
    stage = executor()
    stage.on(approved(size=2, n=first))
    stage.on(build.order_uncertain(tag="r-1"))
    stage.on(build.not_placed(tag="r-1"))
    assert kinds(stage.on(approved(size=2, n=second))) == ["PlaceOrder"]
    stage.on(build.order_accepted(tag="r-1", venue_id=1, size=2, side=1))
    answers = stage.on(build.order_rejected(tag="r-1", code=3, text="no"))
    assert not {"PlaceOrder", "OrderRejected"} & set(kinds(answers))
