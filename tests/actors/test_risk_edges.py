"""Risk at its edges: which state outranks which, and from when to when a number counts."""

import pytest
from msgspec.structs import replace

from actors.guard import realised
from actors.risk import Risk
from core.messages import Approved
from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_risk import AT, D, changes, holding, intent, risk, verdict

FLAT = 1_795_209_000 * build.SECOND  # 16:10 New York on 2026-11-20
PAUSE = 1800 * build.SECOND
LOSS, WIN = (build.trade_closed(at=AT, net=D(net)) for net in ("-1", "0.25"))


def test_a_balance_that_is_told_after_a_fill_holds_that_fill_already():
    stage = Risk(build.SETTINGS)
    stage.on(build.run_started(at=AT))
    for n, (side, price) in enumerate(((1, "5000"), (-1, "4999"))):
        stage.on(build.fill(trade_id=n, tag="", venue_id=0, side=side, price=D(price), at=AT))
    stage.on(build.account_snapshot(at=AT, balance=D(900), position=0, orders=(), fills=()))
    assert stage.memory.book.realised < 0 and realised(stage.memory) == D(900)


@pytest.mark.parametrize(
    "halt", [build.command(name="kill"), build.halted(reason=Reason.SYS_ESCALATE)]
)
def test_no_limit_makes_a_halt_less_than_a_halt(halt):
    stage = holding()
    stage.on(halt)
    assert not changes(stage, build.mark(at=AT, price=D("4985.00")))
    assert stage.memory.state is State.HALTED


def test_a_second_limit_of_the_same_gravity_says_nothing_new():
    stage = holding(day_drawdown_max=D(20))
    (change,) = changes(stage, build.mark(at=AT, price=D("4995.00")))
    assert change.reason is Reason.RISK_DRAWDOWN
    assert not changes(stage, build.mark(at=AT, price=D("4985.00")))


def test_the_loss_of_a_day_may_grow_into_one_that_halts():
    stage = holding()
    marks = [build.mark(at=AT, price=D(price)) for price in ("4989.00", "4955.00")]
    (day, ever) = changes(stage, *marks)
    assert (day.state, day.reason) == (State.FLATTEN_ONLY, Reason.RISK_DAILY_LOSS)
    assert (ever.state, ever.reason) == (State.HALTED, Reason.RISK_ACCOUNT_DRAWDOWN)


def test_a_win_begins_the_row_of_losses_anew():
    stage = risk()
    for trade in (*[LOSS] * 4, WIN, *[LOSS] * 4):
        stage.on(trade)
    assert isinstance(verdict(stage, intent()), Approved)
    stage.on(LOSS)
    assert verdict(stage, intent(n=2)).reason is Reason.RISK_LOSSES_IN_ROW


def test_after_the_pause_each_further_loss_pauses_and_a_scratch_does_not():
    stage = risk()
    for _ in range(5):
        stage.on(LOSS)
    assert stage.memory.pause_until == AT + PAUSE
    later = AT + 2 * PAUSE
    stage.on(build.trade_closed(at=later, net=D(0)))
    assert stage.memory.pause_until == AT + PAUSE
    stage.on(build.trade_closed(at=later, net=D(-1)))
    assert stage.memory.pause_until == later + PAUSE


def test_a_flatten_outlives_the_day_until_it_is_resumed():
    stage = risk()
    stage.on(build.command(at=AT, name="flatten"))
    assert not changes(stage, build.session_opened(trade_date="2026-11-23"))
    assert stage.memory.why is Reason.RISK_FLATTENING


def test_a_pulse_that_comes_late_still_ends_the_session():
    (change,) = changes(holding(), build.pulse(at=FLAT - 17 * build.SECOND))
    assert change.reason is Reason.RISK_SESSION_CLOSED


@pytest.mark.parametrize("fence", [None, "kill"])
def test_a_session_ends_only_for_what_is_open_and_not_being_closed(fence):
    stage = risk() if fence is None else holding()
    stage.on(build.command(at=AT, name=fence or "resume"))
    state = stage.memory.state
    changes(stage, build.pulse(at=FLAT - 17 * build.SECOND))
    assert stage.memory.state is state


@pytest.mark.parametrize(("why", "told"), [("lunch", "lunch"), ("", "pause")])
def test_a_change_tells_why_or_at_least_by_which_command(why, told):
    (change,) = changes(risk(), build.command(at=AT, name="pause", why=why))
    assert change.why == told


def test_an_approval_counts_to_the_very_instant_of_its_end():
    stage, end = risk(), AT + 2 * build.SECOND
    verdict(stage, intent())
    assert verdict(stage, intent(end, n=2)).reason is Reason.RISK_MAX_POSITION
    assert isinstance(verdict(stage, intent(end + 1, n=3)), Approved)


MONDAY = build.session_opened(at=1_795_388_400 * build.SECOND, trade_date="2026-11-23")
OPENING = 1_795_444_200 * build.SECOND  # 09:30 New York on Monday, 2026-11-23


def lost(stage, at, trade):
    """The day's limit is met on a contract, which is then sold."""
    entry, left = (
        build.fill(at=at, trade_id=trade + n, tag="", venue_id=0, side=side, fees=D(0))
        for n, side in enumerate((1, -1))
    )
    return changes(stage, entry, build.mark(at=at, price=D("4985.00")), left)


def test_a_daily_limit_ends_at_the_opening_of_the_next_day_and_once():
    stage = risk(daily_reset="rth")
    assert [c.reason for c in lost(stage, AT, 11)] == [Reason.RISK_DAILY_LOSS]
    assert not changes(stage, MONDAY, build.pulse(at=OPENING - 1))
    (change,) = changes(stage, build.pulse(at=OPENING))
    assert (change.state, change.why, change.by) == (State.ACTIVE, "day 2026-11-23", "clock")
    assert [c.reason for c in lost(stage, OPENING, 21)] == [Reason.RISK_DAILY_LOSS]
    assert not changes(stage, *(build.pulse(at=OPENING + n * build.SECOND) for n in range(1, 9)))


@pytest.mark.parametrize(("name", "state"), [
    ("resume", State.ACTIVE), ("kill", State.HALTED), ("pause", State.FLATTEN_ONLY),
])  # fmt: skip
def test_what_a_person_made_of_a_daily_limit_is_not_released_by_the_opening(name, state):
    stage = risk(daily_reset="rth")
    lost(stage, AT, 11)
    changes(stage, MONDAY, build.command(at=MONDAY.at, name=name))
    assert stage.memory.state is state
    told = [c.state for c in changes(stage, build.pulse(at=OPENING + build.SECOND))]
    assert told == [State.PAUSED] * (name == "pause")


def test_a_flatten_on_the_day_after_a_daily_limit_is_not_released_by_the_opening():
    stage = risk(daily_reset="rth")
    lost(stage, AT, 11)
    changes(stage, MONDAY, *(
        build.command(at=MONDAY.at, name=name) for name in ("resume", "flatten")
    ))  # fmt: skip
    assert not changes(stage, build.pulse(at=OPENING))
    assert stage.memory.why is Reason.RISK_FLATTENING


@pytest.mark.parametrize("link", ["market", "clock", "venue", "user"])
def test_only_the_users_link_ends_an_agreement(link):
    stage = risk()
    stage.on(build.feed_state(at=AT, link=link, up=False))
    assert stage.memory.agreed is (link != "user")


@pytest.mark.parametrize(("edition", "state"), [(6, State.ACTIVE), (7, State.FLATTEN_ONLY)])
def test_a_limit_is_reached_to_the_last_digit(edition, state):
    """Three contracts at 5000.08333..: 50 dollars lost are 50 dollars, fewer by no digit."""
    stage = risk()
    free = replace(stage.memory.settings.instrument, fee=D(0), commission=D(0))
    settings = replace(stage.memory.settings, instrument=free, edition=edition)
    stage.on(build.run_started(at=AT, settings=settings))
    for n, (size, price) in enumerate([(2, "5000.00"), (1, "5000.25")], 1):
        stage.on(build.fill(at=AT, trade_id=n, size=size, price=D(price), fees=D(0)))
    stage.on(build.mark(at=AT, price=D("4996.75")))
    assert stage.memory.state is state
