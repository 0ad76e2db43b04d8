"""A firm's rules: each at its limit and one unit past it, alone and through risk itself."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.account import rooms as rooms_of
from actors.firm import Books, cap, entry, floor, limits, rooms
from actors.risk import Risk
from core.config import load
from core.errors import ConfigError
from core.messages import Approved, Refused
from core.prop import PROFILES, micros
from core.reasons import Reason
from core.settings import PropSettings
from core.terms import Action, State
from tests import build
from tests.actors.test_risk import AT, PLAIN, changes, intent, verdict
from tests.core.test_config import REAL

D, SECOND = Decimal, build.SECOND
COMBINE = PropSettings("topstepx-50k-combine", day_limit=True, consistency=D("0.5"))
EXPRESS = PropSettings("topstepx-50k-express")
MES = build.SETTINGS.instrument


def books(realised="50000", day_start="50000", high="0", marked=None, stake="0"):
    return Books(D(high), D(day_start), D(realised), D(marked or realised), D(stake))


@pytest.mark.parametrize(("name", "start", "floors"), [
    ("topstepx-50k-combine", 50_000, {49_000: 48_000, 50_000: 48_000, 50_700: 48_700,
                                      52_000: 50_000, 60_000: 50_000}),
    ("topstepx-100k-combine", 100_000, {100_000: 97_000, 101_000: 98_000, 103_500: 100_000}),
    ("topstepx-150k-combine", 150_000, {150_000: 145_500, 154_499: 149_999, 154_501: 150_000}),
    ("topstepx-50k-express", 0, {-500: -2_000, 0: -2_000, 1_500: -500, 2_000: 0, 9_000: 0}),
])  # fmt: skip
def test_the_floor_follows_the_best_end_of_a_day_up_to_the_start(name, start, floors):
    rules, profile = PropSettings(name), PROFILES[name]
    assert profile.start == start
    for high, expected in floors.items():
        assert floor(rules, profile, books(high=str(high), day_start=str(start))) == expected
        assert floor(rules, profile, books(day_start=str(high))) == expected
        told = replace(rules, balance_high=D(max(0, high)))
        if high >= 0:
            assert floor(told, profile, books(day_start=str(start))) == expected


@given(st.lists(st.integers(-4_000, 9_000), min_size=1, max_size=30))
def test_the_floor_never_falls_and_stays_at_or_under_the_start(days):
    profile, high, last = PROFILES[COMBINE.profile], D(0), D("-Infinity")
    for made in days:
        balance = profile.start + made
        now = floor(COMBINE, profile, Books(high, balance, balance, balance))
        assert last <= now <= profile.start
        assert now >= balance - profile.loss_max or now == profile.start
        last, high = now, max(high, balance)


@pytest.mark.parametrize(("cost", "stake", "passed"), [
    ("13.34", "0", True), ("13.33", "1986.66", True), ("13.34", "1986.66", False),
    ("13.35", "1986.66", False),
])  # fmt: skip
def test_the_worst_case_of_an_entry_must_stay_above_the_floor(cost, stake, passed):
    (loss, *_) = entry(replace(COMBINE, day_limit=False), books(stake=stake), MES, 1, D(cost))
    assert (loss.rule, loss.passed) == (Reason.RISK_PROP_LOSS, passed)


@pytest.mark.parametrize(("stake", "passed"), [("986.65", True), ("986.66", False)])
def test_and_within_the_daily_limit_where_the_account_has_one(stake, passed):
    _, day, *_ = entry(COMBINE, books(stake=stake), MES, 1, D("13.34"))
    assert (day.rule, day.passed) == (Reason.RISK_PROP_DAY, passed)
    rules = {c.rule for c in entry(replace(COMBINE, day_limit=False), books(), MES, 1, D(1))}
    assert Reason.RISK_PROP_DAY not in rules


def test_a_mark_worse_than_every_stop_counts_instead():
    (loss, *_) = entry(COMBINE, books(marked="48010", stake="13"), MES, 1, D("10"))
    assert not loss.passed
    assert entry(COMBINE, books(marked="48010.01", stake="13"), MES, 1, D("10"))[0].passed


@pytest.mark.parametrize(("contracts", "passed"), [(50, True), (51, False)])
def test_the_cap_counts_micros(contracts, passed):
    found = {c.rule: c for c in entry(COMBINE, books(), MES, contracts, D(1))}
    assert found[Reason.RISK_PROP_SIZE].passed is passed
    mini = replace(MES, symbol="ES")
    found = {c.rule: c for c in entry(COMBINE, books(), mini, contracts // 10, D(1))}
    assert found[Reason.RISK_PROP_SIZE].value == contracts // 10 * 10
    assert [micros(name) for name in ("MES", "ES", "CL")] == [1, 10, 10]


@pytest.mark.parametrize(("profit", "most"), [
    ("-100", 20), ("0", 20), ("1500", 20), ("1500.01", 30), ("2000", 30), ("2000.01", 50),
])  # fmt: skip
def test_an_express_account_grows_with_its_profit_at_the_days_end(profit, most):
    assert cap(PROFILES[EXPRESS.profile], D(profit)) == most
    found = {c.rule: c for c in rooms(EXPRESS, books(realised="9000", day_start=profit), MES, 1)}
    assert found[Reason.RISK_PROP_SIZE].limit == most, "today's profit does not count yet"


@pytest.mark.parametrize(("realised", "day_start", "rule", "passed"), [
    ("52999.99", "52000", Reason.RISK_PROP_TARGET, True),
    ("53000.00", "52000", Reason.RISK_PROP_TARGET, False),
    ("51499.99", "50000", Reason.RISK_PROP_CONSISTENCY, True),
    ("51500.00", "50000", Reason.RISK_PROP_CONSISTENCY, False),
])  # fmt: skip
def test_a_target_that_is_reached_and_a_day_that_made_enough_end_the_trading(
    realised, day_start, rule, passed
):
    found = {c.rule: c for c in entry(COMBINE, books(realised, day_start), MES, 1, D(1))}
    assert found[rule].passed is passed
    off = replace(COMBINE, consistency=D(0))
    assert Reason.RISK_PROP_CONSISTENCY not in {c.rule for c in rooms(off, books(), MES, 0)}


def test_without_a_firm_nothing_is_asked():
    none = PropSettings()
    assert limits(none, books()) == entry(none, books(), MES, 99, D(99)) == ()
    assert rooms(none, books(), MES, 99) == ()


def traded(balance="50000.00", prop=COMBINE, **risk):
    """Risk with room of its own for all that the firm allows."""
    roomy = {
        "day_loss_max": D(9_000), "day_drawdown_max": D(9_000), "account_drawdown_max": D(9_000),
        "kill_loss_max": D(90_000), "trade_risk_max": D(9_000), "balance_min": D(1),
    }  # fmt: skip
    chosen = replace(PLAIN, prop=prop, risk=replace(PLAIN.risk, **{**roomy, **risk}))
    stage = Risk(chosen)
    for message in (
        build.run_started(at=AT, settings=chosen, balance_start=D(50_000)),
        build.session_opened(at=AT),
        build.account_snapshot(at=AT, balance=D(balance), position=0, orders=(), fills=()),
        build.feed_state(at=AT), build.agreed(at=AT, position=0), build.pulse(at=AT),
    ):  # fmt: skip
        stage.on(message)
    return stage


@pytest.mark.parametrize(("balance", "admitted"), [("48013.35", True), ("48013.34", False)])
def test_risk_refuses_the_entry_that_could_touch_the_floor(balance, admitted):
    answer = verdict(traded(balance, replace(COMBINE, day_limit=False)), intent())
    assert isinstance(answer, Approved if admitted else Refused)
    assert admitted or answer.reason is Reason.RISK_PROP_LOSS
    before = [c for c in answer.checks if not c.passed and c.rule is not Reason.RISK_PROP_LOSS]
    assert before == []


def test_what_is_approved_and_not_yet_sent_counts_as_lost():
    stage = traded("48026.68", replace(COMBINE, day_limit=False), position_max=9)
    assert isinstance(verdict(stage, intent(n=1)), Approved)
    assert verdict(stage, intent(n=2)).reason is Reason.RISK_PROP_LOSS


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("lost", "reason", "state"), [
    ("999.99", None, None), ("1000.00", Reason.RISK_PROP_DAY, State.FLATTEN_ONLY),
    ("2000.00", Reason.RISK_PROP_LOSS, State.HALTED),
])  # fmt: skip
def test_an_open_loss_that_touches_a_limit_flattens_at_once(side, lost, reason, state):
    stage = traded()
    stage.on(build.fill(at=AT, side=side, price=D("5000.00"), fees=D(0)))
    price = D(5000) - side * (D(lost) - D("0.42")) / 5
    found = changes(stage, build.mark(at=AT, price=price))
    assert [(c.reason, c.state) for c in found] == ([(reason, state)] if reason else [])
    if reason is Reason.RISK_PROP_DAY:
        stage.on(build.fill(at=AT, trade_id=2, side=-side, tag="", price=D("5000.00")))
        (after,) = changes(stage, build.session_opened(trade_date="2026-11-23"))
        assert after.state is State.ACTIVE


def test_the_stricter_of_our_own_limit_and_the_firms_wins():
    own = traded(day_loss_max=D(50))
    own.on(build.fill(at=AT, price=D("5000.00"), fees=D(0)))
    (change,) = changes(own, build.mark(at=AT, price=D(4990) + D("0.084")))
    assert change.reason is Reason.RISK_DAILY_LOSS
    size = verdict(traded("1000.00", EXPRESS, contracts=21, position_max=99), intent())
    assert size.reason is Reason.RISK_PROP_SIZE
    assert verdict(traded(contracts=21, position_max=20), intent()).reason is (
        Reason.RISK_MAX_POSITION
    )


def test_the_end_of_a_day_moves_the_floor_and_a_restart_does_not():
    stage = traded(prop=replace(COMBINE, consistency=D(0)))
    stage.on(build.fill(at=AT, price=D("5000.00"), fees=D(0)))
    win = D("5000.00") + D(700) / 5
    stage.on(build.fill(at=AT, trade_id=2, side=-1, tag="", price=win, fees=D(0)))
    (loss, *_) = rooms_of(stage.memory)
    assert loss.limit - loss.value == D(2_700), "profit of the day is room until it ends"
    stage.on(build.session_opened(trade_date="2026-11-23"))
    (loss, *_) = rooms_of(stage.memory)
    assert loss.limit - loss.value == D(2_000)
    stage.on(build.run_started(at=AT + SECOND, run="r2", settings=stage.memory.settings))
    assert stage.memory.high_close == D(50_700)
    assert rooms_of(stage.memory)[0] == loss
    assert [row.rule for row in rooms_of(stage.memory)] == [
        Reason.RISK_PROP_LOSS, Reason.RISK_PROP_DAY, Reason.RISK_PROP_SIZE,
        Reason.RISK_PROP_TARGET,
    ]  # fmt: skip


@settings(deadline=None)  # the first case reads the calendar
@given(st.lists(st.tuples(
    st.sampled_from(["win", "lose", "day"]), st.integers(1, 40), st.sampled_from([1, -1]),
), max_size=60))  # fmt: skip
def test_no_run_of_trades_ever_touches_the_floor(story):
    """Every trade that is admitted loses all that was planned, or wins: equity stays above it."""
    stage, day, n = traded("48100.00", replace(COMBINE, consistency=D(0))), 1, 0
    for what, ticks, side in story:
        if what == "day":
            day += 1
            stage.on(build.session_opened(at=AT, trade_date=f"2027-01-{day:02d}"[:10]))
            continue
        n += 1
        action = Action.LONG_ENTRY if side > 0 else Action.SHORT_ENTRY
        answer = verdict(stage, intent(n=n, action=action, stop_ticks=ticks))
        if isinstance(answer, Refused):
            continue
        stage.memory.reserved.clear()
        moved = D(10) if what == "win" else -(D(ticks) + 2) / 4
        for k, (way, price) in enumerate(((side, D(5000)), (-side, D(5000) + side * moved))):
            fill = build.fill(
                at=AT, trade_id=10 * n + k, venue_id=10 * n + k, tag="", side=way, price=price
            )
            stage.on(fill)
        account = stage.memory
        assert account.why is not Reason.RISK_PROP_LOSS
        assert rooms_of(account)[0].passed


@pytest.mark.parametrize(("env", "says"), [
    ({"TRADEBOT_PROP_PROFILE": "topstepx-5k"}, "expected one of"),
    ({"TRADEBOT_PROP_PROFILE": "topstepx-50k-combine", "TRADEBOT_SESSION_VENUE_FLAT": ""}, "flat"),
    ({"TRADEBOT_PROP_CONSISTENCY": "1.01"}, "at most 1"),
])  # fmt: skip
def test_a_profile_that_is_none_stops_the_start(env, says):
    with pytest.raises(ConfigError, match=says):
        load(REAL, env)
    good = load(REAL, {"TRADEBOT_PROP_PROFILE": "topstepx-50k-combine"})
    assert good.settings().prop.profile in PROFILES
