"""What admits less than usual is a record with who, why, and what ends it."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from actors.risk import Risk
from actors.tightenings import holding
from core.messages import StateChanged, Tightened
from core.reasons import Reason
from tests import build
from tests.actors.portfolios import around_the_clock

D = Decimal
AT = build.AT // build.SECOND * build.SECOND - 5 * 3600 * build.SECOND
MINUTE = 60 * build.SECOND


def look(at):
    return build.account_snapshot(at=at, balance=D(1000), position=0, orders=(), fills=())


def risk(settings=build.CONTROLLED):
    stage = Risk(settings)
    for message in (
        build.run_started(at=AT, settings=settings), build.session_opened(at=AT), look(AT),
        build.feed_state(at=AT), build.agreed(at=AT, position=0), build.bar(at=AT),
    ):  # fmt: skip
        stage.on(message)
    return stage


def told(stage, *messages):
    return [a for m in messages for a in stage.on(m) if isinstance(a, Tightened)]


def lose(stage, count, net="-1.00"):
    return told(stage, *(build.trade_closed(at=AT, net=D(net)) for _ in range(count)))


def test_losses_in_a_row_tell_of_their_pause_and_when_it_ends():
    stage = risk()
    assert lose(stage, 2) == []
    (third,) = lose(stage, 1)
    assert (third.reason, third.by) == (Reason.RISK_LOSSES_IN_ROW, "risk")
    assert third.why == "3 net losses in a row: no entries"
    assert third.reopens == "by itself, 900 s later"
    assert lose(stage, 1) == []
    (fifth,) = lose(stage, 1)
    assert fifth.reopens == "by itself, 1800 s later"


@pytest.mark.parametrize(("ask", "count"), [(5000.50, 0), (5000.75, 1)])
def test_a_spread_is_told_of_once_until_it_is_over(ask, count):
    stage = risk()
    wide = [build.bar(at=AT + n, bid=5000.0, ask=ask) for n in range(3)]
    found = told(stage, *wide)
    assert [one.reason for one in found] == [Reason.RISK_SPREAD] * count
    assert all(one.reopens == "by itself, at a spread of 1" for one in found)
    told(stage, build.bar(at=AT + 4))
    assert len(told(stage, *wide)) == count


@pytest.mark.parametrize(("seen", "reason"), [
    ({"atr": 30.0}, None), ({"atr": 30.1}, Reason.RISK_VOLATILITY),
    ({"volume": 40}, None), ({"volume": 39}, Reason.RISK_VOLUME),
])  # fmt: skip
def test_the_market_tightens_from_its_limit_on(seen, reason):
    stage = risk()
    calm = {"at": AT, "atr": 10.0, "atr_normal": 10.0, "volume": 400, "volume_normal": 400.0}
    found = told(stage, build.conditions(**{**calm, **seen}))
    reasons = [one.reason for one in found if one.reason is not Reason.RISK_DRB]
    assert reasons == ([reason] if reason else [])
    assert told(stage, build.conditions(**calm), look(AT + MINUTE)) == []
    assert holding(stage.memory, AT + MINUTE) == []


@pytest.mark.parametrize(("atr", "share"), [
    (15.0, None), (15.1, "0.997"), (22.5, "0.750"), (49.9, "0.500"), (50.0, "0.000"),
])  # fmt: skip
def test_a_range_that_shrinks_the_budget_is_told(atr, share):
    """At five times its normal no entry is admitted: to tell of half sizes alone was no truth."""
    stage = risk()
    found = told(stage, build.conditions(at=AT, atr=atr, atr_normal=10.0))
    said = [one.why for one in found if one.reason is Reason.RISK_DRB]
    assert said == ([f"range {atr / 10:.2f} times its normal: the budget times {share}"]
                    if share else [])  # fmt: skip
    assert told(stage, build.conditions(at=AT, atr=atr, atr_normal=10.0)) == []


@pytest.mark.parametrize(("volatility", "rule", "why"), [
    ("1.5", None, ""), (None, Reason.RISK_FOLIO_REGIME, "not known: sizes times 0.5"),
    ("1.51", Reason.RISK_FOLIO_REGIME, "1.51 times its median: sizes times 0.5"),
    ("3", Reason.RISK_FOLIO_REGIME, "3.00 times its median: sizes times 0.5"),
    ("3.01", Reason.RISK_VOLATILITY, "3.01 times its median: no entries"),
])  # fmt: skip
def test_the_volatility_of_a_coin_is_told(volatility, rule, why):
    stage = risk(replace(around_the_clock(), edition=4))
    stage.memory.tight.clear()
    hours = stage.memory.hours
    hours.ratio_hour, hours.ratio = hours.hour, volatility and D(volatility)
    found = [(one.reason, one.why) for one in told(stage, look(AT))]
    assert found == ([(rule, f"volatility {why}")] if rule else [])


@pytest.mark.parametrize(("hour", "reasons"), [
    ("15:37:59", []), ("15:38:00", [Reason.RISK_SIZE_FACTOR]),
    ("15:52:59", [Reason.RISK_SIZE_FACTOR]), ("15:53:00", [Reason.RISK_SESSION_CLOSED]),
])  # fmt: skip
def test_the_end_of_the_day_is_told_by_the_clock(hour, reasons):
    stage = risk()
    at = int(datetime.fromisoformat(f"2026-11-20T{hour}-05:00").timestamp()) * build.SECOND
    found = told(stage, look(at))
    assert [(one.reason, one.by, one.reopens) for one in found] == [
        (reason, "clock", "the next session") for reason in reasons
    ]


@pytest.mark.parametrize(("lost", "share"), [("49.99", None), ("50.00", "0.75")])
def test_a_drawdown_that_shrinks_the_budget_is_told(lost, share):
    stage = risk()
    stage.memory.high = D(1000)
    stage.memory.book.realised -= D(lost)
    found = [one.what for one in told(stage, look(AT)) if one.reason is Reason.RISK_DRB]
    assert found == ([share] if share else [])


@pytest.mark.parametrize(("balance", "count"), [("700.00", 0), ("699.99", 1)])
def test_a_balance_under_the_minimum_is_told(balance, count):
    stage = risk()
    stage.memory.base = stage.memory.high = D(balance)
    found = told(stage, look(AT))
    assert [one.reason for one in found] == [Reason.RISK_MIN_BALANCE] * count


@pytest.mark.parametrize(("trades", "count"), [(99, 0), (100, 1)])
def test_the_last_entry_of_a_day_is_told(trades, count):
    stage = risk()
    stage.memory.controls.trades = trades
    found = told(stage, look(AT))
    assert [one.reason for one in found] == [Reason.RISK_MAX_TRADES] * count


def test_a_strategy_that_is_off_is_told_with_the_command_that_enables_it():
    stage = risk()
    stage.memory.controls.past.off["model +1"] = AT
    (one,) = told(stage, look(AT))
    assert (one.reason, one.what) == (Reason.RISK_THROTTLE_REPEAT, "model +1")
    assert one.reopens == "tradebot enable --by NAME --why TEXT"
    assert told(stage, build.command(at=AT, name="enable")) == []
    assert holding(stage.memory, AT) == []


@pytest.mark.parametrize(("command", "reopens"), [
    ("pause", "tradebot resume"), ("flatten", "tradebot resume"), ("stop", "the next start"),
    ("kill", "tradebot rearm --by NAME --why TEXT; if the limit was reached, after a start with "
             "a new configuration"),
])  # fmt: skip
def test_a_change_of_state_says_who_why_and_what_re_opens_it(command, reopens):
    answers = risk().on(build.command(at=AT, name=command, by="ada", why="news"))
    (change,) = [a for a in answers if isinstance(a, StateChanged)]
    assert (change.by, change.why, change.reopens) == ("ada", "news", reopens)


def test_an_alert_that_nobody_acknowledged_says_so():
    stage = risk()
    stage.on(build.fill(at=AT, trade_id=-1))
    answers = stage.on(build.pulse(at=AT + MINUTE))
    (change,) = [a for a in answers if isinstance(a, StateChanged)]
    assert (change.reason, change.by) == (Reason.SYS_NO_ACK, "clock")
    assert change.reopens == "tradebot ack, then tradebot resume"


def test_a_log_that_is_older_than_these_records_is_replayed_without_them():
    stage = risk(replace(build.CONTROLLED, edition=0))
    assert lose(stage, 5) == []
    answers = stage.on(build.command(at=AT, name="pause"))
    assert [a.reopens for a in answers if isinstance(a, StateChanged)] == [UNSET]


def test_before_the_venue_told_a_balance_nothing_is_judged():
    assert holding(Risk(build.CONTROLLED).memory, AT) == []
