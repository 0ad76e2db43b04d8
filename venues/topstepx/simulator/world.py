"""The simulated venue without its REST: tape, clock, exchange, hubs, faults and ledger together."""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from core.config import Gateway
from core.messages import Quote, Trade
from venues.matching import Exchange
from venues.orders import AccountChanged, Event, OrderChanged, PositionChanged, Traded
from venues.topstepx.protocol import END_OF_TAPE, LOGOUT_EVENT
from venues.topstepx.simulator.bars import Prints
from venues.topstepx.simulator.clock import TapeClock
from venues.topstepx.simulator.deeds import do
from venues.topstepx.simulator.depth import Depth
from venues.topstepx.simulator.faults import Fault, Faults
from venues.topstepx.simulator.hubs import Bounds, Connection, Hub, Timers, invocation
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.past import Past
from venues.topstepx.simulator.ticker import Ticker
from venues.topstepx.simulator.wire import Wire

MARKET_METHODS = {
    "ContractQuotes": "GatewayQuote",
    "ContractTrades": "GatewayTrade",
    "ContractMarketDepth": "GatewayDepth",
}
USER_METHODS = {
    "Orders": "GatewayUserOrder",
    "Positions": "GatewayUserPosition",
    "Trades": "GatewayUserTrade",
}
LEDGER_KINDS = {
    OrderChanged: ("order", "order"),
    Traded: ("fill", "trade"),
    PositionChanged: ("position", "position"),
}
LOCKSTEP = Bounds(queue=64, buffer=1 << 14)  # at speed 0 the tape waits for the slowest client
FREE = Bounds(queue=5000, buffer=1 << 16)
SETTLE_STEPS, SETTLE_STEP_S = 40, 0.005
YIELD_EVENTS = 64  # let others run after so many


class Tape(Protocol):
    """What a storage.tape.Tape offers."""

    @property
    def columns(self) -> dict[str, np.ndarray]: ...

    @property
    def tick(self) -> float: ...

    def events(self) -> Iterator[Trade | Quote]: ...


def methods(names: dict[str, str], argument: Any) -> dict[str, tuple[str, Any]]:
    return {
        prefix + name: (target, argument)
        for name, target in names.items()
        for prefix in ("Subscribe", "Unsubscribe")
    }


class World:
    def __init__(
        self, tape: Tape, speed: float, wire: Wire, terms: Gateway, faults: Faults, ledger: Ledger,
        timers: Timers | None = None,
    ) -> None:  # fmt: skip
        self.tape, self.wire, self.terms = tape, wire, terms
        self.faults, self.ledger = faults, ledger
        at = tape.columns["at"]
        self.clock = TapeClock(int(at[0]), int(at[-1]), speed)
        self.prints = Prints(tape.columns, tape.tick)
        self.ticker, self.depth = Ticker(wire.contract), Depth()
        self.exchange = Exchange(
            wire.contract.instrument, terms.balance, terms.position_max, terms.brackets,
            terms.venue_tag_forever,
        )  # fmt: skip
        bounds, timers = FREE if speed else LOCKSTEP, timers or Timers()
        market = methods(MARKET_METHODS, wire.contract.id)
        user = methods(USER_METHODS, wire.account_id)
        user |= methods({"Accounts": "GatewayUserAccount"}, None)
        self.hubs = {
            "market": Hub("market", market, timers, bounds, self.on_subscribed),
            "user": Hub("user", user, timers, FREE, lambda *_: None),
        }
        self.begun = asyncio.Event()
        self.past: Past | None = None  # what queries show while they lag
        self.down_until = self.frozen_until = 0.0
        self.bare, self.frozen_hub = False, ""
        self.tasks: set[asyncio.Task[None]] = set()

    # The tape.

    async def play(self) -> None:
        """Run the tape, once, from the first market subscription to its end."""
        await self.begun.wait()
        await self.settle()
        self.clock.begin()
        for count, event in enumerate(self.tape.events()):
            wait_s = self.clock.wait_s(event.at)
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            elif count % YIELD_EVENTS == 0:
                await asyncio.sleep(0)
            if not self.clock.speed:
                await self.wait_for_clients()
            self.clock.last = event.at
            self.deeds(self.faults.strike("tape"))
            self.on_market(event)
        self.end()

    async def settle(self) -> None:
        """Give the first client the time to subscribe to quotes and to trades, if it wants both."""
        market = self.hubs["market"]
        for _ in range(SETTLE_STEPS):
            if all(map(market.listeners, ("GatewayQuote", "GatewayTrade"))):
                return
            await asyncio.sleep(SETTLE_STEP_S)

    async def wait_for_clients(self) -> None:
        """At speed 0: somebody listens, everybody has room, and no silence is ordered."""
        market = self.hubs["market"]
        while not (listeners := [each for each in market.connections if each.subscribed]):
            self.begun.clear()
            await self.begun.wait()
        for each in listeners:
            await each.room.wait()
        while self.frozen("market"):
            await asyncio.sleep(self.frozen_until - time.monotonic())

    def on_market(self, event: Trade | Quote) -> None:
        if isinstance(event, Quote):
            self.say_quote(self.ticker.quote(event))
            self.say_depth(self.depth.quote(event))
            self.publish(self.exchange.on_quote(event))
            return
        self.say_depth(self.depth.traded(event))
        self.say("market", "GatewayTrade", [self.wire.contract.id, self.ticker.print_(event)])
        self.say_quote(self.ticker.traded(event))
        self.publish(self.exchange.on_trade(event))

    def end(self) -> None:
        """Say goodbye; orders still match the last quote, which no longer runs out."""
        self.clock.ended = True
        self.ledger.write(self.clock.now(), "end")
        last = self.exchange.quote
        if last is not None:
            self.publish(self.exchange.on_quote(Quote(self.clock.now(), last.bid, last.ask)))
        for connection in self.hubs["market"].connections:
            connection.offer(invocation(LOGOUT_EVENT, [END_OF_TAPE]), must=True)

    def on_subscribed(self, connection: Connection, target: str) -> None:
        if self.clock.ended:
            connection.offer(invocation(LOGOUT_EVENT, [END_OF_TAPE]), must=True)
            return
        if target == "GatewayQuote" and "bestBid" in self.ticker.state:
            connection.offer(self.snapshot())
        if target == "GatewayDepth":
            connection.offer(invocation(target, [self.wire.contract.id, self.depth.snapshot()]))
        self.begun.set()

    def snapshot(self) -> str:
        return invocation("GatewayQuote", [self.wire.contract.id, self.ticker.snapshot()])

    # What the hubs say.

    def say_quote(self, delta: dict[str, Any]) -> None:
        if delta:
            self.say("market", "GatewayQuote", [self.wire.contract.id, delta])

    def say_depth(self, rows: list[dict[str, Any]]) -> None:
        if rows:
            self.say("market", "GatewayDepth", [self.wire.contract.id, rows])

    def say(self, hub: str, target: str, arguments: list[Any]) -> None:
        struck = self.faults.strike(target)
        self.deeds(struck)
        times = 1 + sum(fault.do == "duplicate" for fault in struck)
        listeners = self.hubs[hub].listeners(target)
        lost = self.frozen(hub) or any(fault.do == "drop" for fault in struck)
        text = invocation(target, arguments) if listeners else ""
        late_s = max((fault.seconds for fault in struck if fault.do == "late"), default=0.0)
        for connection in listeners:
            if lost:
                connection.lagging = True
                continue
            if late_s:
                self.later(offer_late(connection, text, late_s))
                continue
            again = connection.lagging and target == "GatewayQuote"
            for _ in range(times):
                if not connection.offer(self.snapshot() if again else text):
                    self.overflow(hub, connection)
                elif again:
                    connection.lagging = False

    def overflow(self, hub: str, connection: Connection) -> None:
        """A market record is lost and the next quote is whole; a user's client is let go."""
        connection.lagging = True
        if hub == "user":
            connection.reset()

    def publish(self, events: Iterable[Event]) -> None:
        for event in events:
            self.book(event)
            target, action, row = self.wire.event(event)
            payload = row if self.bare else {"action": action, "data": row}
            self.say("user", target, [payload])

    def book(self, event: Event) -> None:
        if isinstance(event, AccountChanged):
            self.ledger.write(
                event.at, "balance", balance=str(event.balance), can_trade=event.can_trade
            )
            return
        kind, name = LEDGER_KINDS[type(event)]
        self.ledger.write(event.at, kind, **{name: getattr(self.wire, name)(getattr(event, name))})

    # Faults that may strike anywhere.

    def frozen(self, hub: str) -> bool:
        return self.frozen_hub == hub and time.monotonic() < self.frozen_until

    @property
    def down(self) -> bool:
        return time.monotonic() < self.down_until

    def deeds(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.ledger.write(self.clock.now(), "fault", on=fault.on, do=fault.do)
            do(self, fault)

    def later(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def offer_late(connection: Connection, text: str, seconds: float) -> None:
    await asyncio.sleep(seconds)
    connection.offer(text)
