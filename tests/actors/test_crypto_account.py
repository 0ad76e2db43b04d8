"""A crypto account under Risk: its drawdown, what it counts as held, and what it keeps of bars."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.account import at_stake, room
from actors.executor import Executor
from actors.guard import outlook
from actors.risk import Risk
from actors.signals import Signals
from core.messages import Approved, Intent, Refused, StateChanged
from core.portfolio import PortfolioSettings
from core.reasons import Reason
from core.terms import Action, OrderType, State
from strategies import cycle
from tests import build
from tests.actors.portfolios import PRICE, around_the_clock, left

D = Decimal
AT = 1_728_133_200 * build.SECOND  # 2024-10-05T13:00:00Z, a Saturday
HOUR = 3600 * build.SECOND


def risk(settings=None, balance="10000"):
    settings = settings or around_the_clock()
    stage = Risk(settings)
    for message in (
        build.run_started(at=AT, settings=settings, balance_start=D(balance)),
        build.session_opened(at=AT, trade_date="2024-10-05"),
        build.account_snapshot(at=AT, balance=D(balance), position=0, orders=(), fills=()),
        build.feed_state(at=AT), build.agreed(at=AT, position=0),
    ):  # fmt: skip
        stage.on(message)
    return stage


def fill(stage, side, size, price=PRICE, number=1, **more):
    fields = {"tag": "", "venue_id": 0, "fees": D(0), **more}
    return stage.on(build.fill(at=AT, trade_id=number, side=side, size=size, price=price, **fields))


def wish(n=1, action=Action.LONG_ENTRY, side=1, **more):
    fields = {"confidence": 1.0, "price": PRICE, "stop_ticks": 300_000, "target_ticks": 600_000}
    return build.intent(
        at=AT, id=f"i{n}", action=action, side=side, expires_at=AT + 2 * build.SECOND,
        **fields | more,
    )  # fmt: skip


def verdict(stage, intent):
    answer = stage.on(intent)[0]
    assert isinstance(answer, Approved | Refused)
    return answer


def changes(answers):
    return [a for a in answers if isinstance(a, StateChanged)]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("off", "state"), [
    ("-0.01", State.ACTIVE), ("0", State.HALTED), ("0.01", State.HALTED),
])  # fmt: skip
def test_a_quarter_under_the_highest_equity_flattens_and_halts_for_review(side, off, state):
    """One BTC, 60,000 dollars of it: first 2,000 are won, then 3,000 of 12,000 lost again."""
    stage = risk()
    fill(stage, side, 100_000)
    stage.on(build.mark(at=AT, price=PRICE + side * 2000))
    told = changes(stage.on(build.mark(at=AT, price=PRICE - side * (1000 + D(off)))))
    assert stage.memory.state is state
    assert [(one.reason, one.state) for one in told] == (
        [(Reason.RISK_ACCOUNT_DRAWDOWN, State.HALTED)] if state is State.HALTED else []
    )
    assert all("rearm" in one.reopens and "review" in one.reopens for one in told)


@pytest.mark.parametrize(("dollars", "lost", "halted"), [
    ("2000", "1999.99", False), ("2000", "2000", True), ("9000", "2000", False),
    ("9000", "2499.99", False), ("9000", "2500", True),
])  # fmt: skip
def test_of_dollars_and_share_the_stricter_wins(dollars, lost, halted):
    stage = risk(around_the_clock(account_drawdown_max=D(dollars)))
    fill(stage, 1, 100_000)
    stage.on(build.mark(at=AT, price=PRICE - D(lost)))
    assert (stage.memory.state is State.HALTED) is halted


def test_the_room_of_the_budget_ends_at_that_share_too():
    stage = risk()
    assert room(stage.memory) == 2500
    stage = risk(around_the_clock(account_drawdown_max=D(1000)))
    assert room(stage.memory) == 1000


def test_without_the_rules_nothing_of_it_is_asked_or_kept():
    settings = replace(around_the_clock(), portfolio=PortfolioSettings())
    stage = risk(settings)
    for hour in range(4):
        stage.on(build.bar(at=AT + hour * HOUR, close=60_000.0))
    assert stage.memory.hours == type(stage.memory.hours)()
    rules = {check.rule for check in verdict(stage, wish(stop_ticks=8)).checks}
    assert not [rule for rule in rules if rule.startswith("RISK_FOLIO")]
    assert room(stage.memory) > 2500


def test_the_value_is_the_marked_equity():
    stage = risk()
    fill(stage, 1, 1000)
    stage.on(build.mark(at=AT, price=PRICE + 10_000))  # of 0.01 BTC: 100 dollars
    assert left(verdict(stage, wish()), Reason.RISK_FOLIO_VALUE) == 10_100


@pytest.mark.parametrize(("mark", "held", "equity"), [(None, 120, 10_000), (61_000, 122, 10_002)])
def test_what_is_held_counts_at_its_mark(mark, held, equity):
    """200 lots: 120 dollars at 60,000. The stake is made so large that the cap alone is seen."""
    stage = risk()
    fill(stage, 1, 200)
    if mark:
        stage.on(build.mark(at=AT, price=D(mark)))
    settings = stage.memory.settings
    large = replace(settings.portfolio, stake_share=D(9), stake_part=D(1))
    stage.memory.settings = replace(settings, portfolio=large)
    found = left(verdict(stage, wish()), Reason.RISK_FOLIO_POSITION)
    assert found == D("0.25") * equity - held


def test_what_is_coming_counts_and_what_is_approved_counts_as_the_most():
    stage = risk()
    assert verdict(stage, wish(1)).size == 41  # 50 dollars, halved: nothing is known of volatility
    refused = verdict(stage, wish(2))
    assert refused.reason is Reason.RISK_FOLIO_POSITION
    order = {"tag": "r-1", "size": 41, "side": 1, "intent": "i1"}
    stage.on(build.place_order(at=AT, **order))
    found = verdict(stage, wish(3))
    assert left(found, Reason.RISK_FOLIO_CORRELATION) == D("37.5"), "unknown: a half"
    assert left(verdict(stage, wish(4, Action.SHORT_ENTRY, -1)), Reason.RISK_FOLIO_POSITION) < 0


def test_a_turn_leaves_nothing_of_what_is_held():
    stage = risk()
    fill(stage, 1, 4000)
    turned = verdict(stage, wish(1, Action.REVERSE_TO_SHORT, -1))
    assert left(turned, Reason.RISK_FOLIO_CORRELATION) == 50
    stage = risk()
    fill(stage, 1, 4000)
    short = verdict(stage, wish(1, Action.SHORT_ENTRY, -1))
    assert left(short, Reason.RISK_FOLIO_CORRELATION) == D("37.5")


@pytest.mark.parametrize("side", [1, -1])
def test_without_a_stop_a_position_is_at_stake_to_where_its_stop_will_be(side):
    """5 % of 600 dollars and a slip; with the stop at the venue, what that leaves."""
    stage = risk()
    fill(stage, side, 1000)
    slip = stage.memory.settings.risk.slip_exit_ticks * D("0.0001")
    assert at_stake(stage.memory) == 30 + slip
    stop = {"side": -side, "size": 1000, "price": PRICE - side * 1000, "type": OrderType.STOP}
    stage.on(build.order_accepted(at=AT, tag="r-1-SL", venue_id=7, **stop))
    assert at_stake(stage.memory) == 10 + slip


def test_an_hour_is_kept_of_the_bars_and_outlives_a_start():
    stage = risk()
    for hour, close in enumerate((60_000.0, 60_600.0, 60_600.0)):
        stage.on(build.bar(at=AT + (hour + 1) * HOUR, close=close))
    stage.on(build.run_started(at=AT, settings=stage.memory.settings, balance_start=D(10_000)))
    (kept,) = stage.memory.hours.returns["BTC"].values()
    assert kept == pytest.approx(0.01)


def test_a_strategys_wish_has_stop_and_target_by_its_price():
    settings = around_the_clock()
    signals = Signals({"cycle": cycle}, replace(settings, signals=replace(
        settings.signals, strategy="cycle", cooldown_s=0.0, cycle_s=20,
    )))  # fmt: skip
    (told,) = signals.on(build.bar(at=AT, bid=61_687.71, ask=61_687.72, close=61_687.71))
    assert isinstance(told, Intent)
    assert (told.price, told.stop_ticks, told.target_ticks) == (D("61687.72"), 308_438, 616_878)


def test_the_outlook_is_what_its_surest_entry_meets():
    stage = risk()
    stage.on(build.pulse(at=AT))
    found = outlook(stage.memory, PRICE)
    assert found == verdict(stage, wish(action=Action.LONG_ENTRY)).checks
    assert [check.value for check in found if check.rule is Reason.RISK_FOLIO_LOTS] == [41]


@pytest.mark.parametrize(("side", "prices"), [(1, [57_000, 66_000]), (-1, [63_000, 54_000])])
def test_a_coin_taken_over_from_the_venue_gets_a_stop_by_its_price(side, prices):
    settings = around_the_clock()
    own = replace(settings, execution=replace(settings.execution, native_brackets=False))
    stage = Executor(own)
    stage.on(build.run_started(at=AT, settings=own))
    stop, target = fill(stage, side, 16, number=-1)
    assert [stop.stop_price, target.limit_price] == prices
