"""Whatever the state: an order that reduces is never refused (K5). STATES asks for more of them."""

import os
import random

from msgspec.structs import replace

from actors.executor import Executor
from actors.risk import Risk
from core import messages as m
from core.reasons import Reason
from core.terms import EXITS, REVERSALS, Action, Purpose
from daemon.gate import Gate
from daemon.gateway import reduces
from tests import build
from tests.actors.controlled import AT, SECOND, SETTINGS, D, quote, told
from tests.daemon.parts import record

STATES = int(os.environ.get("STATES", "300"))
TIGHT = {
    "quantity_max": 1, "order_value_max": D(1), "collar_ticks": 1, "orders_open_max": 1,
    "open_value_max": D(1), "balance_max_s": 0.001, "trades_day_max": 1, "messages_short_max": 1,
    "messages_long_max": 1, "repeat_max": 1, "quote_max_s": 0.001, "skew_max_s": 0.001,
    "instruments": (), "ack_s": 0.001, "drift_orders": 2, "drift_ticks": 1,
}  # fmt: skip


def events(rng, at, n):
    """What may befall an account."""
    price = D(rng.randrange(19_000, 21_000)) / 4
    return rng.choice((
        build.command(at=at, name=rng.choice(
            ("pause", "resume", "flatten", "kill", "rearm", "stop", "enable", "ack"))),
        build.halted(at=at), build.actor_failed(), build.agreed(at=at, position=0),
        build.feed_state(at=at, link=rng.choice(("market", "user")), up=rng.random() < 0.3),
        build.run_started(at=at, run=f"r{n}", settings=SETTINGS),
        build.session_opened(at=at, trade_date=f"2026-11-{20 + n % 9}"),
        build.pulse(at=at + rng.randrange(0, 7 * 86_400) * SECOND),
        build.mark(at=at, price=price), quote(at, float(price), float(price) + 0.25),
        told(at, balance=str(rng.randrange(-500, 2000)), skew=rng.choice((None, "0", "99"))),
        build.fill(at=at, trade_id=n, venue_id=n, tag="", side=rng.choice((1, -1)), price=price),
        build.place_order(at=at, tag=f"r-{n}", purpose=rng.choice(list(Purpose)), intent=f"i{n}"),
        build.order_uncertain(at=at, tag=f"r-{n - 1}"), build.cancel_order(at=at),
        build.close_position(at=at, reason=Reason.RISK_NAKED),
        build.trade_closed(at=at, net=D(rng.randrange(-100, 50))),
        build.intent(at=at, id=f"i{n}", expires_at=at + SECOND, price=price),
        build.query_failed(at=at),
    ))  # fmt: skip


def held(rng, number):
    """A risk stage in some state, with a position."""
    tight = {name: TIGHT[name] for name in rng.sample(sorted(TIGHT), rng.randrange(len(TIGHT)))}
    stage = Risk(replace(SETTINGS, controls=replace(SETTINGS.controls, **tight)))
    at = AT
    stage.on(build.run_started(at=at, settings=stage.memory.settings))
    for n in range(rng.randrange(30)):
        at += rng.randrange(0, 5 * SECOND)
        message = events(rng, at, 1000 * number + n)
        if type(message) in Risk.takes:
            stage.on(message)
    size = stage.memory.book.position.size
    if not size:
        stage.on(build.fill(at=at, trade_id=1, venue_id=1, tag="", side=rng.choice((1, -1))))
    return stage, at


def test_an_exit_is_admitted_in_every_state():
    rng = random.Random("K5")
    for number in range(STATES):
        stage, at = held(rng, number)
        size = stage.memory.book.position.size
        side = 1 if size > 0 else -1
        turn = Action.REVERSE_TO_SHORT if size > 0 else Action.REVERSE_TO_LONG
        for action in (Action.EXIT_LONG if size > 0 else Action.EXIT_SHORT, Action.FLATTEN, turn):
            wish = build.intent(
                at=at, id=f"x{number}", action=action,
                side=-side if action in REVERSALS else side, expires_at=at - 1, stop_ticks=0,
            )  # fmt: skip
            answer = stage.on(wish)[0]
            assert isinstance(answer, m.Approved), (number, answer)
            if answer.intent.action in EXITS:
                assert (answer.size, answer.intent.side) == (abs(size), side)


def test_what_reduces_needs_no_token_and_no_open_gate():
    """The gateway asks its gate about entries only, whatever the gate has heard."""
    rng = random.Random("K5 gate")
    orders = (
        build.cancel_order(), build.modify_order(), build.close_position(),
        *(build.place_order(purpose=purpose) for purpose in Purpose),
    )  # fmt: skip
    for number in range(STATES):
        gate = Gate()
        for n in range(rng.randrange(6)):
            gate.hear(record(n, events(rng, AT, number), "risk"))
        for order in orders:
            entry = isinstance(order, m.PlaceOrder) and order.purpose is Purpose.ENTRY
            assert reduces(order) is not entry


def test_an_admitted_exit_becomes_a_request_of_the_executor():
    for side, action in ((1, Action.EXIT_LONG), (-1, Action.EXIT_SHORT)):
        stage = Executor(SETTINGS)
        stage.on(build.run_started(at=AT, settings=SETTINGS))
        stage.on(build.fill(at=AT, side=side, tag="", venue_id=1))
        wish = build.intent(at=AT, action=action, side=side)
        (order,) = stage.on(build.approved(at=AT, intent=wish))
        assert isinstance(order, m.ClosePosition)
