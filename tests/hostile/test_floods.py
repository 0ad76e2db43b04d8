"""Too much of anything is refused before it costs memory, and the other link does not notice (S3).

The memory is that of Python's allocator at its peak, over what it was before.
"""

import asyncio
import itertools
import json
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from aiohttp import web

from core.messages import FeedState, OrderAccepted, Quote, Trade
from core.reasons import Reason
from tests.venues.topstepx.server import (
    CONTRACT,
    ORDER_ROW,
    STAMP,
    Gateway,
    frame,
    ok,
    running,
    trading,
)
from venues.base import Unreachable

GROWTH_MAX = 16 << 20
UP, BAD = (True, Reason.DATA_LINK_UP), (False, Reason.DATA_MALFORMED)
DOWN, STALE = (False, Reason.DATA_LINK_DOWN), (False, Reason.DATA_STALE)
GOOD = frame("GatewayQuote", CONTRACT, {"bestBid": 1.0, "bestAsk": 1.25, "timestamp": STAMP})
ORDER = frame("GatewayUserOrder", {"action": 1, "data": ORDER_ROW})
DISTINCT = ",".join(f'"{number:x}":1' for number in range(90_000))


def ws(payload, first=0x81):
    """A frame as a server sends it: no mask."""
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


def fragments(count, size):
    """One message in many frames that never ends."""
    yield ws(b"x" * size, 0x01)
    for _ in range(count):
        yield ws(b"x" * size, 0x00)


def bomb():
    """64 MiB of zeros, deflated, in a frame that says so although nobody agreed on it."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    payload = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(64)) + squeeze.flush()
    return ws(payload, 0xC1)


def record(arguments, key="arguments"):
    return ws(f'{{"type":1,"target":"GatewayQuote","{key}":{arguments}}}\x1e'.encode())


FLOODS = {
    "64 MiB in a frame": lambda: (ws(b"x" * (1 << 20))[:2] + (64 << 20).to_bytes(8, "big"),
                                  *itertools.repeat(b"x" * (1 << 20), 64)),
    "64 MiB in fragments": lambda: fragments(1024, 1 << 16),
    "64 MiB without a separator": lambda: itertools.repeat(ws(b"x" * (1 << 16)), 1024),
    "deflate bomb": lambda: [bomb()],
    "separators": lambda: [ws(b"\x1e" * 1_000_000)],
    "empty records": lambda: [ws(b"{}\x1e" * 340_000)],
    "pings": lambda: [ws(b'{"type":6}\x1e' * 90_000)],
    "deep": lambda: [record("[" * 100_000 + "]" * 100_000)],
    "deep objects": lambda: [record('{"a":' * 50_000 + "1" + "}" * 50_000, "x")],
    "many arguments": lambda: [record("[" + ",".join(["0"] * 400_000) + "]")],
    "many keys": lambda: [record(f'["\\u0041",{{{DISTINCT}}}]')],
    "digits": lambda: [record("9" * 200_000)],
}  # fmt: skip


def raw(chunks):
    async def script(socket):
        transport = socket._req.transport
        with suppress(ConnectionError):
            for chunk in chunks():
                transport.write(chunk)
                while transport.get_write_buffer_size() > 1 << 20 and not transport.is_closing():
                    await asyncio.sleep(0.001)
                if transport.is_closing():
                    return

    return script


def says(*texts):
    async def script(socket):
        for text in texts:
            await socket.send_str(text)

    return script


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_drops_its_link_only_and_costs_little(flood):
    gateway = Gateway()
    chunks = list(FLOODS[flood]())  # made before memory is watched
    gateway.scripts["market"] = [raw(lambda: chunks), says(GOOD)]
    gateway.scripts["user"] = [says(ORDER)]
    async with trading(gateway) as client:
        tracemalloc.start()
        try:
            async with running(client) as posts:
                await posts.until(lambda posts: any(isinstance(m, Quote) for m in posts))
            growth = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert growth <= GROWTH_MAX, growth
    assert posts.states("market") == [UP, BAD, UP]
    assert posts.states("user") == [UP]
    assert sum(isinstance(m, OrderAccepted) for m in posts) == 1
    assert all(len(m.why) < 300 for m in posts if isinstance(m, FeedState))


async def test_records_kept_before_the_link_is_up_are_bounded():
    gateway = Gateway()
    long = frame("x" * 200_000)

    async def never_confirms(socket):
        with suppress(ConnectionError):
            for _ in range(100):
                await socket.send_str(long)

    gateway.before_confirming = never_confirms
    async with trading(gateway) as client:
        tracemalloc.start()
        try:
            async with running(client) as posts:
                await posts.until(lambda posts: DOWN in posts.states("user"))
            growth = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert growth <= GROWTH_MAX, growth
    assert {m.why for m in posts} == {"subscriptions not confirmed"}


async def test_pings_of_the_socket_do_not_hide_that_the_market_is_silent():
    gateway = Gateway()

    async def pings(socket):
        with suppress(ConnectionError):
            while not socket.closed:
                await socket.ping()
                await asyncio.sleep(0.02)

    gateway.scripts = {"user": [pings], "market": [pings]}
    async with trading(gateway, stale_s=0.2, silence_s=0.4) as client, running(client) as posts:
        for link in ("market", "user"):
            await posts.until(lambda posts, link=link: posts.states(link)[:3] == [UP, STALE, UP])


async def test_a_compressed_socket_is_neither_asked_for_nor_taken():
    gateway = Gateway()
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: len(posts) >= 2)
    assert gateway.extensions == {None}


BODIES = {
    "64 MiB": lambda: b" " * (64 << 20),
    "deep": lambda: b'{"success":true,"errorCode":0,"positions":' + b"[" * 500_000,
    "rows": lambda: json.dumps(ok(positions=[{}] * 200_000)).encode(),
    "keys": lambda: b'{"success":true,"errorCode":0,"positions":[],' + DISTINCT.encode() + b"}",
    "numbers": lambda: b'{"success":true,"errorCode":0,"positions":[' + b"1," * 500_000 + b"1]}",
    "text": lambda: b'{"success":true,"errorCode":0,"positions":[],"x":"\xf0\x9f\x98\x80'
    + b"x" * 950_000,
    "gzip bomb": lambda: zlib.compress(bytes(64 << 20)),
}  # fmt: skip


@pytest.mark.parametrize("kind", BODIES)
async def test_a_flood_of_an_answer_is_no_answer_and_costs_little(kind):
    gateway, body = Gateway(), BODIES[kind]()

    headers = {"Content-Encoding": "deflate"} if kind == "gzip bomb" else {}

    async def parts():
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]

    gateway.answers["Position/searchOpen"] = lambda _: web.Response(body=parts(), headers=headers)
    async with trading(gateway, read_tries=1) as client:
        tracemalloc.start()
        try:
            with pytest.raises(Unreachable, match="Position/searchOpen"):
                await client.snapshot(0, 1)
            growth = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert growth <= GROWTH_MAX, growth


async def test_a_burst_is_read_in_order_and_every_trade_arrives():
    gateway = Gateway()
    row = {"volume": 1, "timestamp": STAMP, "type": 0}
    burst = [frame("GatewayTrade", CONTRACT, row | {"price": 1 + n / 4}) for n in range(20_000)]
    frames = ["".join(burst[start : start + 400]) for start in range(0, 20_000, 400)]
    gateway.scripts["market"] = [says(*frames)]
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: sum(isinstance(m, Trade) for m in posts) == 20_000)
    assert [m.price for m in posts if isinstance(m, Trade)] == [1 + n / 4 for n in range(20_000)]
    assert posts.states("market")[0] == UP
