"""Where the stop belongs: at entry by rule, and afterwards only ever nearer."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.executor import Executor
from actors.guard import closing
from actors.stops import first
from core.clock import SECOND
from core.messages import ModifyOrder
from core.reasons import Reason
from core.terms import OrderType, Purpose, Request, Status
from tests import build

D = Decimal
AT = 1_795_446_000 * SECOND  # 2026-11-23T15:00:00Z, 10:00 New York
ENTRY = D(5000)


def numbers(**stops):
    return replace(build.SETTINGS, stops=replace(build.SETTINGS.stops, **stops))


@pytest.mark.parametrize(("atr", "ticks"), [(0.5, 4), (2.67, 5), (8.0, 12), (8.1, 13)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_stop_by_range_is_one_and_a_half_of_it_rounded_up(side, atr, ticks):
    stop, target = first(numbers(mode="atr"), side, ENTRY, build.conditions(atr=atr))
    assert (stop, target) == (ticks, -(-ticks * 12 // 8))


@pytest.mark.parametrize(("low", "high", "side", "ticks"), [
    (4998.0, 0.0, 1, 9), (0.0, 5002.0, -1, 9), (4999.75, 0.0, 1, 4), (4990.0, 0.0, 1, 41),
    (0.0, 5002.0, 1, 12), (4998.0, 0.0, -1, 12), (5001.0, 0.0, 1, 12), (0.0, 4999.0, -1, 12),
])  # fmt: skip
def test_a_stop_by_structure_lies_a_tick_behind_the_swing_or_goes_by_range(low, high, side, ticks):
    seen = build.conditions(atr=8.0, swing_low=low, swing_high=high)
    assert first(numbers(mode="structure"), side, ENTRY, seen)[0] == ticks


def test_what_is_not_known_leaves_the_fixed_distance():
    for settings, seen in (
        (numbers(mode="atr"), None), (numbers(mode="structure"), build.conditions(
            atr=0.0, swing_low=0.0, swing_high=0.0)), (numbers(), build.conditions()),
    ):  # fmt: skip
        assert first(settings, 1, ENTRY, seen) == (8, 12)


def executor(side=1, at=AT, **stops):
    """One that holds a contract from 5000 with its stop 8 ticks away and its target 12."""
    stage = Executor(numbers(**stops))
    wish = build.intent(at=at, side=side, expires_at=at + SECOND)
    stage.on(build.run_started(at=at, settings=numbers(**stops)))
    stage.on(build.conditions(at=at, atr=6.0))
    (order,) = stage.on(build.approved(at=at, intent=wish))
    stop, target = ENTRY - side * 2, ENTRY + side * 3
    for message in (
        build.order_accepted(at=at, tag=order.tag, venue_id=1, side=side, price=None),
        build.fill(at=at, trade_id=1, venue_id=1, tag=order.tag, side=side, price=ENTRY),
        build.order_accepted(at=at, tag=f"{order.tag}-SL", venue_id=2, status=Status.WORKING,
                             type=OrderType.STOP, side=-side, price=stop),
        build.order_accepted(at=at, tag=f"{order.tag}-TP", venue_id=3, status=Status.WORKING,
                             type=OrderType.LIMIT, side=-side, price=target),
    ):  # fmt: skip
        stage.on(message)
    return stage


def moved(stage, ticks, side=1, at=AT):
    """The stop's new price in ticks from the entry after a mark; None if it stays."""
    answers = stage.on(build.mark(at=at, price=ENTRY + side * ticks * D("0.25")))
    moves = [m for m in answers if isinstance(m, ModifyOrder)]
    if not moves:
        return None
    (move,) = moves
    assert (move.venue_id, move.reason) == (2, Reason.ORD_STOP_MOVED)
    stage.on(build.order_replaced(at=at, tag=move.tag, venue_id=2))
    return int((move.stop_price - ENTRY) * side / D("0.25"))


@pytest.mark.parametrize("side", [1, -1])
def test_after_one_risk_of_gain_the_stop_goes_to_break_even_and_a_tick(side):
    stage = executor(side)
    assert [moved(stage, ticks, side) for ticks in (7, 8, 11, 3)] == [None, 1, None, None]


@pytest.mark.parametrize("side", [1, -1])
def test_after_one_and_a_half_it_trails_the_best_price_by_a_range(side):
    stage = executor(side)
    assert [moved(stage, ticks, side) for ticks in (12, 13, 10, 20)] == [6, 7, None, 14]


def test_without_a_known_range_it_does_not_trail():
    stage = executor()
    stage.on(build.conditions(at=AT, atr=0.0))
    assert [moved(stage, ticks) for ticks in (12, 20)] == [1, None]


def test_rules_that_are_off_move_nothing():
    stage = executor(even_r=D(0), trail_r=D(0), tighten=())
    assert [moved(stage, ticks) for ticks in (8, 12, 40)] == [None, None, None]


@pytest.mark.parametrize("side", [1, -1])
def test_towards_the_end_of_the_day_its_distance_shrinks_once_for_each_step(side):
    """Flat by 15:40 New York here: three quarters of the distance an hour before, then half."""
    flat = executor().memory.numbers()
    end = AT + int(closing(AT, flat) * SECOND)
    stage = executor(side)
    assert moved(stage, 0, side, end - 3601 * SECOND) is None
    assert moved(stage, 0, side, end - 3600 * SECOND) == -6
    assert moved(stage, 0, side, end - 3599 * SECOND) is None
    assert moved(stage, 0, side, end - 1800 * SECOND) == -3
    assert moved(stage, 0, side, end - 1799 * SECOND) is None


def test_the_steps_begin_anew_with_each_position():
    stage = executor()
    late = AT + int(closing(AT, stage.memory.numbers()) * SECOND) - 3600 * SECOND
    assert moved(stage, 0, at=late) == -6
    stage.on(build.fill(at=late, trade_id=2, venue_id=2, tag="r-1-SL", side=-1, price=ENTRY))
    for message in (
        build.fill(at=late, trade_id=3, venue_id=9, tag="", price=ENTRY),
        build.order_accepted(at=late, tag="r-9-SL", venue_id=2, status=Status.WORKING,
                             type=OrderType.STOP, side=-1, price=ENTRY - 2),
    ):  # fmt: skip
        stage.on(message)
    assert stage.memory.book.position.size == 1
    assert moved(stage, 0, at=late + SECOND) == -6


def test_one_request_at_a_time():
    stage = executor()
    first_move = stage.on(build.mark(at=AT, price=ENTRY + 2))
    assert len(first_move) == 1
    assert stage.on(build.mark(at=AT + 1, price=ENTRY + 5)) == []


def test_an_answer_that_is_lost_does_not_end_the_trailing():
    stage = executor()
    (move,) = stage.on(build.mark(at=AT, price=ENTRY + 2))
    stage.on(build.order_uncertain(at=AT + SECOND, tag=move.tag, request=Request.MODIFY))
    assert moved(stage, 13, at=AT + 3 * SECOND) == 7


def test_an_answer_that_a_failed_actor_missed_does_not_end_the_trailing():
    stage = executor()
    (move,) = stage.on(build.mark(at=AT, price=ENTRY + 2))
    for message in (
        build.actor_failed(at=AT + SECOND, actor="executor"),  # on the answer
        build.order_accepted(at=AT + SECOND, tag=move.tag, venue_id=2, status=Status.WORKING,
                             type=OrderType.STOP, side=-1, price=move.stop_price),
    ):  # fmt: skip
        stage.on(message)
    assert moved(stage, 13, at=AT + 3 * SECOND) == 7


def test_a_refused_close_does_not_end_the_trailing():
    """The stop was said to be gone, the venue would not close for that, and showed the stop."""
    stage = executor()
    stage.on(build.order_cancelled(at=AT, tag="01JD-1-SL", venue_id=2))
    (close,) = [m for s in (0, 2) for m in stage.on(build.pulse(at=AT + s * SECOND))]
    stage.on(build.order_rejected(at=AT + 2 * SECOND, tag=close.tag, request=Request.CLOSE))
    stage.on(
        build.order_accepted(at=AT + 2 * SECOND, tag="01JD-1-SL", venue_id=2, side=-1,
                             price=ENTRY - 2, reason=Reason.REC_ORDER_DRIFT)
    )  # fmt: skip
    assert moved(stage, 13, at=AT + 3 * SECOND) is None
    assert moved(stage, 13, at=AT + 4 * SECOND) == 7


@given(st.lists(st.integers(-7, 40), max_size=60), st.sampled_from([1, -1]))
def test_the_stop_is_never_loosened_and_never_at_the_market(path, side):
    stage, now = executor(side), -8
    for ticks in path:
        if (at := moved(stage, ticks, side)) is not None:
            assert now < at < ticks
            now = at
    assert stage.memory.book.live(Purpose.STOP)[0].price == ENTRY + side * now * D("0.25")
