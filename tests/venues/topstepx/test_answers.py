"""No broken answer is read as an empty one, and no order is taken for done without a word (V3)."""

import json

import pytest
from aiohttp import web

from tests.venues.topstepx.server import COMMANDS, ENTRY, Gateway, no, ok, trading
from venues.base import Unknown, Unreachable
from venues.topstepx.answers import Failed, decode
from venues.topstepx.wire import Accounts, Contracts, OneContract, Orders, Placed, Positions, Trades

QUERIES = {
    "Account/search": ("accounts", Accounts),
    "Position/searchOpen": ("positions", Positions),
    "Order/searchOpen": ("orders", Orders),
    "Order/search": ("orders", Orders),
    "Order/v2/query": ("orders", Orders),
    "Trade/search": ("trades", Trades),
}


def status(code):
    return web.Response(status=code)


def body(raw):
    return web.Response(body=raw)


BROKEN = {
    "401": status(401), "403": status(403), "404 text": web.Response(status=404, text="?"),
    "400": status(400), "429": status(429), "500": status(500), "502 html": web.Response(
        status=502, text="<html>Bad gateway</html>"), "503": status(503), "302": status(302),
    "204": status(204), "301": web.Response(status=301, headers={"Location": "http://[::1]:1/"}),
    "429 retry-after": web.Response(status=429, headers={"Retry-After": "0"}),
    "429 odd": web.Response(status=429, headers={"Retry-After": "soon"}),
    "html": body(b"<html>ok</html>"), "nothing": body(b""), "null": body(b"null"),
    "list": body(b"[]"), "text": body(b'"pong"'), "number": body(b"1"), "true": body(b"true"),
    "truncated": body(b'{"success":true,"errorCode":0,"err'), "two": body(b"{}{}"),
    "empty object": {}, "no success": {"errorCode": 0}, "no code": {"success": True},
    "success with code": ok() | {"errorCode": 2}, "failure with code 0": no(0, "odd"),
    "success as text": ok() | {"success": "true"}, "success as 1": ok() | {"success": 1},
    "code as text": ok() | {"errorCode": "0"}, "code null": ok() | {"errorCode": None},
    "not utf-8": body(b'{"success":true,"errorCode":0,"errorMessage":"\xff"}'),
    "surrogate": body(b'{"success":true,"errorCode":0,"errorMessage":"\\ud800"}'),
    "deep": body(b'{"success":true,"errorCode":0,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "gzip": web.Response(body=b"\x1f\x8b" + b"0" * 50, headers={"Content-Encoding": "gzip"}),
    "large": body(b" " * (9 << 20)),
}  # fmt: skip
# Answers that would do for a command, or only for a query.
NO_PAYLOAD = {
    "no payload": ok(), "null payload": None, "object": {}, "text": "[]", "nulls": [None],
    "empty row": [{}], "zero": 0, "false": False, "lists": [[]],
}  # fmt: skip


@pytest.mark.parametrize("fault", [*BROKEN, *NO_PAYLOAD])
async def test_no_broken_query_is_an_empty_one(fault):
    gateway = Gateway()
    async with trading(gateway, read_tries=1) as client:
        for path, (key, _) in QUERIES.items():
            good = gateway.answers[path]
            if fault in BROKEN:
                gateway.answers[path] = BROKEN[fault]
            else:
                payload = NO_PAYLOAD[fault]
                gateway.answers[path] = ok() if fault == "no payload" else ok(**{key: payload})
            with pytest.raises(Unreachable, match=path):
                await client.snapshot(0, 1)
            gateway.answers[path] = good
        assert (await client.snapshot(0, 7)).at == 7


async def test_only_a_query_that_was_never_answered_may_be_missing():
    gateway = Gateway()
    good = gateway.answers["Order/v2/query"]
    gateway.answers["Order/v2/query"] = status(404)
    async with trading(gateway, read_tries=1) as client:
        assert (await client.snapshot(0, 1)).orders == ()  # older deployments lack it
        gateway.answers["Order/v2/query"] = good
        await client.snapshot(0, 1)
        gateway.answers["Order/v2/query"] = status(404)
        with pytest.raises(Unreachable, match="404"):
            await client.snapshot(0, 1)


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_command_without_a_clean_answer_is_unknown_and_sent_once(fault):
    gateway = Gateway()
    async with trading(gateway) as client:
        for path, command in COMMANDS.items():
            gateway.answers[path] = BROKEN[fault]
            with pytest.raises(Unknown, match=path):
                await command(client)
            assert gateway.count(path) == 1


@pytest.mark.parametrize("number", [None, 0, -1, "5", 1.5, 2**63, True, [], {}])
async def test_an_order_without_a_number_is_unknown(number):
    gateway = Gateway()
    gateway.answers["Order/place"] = ok(orderId=number)
    async with trading(gateway) as client:
        with pytest.raises(Unknown):
            await client.place(ENTRY, 1)
    assert gateway.count("Order/place") == 1


SHAPES = [
    (Accounts, ok(accounts=[])), (Contracts, ok(contracts=[])), (Positions, ok(positions=[])),
    (Orders, ok(orders=[])), (Trades, ok(trades=[])), (Placed, ok(orderId=5)),
    (OneContract, ok(contract={"id": "C", "tickSize": 0.25, "tickValue": 1.25, "symbolId": "S",
                               "activeContract": True})),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "good"), SHAPES, ids=[shape.__name__ for shape, _ in SHAPES])
def test_no_part_of_an_answer_is_an_answer(shape, good):
    whole = json.dumps(good).encode()
    assert decode("path", whole, shape).success
    for length in range(len(whole)):
        with pytest.raises(Failed):
            decode("path", whole[:length], shape)
    for key in good:
        if key != "errorMessage":
            for wrong in (None, "x", {"a": 1}, [None]):
                with pytest.raises(Failed):
                    decode("path", json.dumps(good | {key: wrong}).encode(), shape)
