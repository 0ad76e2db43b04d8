"""Balance, clock, quote, alerts: what an entry meets beside its own terms."""

import msgspec
import pytest
from msgspec.structs import replace

from actors.controls import young
from actors.signals import Signals
from core.messages import Alert, Approved, Hold, Intent
from core.reasons import Reason
from core.terms import Action, State
from strategies import cycle, model
from tests import build
from tests.actors.controlled import AT, SECOND, D, check, enter, quote, risk, told, verdict, wish

MS = 1_000_000


def test_an_entry_that_breaks_no_control_is_approved_with_all_their_numbers():
    answer = verdict(risk(), wish())
    assert isinstance(answer, Approved)
    assert all(row.passed for row in answer.checks)
    rules = {row.rule for row in answer.checks}
    assert rules >= {
        Reason.RISK_NOT_ALLOWED, Reason.RISK_CLOCK_SKEW, Reason.RISK_MAX_OPEN_ORDERS,
        Reason.RISK_MAX_QTY, Reason.RISK_MAX_VALUE, Reason.DATA_STALE, Reason.DATA_CROSSED,
        Reason.RISK_COLLAR, Reason.RISK_COLLAR_DRIFT, Reason.RISK_STALE_BALANCE,
        Reason.RISK_CAPITAL, Reason.RISK_MAX_TRADES, Reason.RISK_THROTTLE_MSG,
        Reason.RISK_THROTTLE_REPEAT, Reason.RISK_DUPLICATE, Reason.RISK_SELF_CROSS,
    }  # fmt: skip


@pytest.mark.parametrize(("skew", "passed"), [
    ("0", True), ("2.0", True), ("-2.0", True), ("2.001", False), ("-2.001", False), (None, False),
])  # fmt: skip
def test_a_clock_too_far_from_the_venues_or_unknown_blocks_entries(skew, passed):
    stage = risk()
    stage.on(told(skew=skew))
    assert check(stage, wish(), Reason.RISK_CLOCK_SKEW).passed is passed


@pytest.mark.parametrize(("ms", "passed"), [(60_000, True), (60_001, False)])
def test_a_balance_older_than_a_minute_is_no_balance(ms, passed):
    at = AT + ms * MS
    stage = risk(quote_max_s=1000.0)
    assert check(stage, wish(at=at), Reason.RISK_STALE_BALANCE).passed is passed


def test_without_a_balance_there_is_no_entry():
    stage = risk()
    stage.memory.controls.balance_at = 0
    assert verdict(stage, wish()).reason is Reason.RISK_STALE_BALANCE


@pytest.mark.parametrize(("balance", "passed"), [("63.34", True), ("63.33", False)])
@pytest.mark.parametrize("action", [Action.LONG_ENTRY, Action.SHORT_ENTRY])
def test_margin_and_planned_loss_must_be_there(action, balance, passed):
    stage = risk(balance)
    assert check(stage, wish(action=action), Reason.RISK_CAPITAL).passed is passed


@pytest.mark.parametrize(("margin", "passed"), [("486.66", True), ("486.67", False)])
def test_what_is_approved_and_not_yet_sent_has_its_margin_too(margin, passed):
    stage = risk(margin_contract=D(margin))
    assert isinstance(verdict(stage, wish(1)), Approved)
    row = check(stage, wish(2, price=D(5001)), Reason.RISK_CAPITAL)
    assert row.passed is passed


@pytest.mark.parametrize(("ms", "passed"), [(30_000, True), (30_001, False)])
def test_a_market_that_has_not_moved_for_so_long_is_none(ms, passed):
    stage = risk()
    still = build.bar(at=AT + SECOND, bid=5000.0, ask=5000.25, filled=True)
    stage.on(still)
    assert check(stage, wish(at=AT + ms * MS), Reason.DATA_STALE).passed is passed


@pytest.mark.parametrize("bar", [
    build.bar(at=AT + 20 * SECOND, bid=5000.0, ask=5000.25, filled=False),
    build.bar(at=AT + 20 * SECOND, bid=5000.25, ask=5000.5, filled=True),
])  # fmt: skip
def test_a_trade_or_another_quote_is_news(bar):
    stage = risk()
    stage.on(bar)
    assert check(stage, wish(at=AT + 50 * SECOND), Reason.DATA_STALE).passed


def test_a_run_begins_without_a_quote():
    stage = risk()
    stage.on(build.run_started(at=AT, settings=stage.memory.settings, account_id=1001))
    row = check(stage, wish(), Reason.DATA_CROSSED)
    assert not row.passed


@pytest.mark.parametrize(("edition", "since"), [(4, AT + 60 * SECOND), (5, AT)])
def test_a_run_whose_clock_is_behind_the_logs_waits_for_no_stamp_of_that(edition, since):
    """The machine's clock was ahead, and has been mended; older logs replay as they were."""
    stage = risk()
    kept, settings = stage.memory.controls, stage.memory.settings
    kept.past.messages, kept.alarm_at = [AT + 60 * SECOND], AT + 60 * SECOND
    stage.on(build.run_started(at=AT, settings=replace(settings, edition=edition)))
    assert (kept.past.messages, kept.alarm_at) == ([since], since)


def test_an_account_that_the_venue_locks_is_sent_no_entry_and_any_exit():
    stage = risk()
    stage.on(replace(told(), can_trade=False))
    assert verdict(stage, wish()).reason is Reason.RISK_NOT_ALLOWED
    stage.on(told())
    assert isinstance(verdict(stage, wish(2)), Approved)
    stage.on(build.fill(at=AT, side=1, tag="", venue_id=1))
    stage.on(replace(told(), can_trade=False))
    assert isinstance(verdict(stage, wish(3, action=Action.EXIT_LONG)), Approved)


GRAVE = [
    build.close_position(at=AT, reason=Reason.RISK_NAKED),
    build.close_position(at=AT, reason=Reason.ORD_OCO_BOTH_FILLED),
    build.close_position(at=AT, reason=Reason.RISK_MAX_POSITION),
    build.fill(at=AT, trade_id=-AT, reason=Reason.FILL_INFERRED),
    build.halted(at=AT),
]


@pytest.mark.parametrize("grave", GRAVE, ids=lambda m: m.reason)
def test_what_is_grave_is_an_alert(grave):
    stage = risk()
    alert = next(a for a in stage.on(grave) if isinstance(a, Alert))
    drift = Reason.REC_POSITION_DRIFT if grave is GRAVE[3] else grave.reason
    assert (alert.of, stage.memory.controls.alarm_at) == (drift, AT)


@pytest.mark.parametrize(("edition", "alerts"), [(1, []), (2, [Reason.RISK_KILL])])
def test_a_limit_that_halts_is_an_alert_and_was_none_in_older_logs(edition, alerts):
    stage = risk()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(build.fill(at=AT, trade_id=1, fees=D(0)))
    lost = stage.on(build.fill(at=AT, trade_id=2, side=-1, fees=D(900)))
    assert stage.memory.state is State.HALTED
    assert [alert.of for alert in lost if isinstance(alert, Alert)] == alerts


def test_a_fill_that_a_query_told_is_no_alert():
    answers = risk().on(build.fill(at=AT, reason=Reason.FILL_INFERRED))
    assert not [a for a in answers if isinstance(a, Alert)]


@pytest.mark.parametrize("restart", [False, True])
def test_an_alert_that_nobody_acknowledges_leaves_exits_only(restart):
    stage = risk()
    stage.on(GRAVE[3])
    if restart:
        stage.on(build.run_started(at=AT + SECOND, run="r2", settings=stage.memory.settings))
    assert not stage.on(build.pulse(at=AT + 60 * SECOND - 1))
    (change,) = stage.on(build.pulse(at=AT + 60 * SECOND))
    assert (change.state, change.reason) == (State.FLATTEN_ONLY, Reason.SYS_NO_ACK)
    stage.on(build.command(at=AT + 61 * SECOND, name="resume"))
    (again,) = stage.on(build.pulse(at=AT + 62 * SECOND))
    assert again.reason is Reason.SYS_NO_ACK
    for name in ("ack", "resume"):
        stage.on(build.command(at=AT + 63 * SECOND, name=name))
    stage.on(build.agreed(at=AT + 64 * SECOND))
    assert not stage.on(build.pulse(at=AT + 900 * SECOND))
    assert stage.memory.state is State.ACTIVE


def test_no_daily_limit_lets_an_alert_end_by_itself():
    """The flatten that nobody asked for meets the day's loss; the next day opens only that."""
    stage = risk()
    numbers = stage.memory.settings
    stage.memory.settings = replace(numbers, risk=replace(numbers.risk, day_loss_max=D(50)))
    stage.on(GRAVE[3])
    stage.on(build.pulse(at=AT + 60 * SECOND))
    for n, fees in ((1, D(0)), (2, D(50))):
        stage.on(build.fill(at=AT + 61 * SECOND, trade_id=n, side=3 - 2 * n, fees=fees))
    stage.on(build.session_opened(at=AT + 62 * SECOND, trade_date="2026-11-23"))
    assert (stage.memory.state, stage.memory.why) == (State.FLATTEN_ONLY, Reason.SYS_NO_ACK)


def test_an_alert_that_is_acknowledged_in_time_changes_nothing():
    stage = risk()
    stage.on(GRAVE[3])
    stage.on(build.command(at=AT + 59 * SECOND, name="ack", by="ada"))
    assert not stage.on(build.pulse(at=AT + 900 * SECOND))


def test_the_deadline_is_kept_between_two_quiet_pulses_too():
    stage = risk()
    stage.on(GRAVE[3])
    for second in range(60):
        assert not stage.on(build.pulse(at=AT + second * SECOND))
    assert stage.on(build.pulse(at=AT + 60 * SECOND))


@pytest.mark.parametrize(("ms", "leaves"), [(3000, True), (2999, False)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_strategy_keeps_its_position_for_a_while(side, ms, leaves):
    """The venue forbids holds of seconds; a reversal waits like an exit."""
    stage = Signals({"model": model, "cycle": cycle}, build.CONTROLLED)
    stage.on(build.run_started(at=AT, settings=build.CONTROLLED))
    stage.on(build.fill(at=AT, side=side, tag="", venue_id=1))
    chances = (0.8, 0.1, 0.1) if side > 0 else (0.1, 0.1, 0.8)
    seen = build.prediction(at=AT + ms * MS, direction=-side, confidence=0.8, probabilities=chances)
    (answer,) = stage.on(seen)
    assert isinstance(answer, Intent if leaves else Hold)
    assert leaves or answer.reason is Reason.SIG_MIN_HOLD


def test_all_of_it_outlives_a_snapshot():
    stage = risk()
    for message in (GRAVE[0], build.cancel_order(at=AT), quote(AT + SECOND)):
        stage.on(message)
    enter(stage, 1, AT + 2 * SECOND)
    stage.memory.controls.past.off["model +1"] = AT
    stored = msgspec.json.encode(msgspec.to_builtins(stage.memory, str_keys=True))
    assert msgspec.json.decode(stored, type=type(stage.memory)) == stage.memory


def test_a_log_without_controls_lets_a_position_go_at_once():
    assert young(AT, AT, None) is None
    assert young(AT, AT, build.CONTROLLED.controls) is not None
