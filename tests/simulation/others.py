"""Row V8: somebody else acts at the account, and by the config it ends the trading or is ours now.

Trades by hand, orders that only rest, a close by hand, a stop that another client cancels, moves or
doubles, the venue's own liquidation. Within ten seconds the log names it, and within twenty two
looks at the venue have led to what the config says; no entry is admitted meanwhile, and no order of
ours turns the position.
"""

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from core.messages import (
    AccountSnapshot,
    Agreed,
    Approved,
    ClosePosition,
    Fill,
    Halted,
    OrderAccepted,
)
from core.reasons import Reason
from core.terms import OrderType
from storage.wal import read
from tests.simulation.stories import moment, stop, storming, trading

SEEN_S, HALT_S = 10.0, 20.0
BEFORE = 20  # records
FAR = Decimal(100)  # points from the market
Deed = Callable[[Any], str]


def place(world: Any, kind: OrderType, **terms: Any) -> str:
    gateway, side = world.simulator.world, world.rng.choice((1, -1))
    from venues.orders import Ticket

    quote, away = gateway.exchange.quote, -side if kind is OrderType.LIMIT else side
    far = Decimal(str(quote.bid)) + away * FAR
    price = {OrderType.LIMIT: "limit_price", OrderType.STOP: "stop_price"}.get(kind)
    ticket = Ticket(kind, side, 1, **({price: far} if price else {}))
    answer = gateway.exchange.place(gateway.clock.now(), ticket)
    gateway.publish(answer.events)
    return f"{kind} {side:+d}" if not answer.code else f"refused: {answer.text}"


def trade(world: Any) -> str:
    return place(world, OrderType.MARKET)


def rest(world: Any) -> str:
    return place(world, world.rng.choice((OrderType.LIMIT, OrderType.STOP)))


def close(world: Any) -> str:
    gateway = world.simulator.world
    gateway.publish(gateway.exchange.close_position(gateway.clock.now()).events)
    return "closed by hand"


def liquidate(world: Any) -> str:
    world.venue("liquidate")
    return "liquidated"


def ours(world: Any) -> list[Any]:
    exchange = world.simulator.world.exchange
    return [o for o in exchange.open_orders() if o.type is OrderType.STOP]


def unprotect(world: Any) -> str:
    gateway, stops = world.simulator.world, ours(world)
    for order in stops:
        gateway.publish(gateway.exchange.cancel(gateway.clock.now(), order.id).events)
    return f"{len(stops)} stops cancelled"


def move(world: Any) -> str:
    """A stop goes further away than it was put."""
    gateway, stops = world.simulator.world, ours(world)
    tick = gateway.wire.contract.instrument.tick
    for order in stops:
        level = (order.stop + order.side * 20) * tick
        answer = gateway.exchange.modify(gateway.clock.now(), order.id, None, None, level, None)
        gateway.publish(answer.events)
    return f"{len(stops)} stops moved"


DEEDS: tuple[Deed, ...] = (trade, rest, close, liquidate, unprotect, move)


async def others(world: Any, config: Any) -> None:
    """One deed, at any moment, by either policy; then it is told to stop, and must be flat."""
    rng, eye, loop = world.rng, world.eye, world.machine.loop
    adopt = rng.random() < 0.5
    config = replace(config, recovery=replace(config.recovery, adopt_foreign=adopt))
    deed = rng.choice(DEEDS)
    # Over a silent wire nobody hears of it before the next look at the venue.
    with storming(world) if deed in (trade, rest, move) else nullcontext():
        task, stopping = await trading(world, config, rng.uniform(*world.row.live_s))
        if rng.random() < 0.7:
            await moment(world, 20)
    world.calm()
    since = len(list(read(world.folder / "wal")))
    held, until = eye.held, loop.time() + SEEN_S
    if deed is trade:  # nobody gave that position a stop
        eye.down_until = lambda: until
    said = deed(world)
    crossed, world.strangers = eye.crossed, True
    world.outcome.notes.append(f"held {held}: {said}, {'adopts' if adopt else 'halts'}")
    mark = deed in (trade, rest) or bool(held and deed in (close, liquidate))
    await asyncio.wait([task], timeout=SEEN_S)
    if mark and "refused" not in said and not heard(told(world)[since:]):
        world.hurt("drift", f"not seen in {SEEN_S:g} s, held {held}: {said}")
    await asyncio.wait([task], timeout=HALT_S - SEEN_S)
    if eye.crossed > crossed:
        world.hurt("breach", f"the position was turned after: {said}")
    if mark and "refused" not in said:
        answered(world, since, adopt, f"held {held}: {said}")
    await stop(world, task, stopping)


def told(world: Any) -> list[Any]:
    return [line.record.message for line in read(world.folder / "wal")]


def heard(news: list[Any]) -> bool:
    """Of an order that has no tag, or one made of its number."""
    fills = any(isinstance(m, Fill) and not m.tag for m in news)
    strange = any("foreign" in m.tag or not m.tag for m in news if isinstance(m, OrderAccepted))
    return fills or strange or any(isinstance(m, AccountSnapshot) and alien(m) for m in news)


def alien(told: AccountSnapshot) -> bool:
    return any(order.tag == "" or "foreign" in order.tag for order in told.orders)


def answered(world: Any, since: int, adopt: bool, said: str) -> None:
    """Within the seconds that it had: halted for what was foreign, or took it over; no entry was
    admitted in between."""
    messages = told(world)
    # An order without a tag, while a close of ours is under way, is taken for that close.
    if any(isinstance(m, ClosePosition) for m in messages[max(0, since - BEFORE) :]):
        return
    news = messages[since:]
    halted = [m for m in news if isinstance(m, Halted)]
    if not adopt and not any(m.reason is Reason.ORD_FOREIGN for m in halted):
        world.hurt("drift", f"not halted in {HALT_S:g} s, {said}")
    if adopt and halted:
        world.hurt("drift", f"halted, not adopted, {said}: {halted[0].why}")
    fenced = False
    for message in news:
        fenced = (fenced or (isinstance(message, Fill) and not message.tag)) and not isinstance(
            message, Agreed
        )
        if fenced and isinstance(message, Approved) and message.risk:
            world.hurt("breach", f"an entry admitted before the venue was asked, {said}")
