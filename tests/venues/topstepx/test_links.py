"""Links come up again after every kind of loss, subscribe again, and tell both (M3, S3, V4, V5)."""

import asyncio
import json
import struct
import time
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET

import pytest

from core.messages import Dropped, FeedState, OrderAccepted, Quote, Trade
from core.reasons import Reason
from tests.venues.topstepx.server import (
    ACCOUNT,
    CONTRACT,
    ORDER_ROW,
    STAMP,
    TRADE_ROW,
    Gateway,
    frame,
    running,
    trading,
)
from venues.topstepx.protocol import END_OF_TAPE, stamp

UP = (True, Reason.DATA_LINK_UP)
QUOTE = frame("GatewayQuote", CONTRACT, {"bestBid": 1.0, "bestAsk": 1.25, "timestamp": STAMP})
PRINT = {"price": 1.25, "volume": 1, "timestamp": STAMP, "type": 0}
CALLS = {
    "user": [("SubscribeAccounts",), ("SubscribeOrders", ACCOUNT), ("SubscribePositions", ACCOUNT),
             ("SubscribeTrades", ACCOUNT)],
    "market": [("SubscribeContractQuotes", CONTRACT), ("SubscribeContractTrades", CONTRACT)],
}  # fmt: skip


def says(*texts):
    async def script(socket):
        for text in texts:
            await (socket.send_bytes if isinstance(text, bytes) else socket.send_str)(text)

    return script


async def hang_up(socket):
    await socket.close()


async def reset(socket):
    socket._req.transport.abort()


async def raw(socket, data):
    socket._req.transport.write(data)


def text_frame(payload):
    head = bytes([0x81, 127]) + len(payload).to_bytes(8, "big")
    return head + payload


async def bad_utf8(socket):
    await raw(socket, text_frame(b'{"type":1,"target":"\xff"}\x1e'))


async def too_large(socket):
    await raw(socket, bytes([0x81, 127]) + (64 << 20).to_bytes(8, "big") + b"x" * 100)


async def no_frame(socket):
    await raw(socket, b"\xff" * 40)


async def pinged_and_reset(socket):
    await raw(socket, bytes([0x89, 0]) * 2)  # pings of the socket: each wants a pong
    linger = struct.pack("ii", 1, 0)
    socket._req.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, linger)
    socket._req.transport.abort()


DOWN, BAD = Reason.DATA_LINK_DOWN, Reason.DATA_MALFORMED
LOSSES = {
    "closed": (hang_up, DOWN), "reset": (reset, DOWN),
    "pinged and reset": (pinged_and_reset, DOWN),
    "close record": (says('{"type":7,"error":"Connection closed with an error."}\x1e'), DOWN),
    "logout": (says(frame("GatewayLogout", "elsewhere")), DOWN),
    "logout without a word": (says(frame("GatewayLogout")), DOWN),
    "html": (says("<html>\x1e"), BAD), "no object": (says("5\x1e"), BAD),
    "deep": (says('{"type":1,"arguments":' + "[" * 100_000 + "]" * 100_000 + "}\x1e"), BAD),
    "long": (says('{"type":1,"target":"' + "x" * (2 << 20)), BAD),
    "binary": (says(b"\x93\x01"), BAD), "too large": (too_large, BAD), "no frame": (no_frame, BAD),
    "not utf-8": (bad_utf8, BAD), "surrogate": (says('{"type":1,"target":"\\ud800"}\x1e'), BAD),
    "digits": (says('{"type":' + "9" * 5000 + "}\x1e"), BAD),
}  # fmt: skip


@pytest.mark.parametrize("link", ["user", "market"])
@pytest.mark.parametrize("loss", LOSSES)
async def test_a_lost_link_is_told_and_comes_up_again(link, loss):
    gateway, (script, reason) = Gateway(), LOSSES[loss]
    gateway.scripts[link] = [script, script]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: posts.states(link) == [UP, (False, reason)] * 2 + [UP])
    assert gateway.subscribed[link] == CALLS[link] * 3
    assert all(m.why.isascii() and m.why.isprintable() for m in posts if isinstance(m, FeedState))


async def test_no_side_of_an_old_book_outlives_its_link():
    gateway = Gateway()
    half = frame("GatewayQuote", CONTRACT, {"bestAsk": 1.5, "timestamp": STAMP})
    close = '{"type":7}\x1e'
    gateway.scripts["market"] = [says(QUOTE, close), says(half, close), says(QUOTE)]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: sum(isinstance(m, Quote) for m in posts) == 2)
    assert [(m.bid, m.ask) for m in posts if isinstance(m, Quote)] == [(1.0, 1.25)] * 2


async def test_a_reconnect_storm_is_survived():
    gateway = Gateway()
    gateway.scripts = {"user": [hang_up] * 60, "market": [hang_up] * 60}
    async with trading(gateway) as client, running(client) as posts:
        for link in gateway.scripts:
            await posts.until(lambda posts, link=link: posts.states(link).count(UP) == 61)
    assert posts.states("user")[:-1] == [UP, (False, DOWN)] * 60


async def test_a_silent_hub_is_dropped():
    gateway = Gateway()
    async with trading(gateway, silence_s=0.2) as client, running(client) as posts:
        stale = (False, Reason.DATA_STALE)
        await posts.until(lambda posts: posts.states("user")[-3:] == [UP, stale, UP])


async def test_a_hub_that_only_pings_stays_up_for_the_user_but_is_stale_for_the_market():
    gateway = Gateway()

    async def pings(socket):
        with suppress(ConnectionError):
            while not socket.closed:
                await socket.send_str('{"type":6}\x1e')
                await asyncio.sleep(0.02)

    gateway.scripts = {"user": [pings], "market": [pings]}
    async with trading(gateway, stale_s=0.2) as client, running(client) as posts:
        stale = (False, Reason.DATA_STALE)
        await posts.until(lambda posts: posts.states("market")[-3:] == [UP, stale, UP])
        assert posts.states("user") == [UP]


async def test_a_closed_market_is_not_stale():
    gateway, asked = Gateway(), []
    async with trading(gateway, stale_s=0.01) as client:
        client._links._in_session = lambda: bool(asked.append(1))
        async with running(client) as posts:
            async with asyncio.timeout(5):
                while len(asked) < 5:
                    await asyncio.sleep(0.01)
            assert posts.states("market") == [UP]


async def test_we_ping():
    gateway = Gateway()
    async with trading(gateway, ping_s=0.01) as client, running(client) as posts:
        await posts.until(lambda posts: len(posts) >= 2)
        async with asyncio.timeout(5):
            while len(gateway.heard["user"]) < 3 or len(gateway.heard["market"]) < 3:
                await asyncio.sleep(0.01)
    assert {json.loads(text.rstrip("\x1e"))["type"] for text in gateway.heard["user"]} == {6}


async def test_the_end_of_the_tape_ends_the_market_link_only():
    gateway, end = Gateway(), says(QUOTE, frame("GatewayLogout", END_OF_TAPE))
    gateway.scripts = {"user": [end], "market": [end]}
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: (False, DOWN) in posts.states("market"))
        gone = [m for m in posts if isinstance(m, FeedState) and not m.up]
        assert [(m.link, m.why) for m in gone] == [("market", END_OF_TAPE)]
        await posts.until(lambda posts: posts.states("user") == [UP])
    assert gateway.subscribed["market"] == CALLS["market"]


@pytest.mark.parametrize("row", [{}, TRADE_ROW | {"price": -1}, None, TRADE_ROW | {"side": 9}])
async def test_news_of_ours_that_cannot_be_read_drop_the_link(row):
    gateway = Gateway()
    gateway.scripts["user"] = [says(frame("GatewayUserTrade", {"action": 0, "data": row}))]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: posts.states("user") == [UP, (False, BAD), UP])


async def test_news_from_the_future_are_of_now():
    """An exit counts its time from the youngest: it would wait so long for its end."""
    gateway, hour = Gateway(), 3600 * 10**9
    rows = [ORDER_ROW | {"updateTimestamp": stamp(time.time_ns() + gap)} for gap in (-hour, hour)]
    gateway.scripts["user"] = [says(*(frame("GatewayUserOrder", row) for row in rows))]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: sum(isinstance(m, OrderAccepted) for m in posts) == 2)
    past, now = (m.at for m in posts if isinstance(m, OrderAccepted))
    assert past + hour <= now <= time.time_ns()


async def test_bad_market_events_are_counted_and_the_link_stays():
    gateway = Gateway()
    bad = frame("GatewayTrade", CONTRACT, [PRINT | {"price": -1}])
    malformed = frame("GatewayQuote", CONTRACT, {"timestamp": "noon", "bestBid": 1.0})
    good = frame("GatewayTrade", CONTRACT, [PRINT])
    gateway.scripts["market"] = [says(bad, bad + malformed + bad, good + QUOTE)]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: any(isinstance(m, Quote) for m in posts))
        assert posts.states("market") == [UP]
    first = next(m for m in posts if isinstance(m, Dropped))
    assert (first.count, first.reason) == (1, Reason.DATA_BAD_VALUE)
    assert sum(isinstance(m, Trade) for m in posts) == 1


async def test_records_are_posted_in_order_and_only_after_the_link_is_up():
    gateway = Gateway()
    order = frame("GatewayUserOrder", {"action": 1, "data": ORDER_ROW})
    numbers = [order.replace("3500000101", str(number)) for number in range(1, 200)]
    gateway.scripts["user"] = [says("".join(numbers[:50]), *numbers[50:])]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: sum(isinstance(m, OrderAccepted) for m in posts) == 199)
    mine = [m for m in posts if not isinstance(m, FeedState) or m.link == "user"]
    assert isinstance(mine[0], FeedState)
    assert [m.venue_id for m in mine[1:]] == list(range(1, 200))


async def test_a_hub_that_does_not_know_the_token_makes_us_log_in_again():
    gateway = Gateway()
    async with trading(gateway) as client:
        gateway.refusing = 2
        async with running(client) as posts:
            for link in ("user", "market"):
                await posts.until(lambda posts, link=link: UP in posts.states(link))
    assert gateway.count("Auth/loginKey") >= 2


async def test_a_venue_that_is_away_is_waited_for():
    gateway = Gateway()
    async with trading(gateway) as client:
        client._rest.forget(await client._rest.token())
        answers = [{}] * 20
        login = gateway.answers["Auth/loginKey"]
        gateway.answers["Auth/loginKey"] = lambda b: answers.pop() if answers else login(b)
        async with running(client) as posts:
            for link in ("user", "market"):
                await posts.until(lambda posts, link=link: UP in posts.states(link))
        assert [up for up, _ in posts.states("user")].count(False) <= 1
