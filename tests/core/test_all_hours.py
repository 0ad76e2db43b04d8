"""A market that never closes: days of UTC, open on each, and no step before a flat time."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from core.config import load
from core.errors import ConfigError
from core.sessions import (
    NEVER,
    SECOND,
    Phase,
    days,
    lasts,
    left,
    phase,
    session,
    share,
    shut,
    trade_date,
)
from core.sessions import state as state_at
from tests import build
from tests.core.test_ceilings import REAL

RULES = replace(
    build.SETTINGS.session, kind="all", venue_flat="", close_margin_s=0.0, reduce_s=0.0,
    no_entry_s=0.0, flatten_s=0.0, roll_days=0,
)  # fmt: skip
DAY = 86_400 * SECOND
FIRST, LAST = days("all")[0], days("all")[-1]


def ns(text):
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * SECOND


@given(st.integers(FIRST.open, LAST.close - 1))
def test_every_moment_lies_in_the_session_of_its_day_of_utc(at):
    found, until = state_at(at, "all")
    assert found.open_ns == at // DAY * DAY and found.close_ns == until == found.open_ns + DAY
    assert found.trade_date == trade_date(at, "all")
    assert ns(f"{found.trade_date}T00:00:00") == found.open_ns
    assert phase(at, RULES) is Phase.FULL and share(at, RULES) == Decimal(1)
    assert left(at, RULES) == until - at == lasts(at, RULES) - at
    assert not shut(at, "all")


@pytest.mark.parametrize(("moment", "name"), [
    ("2024-08-08T23:59:59", "2024-08-08"), ("2024-08-09T00:00:00", "2024-08-09"),
    ("2024-08-10T12:00:00", "2024-08-10"), ("2024-12-25T12:00:00", "2024-12-25"),
])  # fmt: skip
def test_weekends_and_holidays_are_days_like_others(moment, name):
    assert session(ns(moment), "all").trade_date == name


def test_outside_the_table_nothing_is_open():
    assert session(FIRST.open - 1, "all") is None
    assert state_at(LAST.close, "all") == (None, NEVER)
    assert phase(LAST.close, RULES) is Phase.FLAT and left(LAST.close, RULES) == -SECOND


ENDLESS = {
    "SESSION_KIND": "all", "SESSION_VENUE_FLAT": "", "SESSION_CLOSE_MARGIN_S": "0.0",
    "SESSION_REDUCE_S": "0.0", "SESSION_NO_ENTRY_S": "0.0", "SESSION_FLATTEN_S": "0.0",
    "SESSION_ROLL_DAYS": "0", "RISK_DAILY_RESET": "roll", "STOPS_TIGHTEN": "[]",
    "INSTRUMENT_SYMBOL": "BTC", "CONTROLS_INSTRUMENTS": '["BTC", "MES"]',
    "CONTROLS_ORDER_VALUE_MAX": "1000", "CONTROLS_OPEN_VALUE_MAX": "1000",
}  # fmt: skip


def given_(**more):
    return load(REAL, {f"TRADEBOT_{key}": text for key, text in (ENDLESS | more).items()})


def test_a_market_that_never_closes_can_be_configured():
    assert given_().session == RULES


@pytest.mark.parametrize(("key", "text", "says"), [
    ("SESSION_VENUE_FLAT", "15:10", "session.venue_flat"),
    ("SESSION_CLOSE_MARGIN_S", "1.0", "session.close_margin_s"),
    ("SESSION_REDUCE_S", "1.0", "session.reduce_s"),
    ("SESSION_ROLL_DAYS", "4", "session.roll_days"),
    ("RISK_DAILY_RESET", "rth", "risk.daily_reset"),
    ("STOPS_TIGHTEN", "[[3600, 0.75]]", "stops.tighten"),
    ("INSTRUMENT_SYMBOL", "MES", "session.kind"),
])  # fmt: skip
def test_what_such_a_market_has_not_stops_the_start(key, text, says):
    with pytest.raises(ConfigError, match=f"{says}: expected"):
        given_(**{key: text})
