"""Doing what a fault says, where it may strike anywhere: links, market, account."""

import time
from typing import TYPE_CHECKING

from venues.topstepx.protocol import LOGOUT_EVENT
from venues.topstepx.simulator.faults import Fault
from venues.topstepx.simulator.hubs import invocation
from venues.topstepx.simulator.past import Past

if TYPE_CHECKING:
    from venues.topstepx.simulator.world import World


def do(world: "World", fault: Fault) -> None:
    """Deeds at an endpoint or an event are done where those are; here they are nothing."""
    connections = list(world.hubs[fault.hub].connections)
    match fault.do:
        case "freeze":
            world.frozen_hub = fault.hub
            world.frozen_until = time.monotonic() + fault.seconds
        case "close":
            for each in connections:
                world.later(each.close(fault.error))
        case "logout":
            for each in connections:
                each.offer(invocation(LOGOUT_EVENT, ["fault"]))
        case "reset":
            for each in connections:
                each.reset()
        case "down":
            world.down_until = time.monotonic() + fault.seconds
            for each in [each for hub in world.hubs.values() for each in hub.connections]:
                each.reset()
        case "lag":
            world.past = Past(world.exchange, fault.seconds)
        case "bare":
            world.bare = True
        case "brackets":
            world.exchange.brackets = fault.value
        case "closed":
            world.exchange.open = not fault.value
        case "can_trade":
            world.publish(world.exchange.allow(world.clock.now(), fault.value))
        case "liquidate":
            liquidate(world)


def liquidate(world: "World") -> None:
    """What the firm does at a breach: cancel all, close, lock."""
    at, exchange = world.clock.now(), world.exchange
    for order in [*exchange.open_orders(), *exchange.suspended()]:
        world.publish(exchange.cancel(at, order.id).events)
    world.publish(exchange.close_position(at).events)
    world.publish(exchange.allow(at, False))
