"""What would have flipped a verdict: applied to the rule, or to risk itself, it does flip it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cli.logs import records_of
from core import messages as m
from core.reasons import Reason
from core.terms import Action, Check
from daemon.margins import (
    ABOVE,
    BELOW,
    LEAST,
    MOST,
    RULES,
    SAME,
    change,
    distance,
    flip,
    is_flag,
    nearest,
    told,
)
from tests import build
from tests.data.stored import NAMES, unpack

HOLDS = {
    MOST: lambda value, limit: value <= limit,
    BELOW: lambda value, limit: value < limit,
    LEAST: lambda value, limit: value >= limit,
    ABOVE: lambda value, limit: value > limit,
    SAME: lambda value, limit: value == limit,
}


def check(rule, value, limit, passed=None):
    value, limit = Decimal(value), Decimal(limit)
    if passed is None:
        passed = HOLDS[RULES[rule].must](value, limit)
    return Check(rule, value, limit, passed)


R = Reason
SAID = [
    (check(R.RISK_DRB, "13.34", "10.24"), "3.10 dollars more budget"),
    (check(R.RISK_DRB, "13.34", "10.2451"), "3.10 dollars more budget"),
    (check(R.RISK_DRB, "13.34", "35.80"), "over 22.46 dollars less budget"),
    (check(R.RISK_TRADE_TOO_LARGE, "30", "25"), "5.00 dollars less at stake"),
    (check(R.RISK_DAILY_LOSS, "50", "50"), "over 0.00 dollars less lost today"),
    (check(R.RISK_DAILY_LOSS, "12.50", "50"), "37.50 dollars more lost today"),
    (check(R.RISK_MIN_BALANCE, "699.99", "700"), "0.01 dollars more balance"),
    (check(R.SIG_LOW_CONFIDENCE, "0.573", "0.6"), "confidence 0.027 higher"),
    (check(R.SIG_COOLDOWN, "12.5", "30"), "17.5 s later, after the cooldown"),
    (check(R.RISK_LOSSES_IN_ROW, "1769.5551366", "0"), "1769.556 s later, after the pause"),
    (check(R.RISK_MAX_POSITION, "2", "1"), "1 contract(s) fewer held or coming"),
    (check(R.RISK_MAX_POSITION, "1", "1"), "1 contract(s) more held or coming"),
    (check(R.RISK_SESSION_CLOSED, "600", "900"), "over 300 s more to the flat time"),
    (check(R.RISK_SESSION_CLOSED, "-1", "900"), "an open session"),
    (check(R.RISK_UNKNOWN_PENDING, "1", "0"), "1 unknown orders fewer"),
    (check(R.SIG_EXPIRED, "-0.5", "0"), "0.5 s sooner"),
    (check(R.SIG_HOLD, "7", "0"), "7 s earlier in the cycle"),
    (check(R.RISK_NOT_AGREED, "1", "0", False), "log and venue agreed"),
    (check(R.RISK_NOT_AGREED, "0", "0", True), "log and venue not agreed"),
    (check(R.RISK_STALE_DATA, "1", "0", False), "a market link that is up"),
    (check(R.RISK_CLOCK_SKEW, "2.5", "2"), "0.5 s less of skew"),
    (check(R.RISK_CLOCK_SKEW, "-1", "2", False), "a word of the venue's"),
    (check(R.RISK_CLOCK_SKEW, "1", "0", False), "a clock that is right"),
    (check(R.RISK_PAUSED, "1", "0", False), "state ACTIVE"),
    (check(R.RISK_KILL, "1", "0", False), "state ACTIVE"),
    (check(R.RISK_SESSION_CLOSED, "1", "0", False), "state ACTIVE"),
    (check(R.DATA_CONTRACT_ROLL, "1", "0", False), "state ACTIVE"),
    (check(R.RISK_COLLAR_DRIFT, "1", "0", False), "state ACTIVE"),
    (check(R.RISK_COLLAR_DRIFT, "81", "80"), "1.00 ticks less of drift"),
    (check(R.DATA_CONTRACT_ROLL, "1", "0", True), "1 s less to the contract's roll"),
    (check(R.DATA_CONTRACT_ROLL, "-5", "0"), "over 5 s more to the contract's roll"),
    (check(R.RISK_OVERSTAYED, "5.0", "0"), "5 s sooner, at its day's flat time"),
    (check(R.RISK_PROP_LOSS, "2013.34", "2000"), "over 13.34 dollars less lost with all at stake"),
    (check(R.RISK_PROP_SIZE, "51", "50"), "1 micro(s) fewer held or coming"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "says"), SAID, ids=lambda one: str(one)[:40])
def test_the_change_is_said_in_words_of_the_trade(rule, says):
    assert change(rule) == says
    shown = told(rule)
    assert shown.startswith("ok   " if rule.passed else "FAIL ")
    assert is_flag(rule) == (" against " not in shown) and " 0 against 0 " not in shown


NUMBERS = st.decimals(-2000, 2000, places=4)
NUMERIC = [rule for rule in RULES if RULES[rule].must != SAME]


@given(st.sampled_from(NUMERIC), NUMBERS, st.decimals(1, 2000, places=2))
def test_the_change_told_flips_the_rule_and_a_unit_less_does_not(rule, value, limit):
    row = RULES[rule]
    if row.unit == 1:
        value, limit = value.to_integral_value(), limit.to_integral_value()
    one = check(rule, value, limit)
    toward = 1 if (row.must in (LEAST, ABOVE)) is not one.passed else -1
    strict = "over" in change(one) or change(one) == "an open session"
    far, over = distance(one), Decimal("0.00001") if strict else 0
    moved = HOLDS[row.must](value + toward * (far + over), limit)
    short = HOLDS[row.must](value + toward * (far - row.unit), limit)
    told_down = one.passed and row.unit != 1  # room is rounded down: within a unit of the edge
    assert short is one.passed
    assert moved is not one.passed or (
        told_down
        and HOLDS[row.must](value + toward * (far + over + row.unit), limit) is not one.passed
    )


def hold(reason, *checks):
    return build.hold(reason=reason, checks=checks)


def test_a_refusal_names_all_that_have_to_change():
    one = check(R.RISK_DRB, "13.34", "10.24")
    assert flip(build.refused(checks=(one,), reason=one.rule), None) == (
        "it would have been admitted with 3.10 dollars more budget"
    )
    more = (check(R.RISK_PAUSED, "1", "0", False), check(R.RISK_MAX_POSITION, "2", "1"), one)
    assert flip(build.refused(checks=more, reason=more[0].rule), None) == (
        "it would have been admitted only with all of: state ACTIVE; "
        "1 contract(s) fewer held or coming; 3.10 dollars more budget"
    )


def test_a_size_of_nothing_is_told_beside_what_else_said_no_unless_that_is_the_same():
    pause, drb = check(R.RISK_LOSSES_IN_ROW, "10", "0"), check(R.RISK_DRB, "13.34", "10.24")
    stake, budget = check(R.RISK_SIZE_STAKE, "0", "1"), check(R.RISK_SIZE_BUDGET, "0", "1")
    verdict = build.refused(checks=(pause, drb, stake, budget), reason=pause.rule)
    assert flip(verdict, None) == (
        "it would have been admitted only with all of: 10 s later, after the pause; "
        "3.10 dollars more budget; 1 contract(s) more"
    )
    assert flip(build.refused(checks=(drb, budget), reason=drb.rule), None).endswith("more budget")
    assert flip(build.refused(checks=(stake, budget), reason=stake.rule), None).endswith(
        "with 1 contract(s) more"
    )


def test_without_a_reference_price_that_is_what_would_pass():
    assert change(check(Reason.RISK_MAX_VALUE, "0", "50000.00", passed=False)) == (
        "a reference price"
    )


def test_an_approval_names_the_rule_that_was_nearest_to_its_limit():
    near, far = check(R.RISK_MIN_BALANCE, "705", "700"), check(R.RISK_DAILY_LOSS, "1", "50")
    flag = check(R.RISK_STALE_DATA, "0", "0", True)
    assert nearest((flag, far, near)) is near
    assert flip(build.approved(checks=(flag, far, near)), None) == (
        "nearest to a refusal: RISK_MIN_BALANCE, with over 5.00 dollars less balance"
    )
    assert "exits always pass" in flip(build.approved(checks=()), None)
    turn = build.approved(checks=(check(R.RISK_DRB, "13.34", "10.24"),), reason=R.RISK_DRB)
    assert flip(turn, None).startswith("the turn would have been admitted whole with 3.10")


FLAT = build.prediction(probabilities=(0.1, 0.55, 0.35), direction=0, confidence=0.55)


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (hold(R.SIG_PENDING), "no wish or order on its way"),
        (hold(R.SIG_BLOCKED), "state ACTIVE"),
        (hold(R.SIG_IN_POSITION, check(R.SIG_NO_CROSS, "5", "4", True)), "no position"),
        (hold(R.SIG_NO_CROSS, check(R.SIG_NO_CROSS, "4995.51", "4995.72", False)),
         "averages that cross"),
        (hold(R.SIG_FLAT_WANTED, check(R.SIG_LOW_CONFIDENCE, "0.55", "0.6")),
         "up 0.250000 likelier (0.600)"),
        (hold(R.SIG_FLAT_WANTED, check(R.SIG_LOW_CONFIDENCE, "0.55", "0.4")),
         "up over 0.100000 likelier (0.450)"),
        (hold(R.FEAT_WARMUP, check(R.FEAT_WARMUP, "250", "200"), check(R.FEAT_WARMUP, "3", "6")),
         "3 more seconds, or 5-minute bars"),
    ],
)  # fmt: skip
def test_a_hold_says_what_would_have_let_it_go_on(held, says):
    assert flip(held, FLAT) == f"it would have gone on with {says}"


def test_what_judges_nothing_has_nothing_to_flip():
    assert flip(build.bar(), None) == "" and flip(build.fill(), None) == ""


@pytest.mark.parametrize("name", NAMES)
def test_every_decision_of_a_real_run_says_what_would_have_flipped_it(tmp_path, name):
    records = records_of(unpack(name, tmp_path))
    by_seq = {record.seq: record for record in records}
    decided = [r for r in records if isinstance(r.message, m.Hold | m.Refused | m.Approved)]
    assert len(decided) > 200
    for record in decided:
        assert flip(record.message, by_seq[record.cause].message), record


def asked(day_loss_max, **changes):
    """What risk says to a wish where so much may be lost today."""
    from actors.risk import Risk

    limits = replace(build.SETTINGS.risk, day_loss_max=Decimal(day_loss_max), **changes)
    sizing = build.CONTROLLED.sizing if changes else build.SETTINGS.sizing
    settings = replace(build.SETTINGS, risk=limits, sizing=sizing)
    stage = Risk(settings)
    for message in (
        build.run_started(settings=settings), build.session_opened(),
        build.account_snapshot(balance=Decimal("1000.00"), position=0, orders=(), fills=()),
        build.feed_state(), build.feed_state(link="user"), build.agreed(position=0),
    ):  # fmt: skip
        stage.on(message)
    (verdict,) = stage.on(build.intent(action=Action.LONG_ENTRY))
    return verdict


@pytest.mark.parametrize(("budget", "admitted"), [("13.34", True), ("13.33", False)])
def test_risk_itself_admits_with_as_much_more_budget_as_was_told(budget, admitted):
    """The same wish, asked again."""
    refused = asked("10.24")
    assert flip(refused, None) == "it would have been admitted with 3.10 dollars more budget"
    assert isinstance(asked(budget), m.Approved) is admitted


def test_two_contracts_become_one_before_they_are_refused():
    room = {"contracts": 2, "position_max": 9, "balance_min": Decimal(1)}
    room |= {"trade_risk_max": Decimal(99)}
    assert (asked("30", **room).size, asked("26.67", **room).size) == (2, 1)
    assert flip(asked("30", **room), None) == (
        "nearest to a refusal: RISK_DRB, with over 16.66 dollars less budget"
    )
    assert isinstance(asked("13.33", **room), m.Refused)
