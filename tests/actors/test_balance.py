"""Where the venue's balance is lower than the log's, it counts."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.account import marked, realised
from actors.risk import Risk
from core.messages import Refused, StateChanged, Tightened
from core.reasons import Reason
from core.terms import State
from tests import build
from tests.actors.test_risk import AT, PLAIN

D, SECOND = Decimal, build.SECOND


def look(t, balance, **more):
    found = {"position": 0, "orders": (), "fills": ()} | more
    return build.account_snapshot(at=AT + t * SECOND, balance=D(balance), **found)


def risk(edition=7):
    limits = replace(PLAIN.risk, daily_reset="roll")
    settings = replace(PLAIN, edition=edition, risk=limits)
    stage = Risk(settings)
    for message in (
        build.run_started(at=AT, settings=settings), build.session_opened(at=AT),
        look(0, "1000.00"), build.feed_state(at=AT), build.agreed(at=AT, position=0),
    ):  # fmt: skip
        stage.on(message)
    return stage


def lost(stage, *balances):
    """So many looks, 7 s apart; what was told of them."""
    return [
        answer
        for n, balance in enumerate(balances, 1)
        for answer in [*stage.on(look(7 * n, balance)), *stage.on(build.pulse(at=AT + 8 * n))]
    ]


@pytest.mark.parametrize(("edition", "why"), [(6, None), (7, Reason.RISK_MIN_BALANCE)])
def test_no_entry_on_money_that_was_paid_out(edition, why):
    stage = risk(edition)
    lost(stage, "699.99", "699.99")
    stage.memory.capital = D(800)  # the kill limit, of this configuration, is not reached
    stage.memory.high = stage.memory.day_start = stage.memory.peak = D("699.99")
    stage.memory.state = State.ACTIVE
    answer = stage.on(build.intent(at=AT + 20 * SECOND, expires_at=AT + 22 * SECOND))[0]
    assert (answer.reason if isinstance(answer, Refused) else None) is why


def test_it_is_told_once_and_counts_for_each_limit():
    stage = risk()
    told = lost(stage, "949.99", "949.99", "949.99")
    found = [m for m in told if isinstance(m, Tightened)]
    (tight,) = [m for m in found if m.reason is Reason.RISK_CAPITAL]
    assert tight.why == "the venue's balance is 50.01 dollars under the log's: it counts"
    assert [m.reason for m in told if isinstance(m, StateChanged)] == [Reason.RISK_DAILY_LOSS]


@pytest.mark.parametrize(("balances", "counts"), [
    (("990.00",), "1000.00"),  # once: a fill may be on its way
    (("990.00", "989.00"), "1000.00"),  # not twice the same
    (("990.00", "990.00"), "990.00"),
    (("990.00", "990.00", "1000.00"), "990.00"),
    (("990.00", "990.00", "1000.00", "1000.00"), "1000.00"),
    (("1500.00", "1500.00"), "1000.00"),  # what was paid in makes no room
    (("999.991", "999.991"), "1000.00"),  # a rounding is no loss
])  # fmt: skip
def test_two_looks_must_say_so(balances, counts):
    stage = risk()
    lost(stage, *balances)
    assert realised(stage.memory) == D(counts)


@pytest.mark.parametrize("more", [
    {"position": 1}, {"fills": (build.fill(trade_id=9),)}, {"orders": ()},
])  # fmt: skip
def test_a_look_that_may_lack_a_fill_says_nothing(more):
    """What is open, or filled and not yet in the book, is not gone."""
    stage = risk()
    for t in (7, 14):
        stage.on(look(t, "990.00", **more))
    assert realised(stage.memory) == (D(990) if more == {"orders": ()} else D(1000))


def test_a_loss_that_only_a_position_made_up_hides_is_found():
    """Closed at the venue, and no fill told: the position ends at its own average in the log."""
    stage = risk()
    stage.on(build.fill(at=AT, price=D("5000"), fees=D(0)))
    stage.on(build.fill(at=AT, trade_id=-1, side=-1, price=D("5000"), fees=D(0)))
    assert realised(stage.memory) == D(1000)
    lost(stage, "980.00", "980.00", "980.00")
    assert realised(stage.memory) == marked(stage.memory) == D(980)


def test_a_balance_that_follows_its_fill_is_no_loss():
    """Ten seconds after it, by both looks, it is one."""
    stage = risk()
    stage.on(build.fill(at=AT, price=D("5000"), fees=D(0)))
    stage.on(build.fill(at=AT, trade_id=2, side=-1, price=D("5004"), fees=D(0)))
    for t, counts in ((1, 1020), (8, 1020), (10, 1020), (17, 1000)):
        stage.on(look(t, "1000.00"))
        assert realised(stage.memory) == D(counts)


def test_after_a_payout_a_person_goes_on_with_what_is_left():
    """With a new configuration, once for each limit that halted."""
    stage = risk()
    lost(stage, "600.00", "600.00")
    assert stage.memory.why is Reason.RISK_KILL
    stage.on(build.run_started(
        at=AT, settings=stage.memory.settings, balance_start=D(600), config_sha256="new",
    ))  # fmt: skip
    halts = []
    for _ in range(2):
        stage.on(build.command(at=AT, name="rearm"))
        stage.on(build.pulse(at=AT + 100 * SECOND))
        halts.append(stage.memory.why)
    assert halts == [Reason.RISK_ACCOUNT_DRAWDOWN, Reason.RISK_DAILY_LOSS]
    stage.on(build.session_opened(at=AT + 100 * SECOND, trade_date="2026-11-23"))
    assert stage.memory.state is State.ACTIVE
