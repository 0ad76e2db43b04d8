"""The venue's trades and balance of a closed day against those of the log."""

from datetime import datetime
from decimal import Decimal

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from actors.statement import opened, statements, whole
from core import messages as m
from tests import build
from tests.actors.test_reduction import Life

D = Decimal
SECOND = build.SECOND
CLOSE = int(datetime.fromisoformat("2026-11-20T17:00:00-05:00").timestamp()) * SECOND
OPENED = opened(CLOSE, "globex")


def lived():
    """A day with two round trips, asked for when it has closed; its log."""
    life = Life(1)
    life.price(14)  # a part of three, then the rest at the target
    life.price(30)
    life.hear(m.SessionClosed(CLOSE, "2026-11-20"))
    for n in range(1, 90, 8):
        life.hear(m.Pulse(CLOSE + n * SECOND))
    return [m.Record(n, "test", None, message) for n, message in enumerate(life.told, 1)]


LOG = lived()


def changed(kind, change, last=False):
    """The log with the first (or last) record of a kind exchanged, or left out."""
    at = [n for n, r in enumerate(LOG) if isinstance(r.message, kind)][-1 if last else 0]
    new = change(LOG[at].message)
    kept = [replace(LOG[at], message=new)] if new is not None else []
    return [*LOG[:at], *kept, *LOG[at + 1 :]]


def test_the_day_is_asked_for_once_and_nothing_is_found_strange():
    asked = [r.message for r in LOG if isinstance(r.message, m.Reconcile) and r.message.at > CLOSE]
    began = next(r.message.at for r in LOG if isinstance(r.message, m.RunStarted))
    assert [one.day for one in asked[:3]] == [began, UNSET, UNSET]
    assert all(one.since > began for one in asked[1:3])
    assert not [r for r in LOG if isinstance(r.message, m.Halted)]


def test_a_day_as_logged_has_no_difference():
    (told,) = statements(LOG)
    fills = [r.message for r in LOG if isinstance(r.message, m.Fill)]
    assert told.differences == () and told.trade_date == "2026-11-20"
    assert told.fills == len(fills) > 2
    assert told.fees == sum(f.fees for f in fills)
    assert told.balance == told.expected != 1000


@pytest.mark.parametrize(("change", "words"), [
    (lambda f: replace(f, price=f.price + D("0.25")), "price"),
    (lambda f: replace(f, fees=f.fees + D("0.01")), "fees"),
    (lambda f: replace(f, side=-f.side), "side"),
    (lambda f: replace(f, trade_id=5), "only the log has it"),
    (lambda f: None, "only the venue has it"),
])  # fmt: skip
def test_a_fill_that_differs_is_told(change, words):
    (told,) = statements(changed(m.Fill, change))
    assert any(words in text for text in told.differences)


@pytest.mark.parametrize(("cents", "differs"), [("0.00", False), ("0.01", True), ("-0.01", True)])
def test_a_balance_that_is_a_cent_off_is_told(cents, differs):
    at = next(
        n for n, r in enumerate(LOG)
        if isinstance(r.message, m.AccountSnapshot) and r.message.at > CLOSE
    )  # fmt: skip
    log = list(LOG)
    snapshot = log[at].message
    log[at] = replace(log[at], message=replace(snapshot, balance=snapshot.balance + D(cents)))
    (told,) = statements(log)
    assert bool(told.differences) is differs


@pytest.mark.parametrize(("at", "since", "day", "began", "holds"), [
    (CLOSE, OPENED, 0, 0, True), (CLOSE - 1, OPENED, 0, 0, False),
    (CLOSE, OPENED + 1, 0, 0, False), (CLOSE, OPENED + 1, OPENED, 0, True),
    (CLOSE, OPENED, OPENED + 1, 0, False), (CLOSE, OPENED + 1, 0, OPENED + 1, True),
])  # fmt: skip
def test_only_an_answer_about_the_whole_day_or_log_is_compared(at, since, day, began, holds):
    told = build.account_snapshot(at=at, since=since, day=day or UNSET)
    assert whole(told, CLOSE, began, "globex") is holds
    assert not whole(told, 0, began, "globex"), "no day has closed"


def test_a_day_of_utc_began_at_midnight():
    midnight = int(datetime.fromisoformat("2026-11-22T00:00:00+00:00").timestamp()) * SECOND
    assert opened(midnight, "all") == midnight - 86_400 * SECOND
    assert opened(0, "all") == 0


def test_a_day_that_nobody_asked_for_has_no_statement():
    closed = next(n for n, r in enumerate(LOG) if isinstance(r.message, m.SessionClosed))
    assert list(statements(LOG[: closed + 1])) == []
    another = m.Record(9999, "test", None, m.SessionClosed(CLOSE + 1, "2026-11-23"))
    (told,) = statements([*LOG[: closed + 1], another])
    assert told.trade_date == "2026-11-20" and "by hand" in told.differences[0]


@pytest.mark.parametrize(("days", "untold"), [
    (["2026-11-20"], []),  # not over yet
    (["2026-11-20", "2026-11-20"], []),  # a restart
    (["2026-11-20", "2026-11-23"], ["2026-11-20"]),
    (["2026-11-20", "2026-11-23", "2026-11-24"], ["2026-11-20"]),  # nothing was traded on Monday
])  # fmt: skip
def test_a_day_that_closed_while_nobody_was_there_is_told(days, untold):
    """It was traded, and neither its trades nor its balance were ever compared."""
    told = [m.SessionOpened(CLOSE - 3600 * SECOND, days[0]), build.fill(trade_id=1)]
    told += [m.SessionOpened(CLOSE + n, day) for n, day in enumerate(days[1:])]
    log = [build.run_started(), *told]
    found = list(statements(m.Record(n, "test", None, one) for n, one in enumerate(log, 1)))
    assert [one.trade_date for one in found] == untold
    assert all("by hand" in one.differences[0] for one in found)


def test_three_contracts_at_unlike_prices_leave_the_venues_balance():
    fills = [(1, 1, "5000.00"), (2, 2, "5000.25"), (3, -1, "5001.00"), (4, -2, "5002.25")]
    booked = [
        build.fill(
            at=OPENED + n, trade_id=n, tag="", venue_id=n, side=size // abs(size), size=abs(size),
            price=D(price), fees=D(0),
        )
        for n, size, price in fills
    ]  # fmt: skip
    look = build.account_snapshot(at=OPENED, since=OPENED, position=0, orders=(), fills=())
    log = [
        build.run_started(at=OPENED), look, *booked, m.SessionClosed(CLOSE, "2026-11-20"),
        replace(look, at=CLOSE, balance=D("1025.00"), fills=tuple(booked)),
    ]  # fmt: skip
    (told,) = statements(m.Record(n, "test", None, one) for n, one in enumerate(log, 1))
    assert told.differences == ()


def test_a_day_that_is_too_much_for_one_answer_does_not_block_the_next_look():
    life = Life(1)
    life.hear(m.SessionClosed(CLOSE, "2026-11-20"))
    recovery = life.stages["recovery"]
    (asked,) = recovery.on(m.Pulse(CLOSE + 10 * SECOND))
    assert asked.day
    recovery.on(m.QueryFailed(CLOSE + 11 * SECOND, "too much for one record"))
    (asked,) = recovery.on(m.Pulse(CLOSE + 30 * SECOND))
    assert asked.day is UNSET
