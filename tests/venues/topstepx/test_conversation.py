"""Client and simulator over real sockets: from login to flat, through the gateway's moods."""

import time
from contextlib import asynccontextmanager
from decimal import Decimal

import numpy as np
import pytest

from core.config import load
from core.decisions import CancelOrder, ClosePosition, PlaceOrder
from core.instruments import INSTRUMENTS
from core.messages import CloseAccepted, Fill, OrderCancelled, OrderRejected, Quote, Trade
from core.secret import Secret
from core.terms import OrderType, Purpose, Status
from storage.tape import COLUMNS, Tape
from tests.venues.topstepx.server import KEY, ROOT, running, settings
from venues.base import Unknown
from venues.topstepx.client import TopstepX
from venues.topstepx.credentials import Credentials
from venues.topstepx.protocol import END_OF_TAPE
from venues.topstepx.simulator import reference_api
from venues.topstepx.simulator.faults import Fault, Faults
from venues.topstepx.simulator.ledger import Ledger
from venues.topstepx.simulator.server import Simulator

START = 1_763_650_800_000_000_000  # a Thursday, 15:00 UTC
MES = INSTRUMENTS["MES"]
PRICE = 26_861  # ticks


def tape(seconds):
    """A quote and a print ten times a second; the market stands still."""
    count = seconds * 20
    columns = {name: np.zeros(count, kind.to_pandas_dtype()) for name, kind in COLUMNS.items()}
    columns["at"] += START + np.arange(count) * 50_000_000
    columns["kind"][::2] = 1
    for name, value in {"bid": PRICE, "ask": PRICE + 1, "bid_size": 9, "ask_size": 9}.items():
        columns[name][::2] = value
    for name, value in {"price": PRICE, "size": 1, "side": -1}.items():
        columns[name][1::2] = value
    return Tape({"tick": 0.25, "symbol": "MES"}, columns)


@asynccontextmanager
async def session(*faults, seconds=600, speed=1.0, **changes):
    simulator = Simulator(
        tape(seconds), speed, MES, load(ROOT / "config.toml", {}).gateway, Faults(list(faults)),
        Ledger(None), reference_api.Credentials("me", KEY),
    )  # fmt: skip
    there = await simulator.start()
    venue = settings(
        there["rest"], user_hub_url=there["user_hub"], market_hub_url=there["market_hub"], **changes
    )
    client = TopstepX(venue, MES, Credentials("me", Secret(KEY)), time.time_ns, 5.0)
    try:
        await client.open()
        async with running(client) as posts:
            await posts.until(lambda posts: {"user", "market"} <= {
                m.link for m in posts if hasattr(m, "link") and m.up})  # fmt: skip
            await posts.until(lambda posts: any(isinstance(m, Quote) for m in posts))
            yield client, posts
    finally:
        await client.close()
        await simulator.stop()


def entry(tag, **changes):
    terms = {
        "type": OrderType.MARKET,
        "side": 1,
        "size": 2,
        "stop_ticks": 40,
        "target_ticks": 40,
        "bracket": True,
    }
    return PlaceOrder(1, tag, Purpose.ENTRY, **(terms | changes))


def fills(posts):
    return [m for m in posts if isinstance(m, Fill)]


async def test_a_bracket_lives_from_entry_to_flat():
    async with session() as (client, posts):
        (accepted,) = await client.place(entry("t1"), 1)
        await posts.until(lambda posts: fills(posts))
        filled = fills(posts)[0]
        assert (filled.tag, filled.side, filled.size) == ("t1", 1, 2)
        assert (filled.venue_id, filled.fees) == (accepted.venue_id, 2 * MES.side_cost)
        await posts.until(lambda posts: {"t1-SL", "t1-TP"} <= {
            m.tag for m in posts if getattr(m, "status", None) is Status.WORKING})  # fmt: skip
        seen = await client.snapshot(START - 10**9, 1)
        assert (seen.position, seen.average) == (2, filled.price)
        legs = {order.tag: order for order in seen.orders if order.status is Status.WORKING}
        assert {tag: (leg.side, leg.size, leg.price) for tag, leg in legs.items()} == {
            "t1-SL": (-1, 2, filled.price - 10), "t1-TP": (-1, 2, filled.price + 10),
        }  # fmt: skip
        assert [(one.trade_id, one.tag) for one in seen.fills] == [(filled.trade_id, "t1")]
        for tag, leg in legs.items():
            (answer,) = await client.cancel(CancelOrder(1, tag, leg.venue_id), 1)
            assert isinstance(answer, OrderCancelled | OrderRejected)  # the sibling went with it
        assert isinstance((await client.close_position(ClosePosition(1, "c"), 1))[0], CloseAccepted)
        await posts.until(lambda posts: len(fills(posts)) == 2)
        flat = await client.snapshot(START - 10**9, 1)
        assert flat.position == 0 and len(flat.fills) == 2
        assert flat.balance == client.balance - 4 * MES.side_cost - 2 * MES.tick_value
        assert not [order for order in flat.orders if order.status is Status.WORKING]
        (nothing,) = await client.close_position(ClosePosition(1, "c"), 1)
        assert isinstance(nothing, OrderRejected) and nothing.code == 2


async def test_a_resting_order_is_seen_suspended_legs_and_all():
    async with session() as (client, _):
        price = MES.price(PRICE - 20)
        await client.place(entry("t1", type=OrderType.LIMIT, limit_price=price), 1)
        seen = await client.snapshot(START - 10**9, 1)
        assert {order.tag: (order.status, order.price) for order in seen.orders} == {
            "t1": (Status.WORKING, price), "t1-SL": (Status.SUSPENDED, None),
            "t1-TP": (Status.SUSPENDED, None),
        }  # fmt: skip
        assert seen.position == 0


@pytest.mark.parametrize(
    ("fault", "lives"),
    [(Fault("Order/place", "lose_reply", nth=1), True), (Fault("Order/place", "lose_request",
     nth=1), False), (Fault("Order/place", "status_after", nth=1), True),
     (Fault("Order/place", "unauthorized", nth=1), False),
     (Fault("Order/place", "body", nth=1, body="<html>"), True)],
)  # fmt: skip
async def test_an_unknown_order_is_found_by_its_tag_or_not_there(fault, lives):
    async with session(fault) as (client, _):
        with pytest.raises(Unknown):
            await client.place(entry("t1"), 1)
        seen = await client.snapshot(START - 10**9, 1)
        assert ("t1" in {order.tag for order in seen.orders}) == lives
        assert seen.position == (2 if lives else 0)


async def test_a_tag_serves_once():
    async with session() as (client, _):
        await client.place(entry("t1"), 1)
        (again,) = await client.place(entry("t1"), 1)
        assert isinstance(again, OrderRejected) and "tag is already in use" in again.text


@pytest.mark.parametrize("deed", ["close", "reset", "logout"])
async def test_fills_go_on_after_the_user_link_was_lost(deed):
    fault = Fault("Order/place", deed, nth=1, hub="user")
    async with session(fault) as (client, posts):
        await client.place(entry("t1"), 1)
        await posts.until(
            lambda posts: [up for up, _ in posts.states("user")] == [True, False, True]
        )
        await client.close_position(ClosePosition(1, "c"), 1)
        await posts.until(lambda posts: any(one.side == -1 for one in fills(posts)))
        seen = await client.snapshot(START - 10**9, 1)
        assert [one.side for one in seen.fills] == [1, -1]


async def test_the_tape_arrives_whole_at_full_speed():
    async with session(seconds=60, speed=0.0) as (_, posts):
        await posts.until(lambda posts: any(getattr(m, "why", "") == END_OF_TAPE for m in posts))
        trades = [m for m in posts if isinstance(m, Trade)]
        assert len(trades) == 600
        assert {(one.price, one.side) for one in trades} == {(float(PRICE * Decimal("0.25")), -1)}
