"""The end of the day at risk and executor: entries stop, positions go, nothing is sent after."""

import os
import random
from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.executor import Executor
from actors.risk import Risk
from core.messages import (
    Alert,
    Approved,
    CancelOrder,
    ClosePosition,
    ModifyOrder,
    PlaceOrder,
    StateChanged,
)
from core.reasons import Reason
from core.sessions import days, shut, steps
from core.terms import Action, Purpose, State
from tests import build
from tests.actors import controlled
from tests.actors.test_risk import PLAIN

D, SECOND = Decimal, build.SECOND
SENT = (PlaceOrder, CancelOrder, ModifyOrder, ClosePosition)
SESSIONS, LATENCIES = int(os.environ.get("SESSIONS", "25")), 20
RULES = build.SETTINGS.session
ALL = [
    (number, steps(number, RULES))
    for number, day in enumerate(days())
    if "2020" <= day.date < "2030"
]


class Desk:
    """Risk and executor, and a venue that answers so many nanoseconds later."""

    def __init__(self, at, latency=0, answers=True, edition=0, drb_reduce=True, **numbers):
        risk = replace(PLAIN.risk, drb_reduce=drb_reduce)
        rules = replace(RULES, **numbers)
        settings = replace(PLAIN, session=rules, risk=risk, edition=edition)
        self.risk, self.executor = Risk(settings), Executor(settings)
        self.latency, self.answers = latency, answers
        self.due, self.sent, self.said, self.trade = [], [], [], 0
        for message in (
            build.run_started(at=at, settings=settings), build.session_opened(at=at),
            build.account_snapshot(at=at, position=0, orders=(), fills=()),
            build.feed_state(at=at), build.feed_state(at=at, link="user"),
            build.agreed(at=at, position=0), build.pulse(at=at),
        ):  # fmt: skip
            self.hear(message)

    @property
    def held(self):
        return self.executor.memory.book.position.size

    def hear(self, message):
        queue = [message]
        while queue:
            one = queue.pop(0)
            for stage in (self.risk, self.executor):
                if isinstance(one, stage.takes):
                    queue += stage.on(one)
            if isinstance(one, SENT):
                self.sent.append(one)
                self.due += [(one.at + self.latency, one)] * self.answers
            self.said.append(one)

    def until(self, at, step=SECOND):
        """Pulse by pulse, the venue's answers in between."""
        now = self.said[-1].at // SECOND * SECOND
        while now < at:
            now = min(now + step, max(now + 1, at // SECOND * SECOND))
            for when, asked in sorted(self.due, key=lambda row: row[0]):
                if when <= now:
                    self.due.remove((when, asked))
                    self.answer(when, asked)
            self.hear(build.pulse(at=now))

    def answer(self, at, asked):
        if isinstance(asked, PlaceOrder):
            number = 5000 + self.trade
            self.hear(build.order_accepted(at=at, tag=asked.tag, venue_id=number, price=None))
            self.fill(at, asked.side, asked.tag, number)
            for n, suffix in enumerate(("-SL", "-TP"), 1):
                self.hear(build.order_accepted(
                    at=at, tag=asked.tag + suffix, venue_id=number + n, side=-asked.side,
                    price=D("4998.00") if n == 1 else D("5003.00"),
                ))  # fmt: skip
        elif isinstance(asked, ClosePosition):
            self.hear(build.close_accepted(at=at, tag=asked.tag))
            if self.held:
                self.fill(at, -1 if self.held > 0 else 1, "", 8000 + self.trade)
        elif isinstance(asked, CancelOrder):
            self.hear(build.order_cancelled(at=at, tag=asked.tag, venue_id=asked.venue_id))

    def fill(self, at, side, tag, number):
        self.trade += 10
        self.hear(build.fill(at=at, trade_id=self.trade, venue_id=number, tag=tag, side=side))

    def wish(self, at, n, action=Action.LONG_ENTRY):
        side = 1 if action is Action.LONG_ENTRY else -1
        self.hear(build.intent(
            at=at, id=f"i{n}", action=action, side=side, expires_at=at + 2 * SECOND,
        ))  # fmt: skip

    def alerts(self):
        found = [m for m in self.said if isinstance(m, StateChanged)]
        return [m for m in found if m.reason is Reason.RISK_OVERSTAYED]


DAY = next(number for number, day in enumerate(days()) if day.date == "2026-11-20")
FRIDAY = steps(DAY, RULES)


@pytest.mark.parametrize("before", [SECOND, 1, 0, -1])
def test_an_entry_passes_until_the_second_step_and_not_from_it_on(before):
    desk = Desk(FRIDAY.exits - 60 * SECOND)
    desk.wish(FRIDAY.exits - before, 1)
    admitted = [m for m in desk.said if isinstance(m, Approved)]
    assert bool(admitted) is (before > 0)


def test_a_position_is_closed_at_the_third_step_and_not_before():
    desk = Desk(FRIDAY.exits - 60 * SECOND, latency=SECOND // 10)
    desk.wish(FRIDAY.exits - 30 * SECOND, 1)
    desk.until(FRIDAY.flatten - SECOND)
    assert desk.held == 1 and len(desk.sent) == 1
    desk.until(FRIDAY.flatten + 5 * SECOND)
    assert desk.held == 0
    assert desk.risk.memory.why is Reason.RISK_SESSION_CLOSED
    assert not desk.executor.memory.book.alive, "an order is left"
    assert not desk.alerts()


@pytest.mark.parametrize("state", ["ACTIVE", "kill", "flatten"])
def test_what_is_left_at_the_flat_time_is_told_and_closed_again_and_again(state):
    desk = Desk(FRIDAY.exits - 60 * SECOND, latency=SECOND // 10)
    desk.wish(FRIDAY.exits - 30 * SECOND, 1)
    desk.until(FRIDAY.exits)
    desk.answers = False
    desk.hear(build.command(at=FRIDAY.exits, name=state))
    before = desk.risk.memory.state
    desk.until(FRIDAY.flat - SECOND)
    assert not desk.alerts()
    asked = len(desk.sent)
    desk.until(FRIDAY.flat + 601 * SECOND)
    first, *more = desk.alerts()
    assert (first.at, len(more)) == (FRIDAY.flat, 2)
    assert "+1 contracts, 2 orders" in first.why
    assert first.state is first.was is desk.risk.memory.state
    assert before is State.ACTIVE or first.state is before
    closes = [m for m in desk.sent[asked:] if isinstance(m, ClosePosition)]
    assert len(closes) >= 290, "every exit_timeout_s"


@pytest.mark.parametrize(("edition", "calls"), [(1, 0), (2, 1)])
def test_what_is_left_at_the_flat_time_calls_a_person(edition, calls):
    stage = controlled.risk()
    stage.memory.settings = replace(stage.memory.settings, edition=edition)
    stage.on(build.fill(at=FRIDAY.exits))
    stage.on(build.command(at=FRIDAY.exits, name="flatten"))
    told = [one for s in range(300) for one in stage.on(build.pulse(at=FRIDAY.flat + s * SECOND))]
    alerts = [one.of for one in told if isinstance(one, Alert)]
    assert alerts == [Reason.RISK_OVERSTAYED] * calls and len(told) == 1 + calls


def test_an_order_alone_is_cancelled_at_the_third_step_and_told_at_the_fourth():
    desk = Desk(FRIDAY.exits - 60 * SECOND)
    desk.wish(FRIDAY.exits - 30 * SECOND, 1)
    desk.until(FRIDAY.exits)
    desk.answers = False
    desk.fill(FRIDAY.exits, -1, "", 9999)
    desk.until(FRIDAY.flatten + 5 * SECOND)
    assert {type(m) for m in desk.sent[1:]} == {CancelOrder}
    desk.until(FRIDAY.flat)
    (alert,) = desk.alerts()
    assert "+0 contracts, 2 orders" in alert.why


@pytest.mark.parametrize("name", ["stop", "flatten", "kill"])
def test_nothing_is_sent_while_the_exchange_is_closed_and_all_of_it_after(name):
    """A position that nobody could close stands over the weekend: told, and not asked for."""
    close, opens = days()[DAY].close, days()[DAY + 1].open
    desk = Desk(FRIDAY.exits - 60 * SECOND, latency=SECOND // 10)
    desk.wish(FRIDAY.exits - 30 * SECOND, 1)
    desk.until(FRIDAY.exits)
    desk.answers = False
    desk.until(close - SECOND, step=10 * SECOND)
    asked = len(desk.sent)
    desk.until(close + 7200 * SECOND, step=10 * SECOND)
    desk.hear(build.command(at=close + 7200 * SECOND, name=name))
    desk.wish(close + 7200 * SECOND, 2, Action.EXIT_LONG)
    desk.until(opens - SECOND, step=60 * SECOND)
    assert len(desk.sent) == asked and len(desk.alerts()) > 100
    desk.answers = True
    desk.until(opens + 5 * SECOND)
    assert desk.held == 0


@pytest.mark.parametrize("seed", range(SESSIONS))
def test_any_day_ends_flat_and_silent_at_any_latency(seed):
    """A session drawn by chance, each latency up to 5 s: entries wished all the time."""
    chance = random.Random(seed)
    number, end = chance.choice(ALL)
    for n in range(LATENCIES):
        latency = chance.randrange(1, 5 * SECOND)
        desk = Desk(end.exits - 120 * SECOND, latency, roll_days=0)
        wished = range(end.exits - 100 * SECOND, end.flat, chance.randrange(5, 40) * SECOND)
        for k, at in enumerate(wished):
            desk.until(at)
            desk.wish(at, k, chance.choice((Action.LONG_ENTRY, Action.SHORT_ENTRY)))
        desk.until(end.flat)
        assert desk.held == 0 and not desk.executor.memory.book.alive, (seed, n)
        assert not desk.alerts()
        entries = [m for m in desk.sent if getattr(m, "purpose", None) is Purpose.ENTRY]
        assert entries and all(m.at < end.exits for m in entries)
        desk.until(days()[number].close + 3600 * SECOND, step=60 * SECOND)
        assert all(m.at < end.flat and not shut(m.at) for m in desk.sent)
