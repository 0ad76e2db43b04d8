"""Queries are repeated, orders never; no broken answer is read as an empty one (V1, V3, V6, V7)."""

import asyncio
import json

import pytest
from aiohttp import web

from core.decisions import CancelOrder, ClosePosition, ModifyOrder, PlaceOrder
from core.errors import ConfigError
from core.messages import OrderRejected
from core.terms import OrderType, Purpose, Request
from tests.venues.topstepx.server import Gateway, jwt, no, ok, settings, trading
from venues.base import Unknown, Unreachable
from venues.topstepx.answers import Failed, Refused, decode
from venues.topstepx.wire import Accounts, Contracts, OneContract, Orders, Placed, Positions, Trades

ENTRY = PlaceOrder(1, "t1", Purpose.ENTRY, OrderType.MARKET, 1, 1)
EXIT = PlaceOrder(1, "t2", Purpose.EXIT, OrderType.MARKET, -1, 1)
COMMANDS = {
    "Order/place": lambda client: client.place(ENTRY, 1),
    "Order/cancel": lambda client: client.cancel(CancelOrder(1, "t1", 5), 1),
    "Order/modify": lambda client: client.modify(ModifyOrder(1, "t1", 5, size=2), 1),
    "Position/closeContract": lambda client: client.close_position(ClosePosition(1, "t3"), 1),
}
QUERIES = {
    "Account/search": ("accounts", Accounts),
    "Position/searchOpen": ("positions", Positions),
    "Order/searchOpen": ("orders", Orders),
    "Order/search": ("orders", Orders),
    "Order/v2/query": ("orders", Orders),
    "Trade/search": ("trades", Trades),
}


async def cut_short(request_body):
    """Headers promise more than comes."""
    return web.Response(headers={"Content-Length": "1000"}, body=b'{"success":true,')


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
            if (path, fault) == ("Order/v2/query", "404 text"):
                assert (await client.snapshot(0, 1)).orders == ()  # older deployments lack it
            else:
                with pytest.raises(Unreachable, match=path):
                    await client.snapshot(0, 1)
            gateway.answers[path] = good
        assert (await client.snapshot(0, 7)).at == 7


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


@pytest.mark.parametrize("path", COMMANDS)
async def test_a_lost_answer_is_unknown_and_the_order_is_not_repeated(path):
    gateway, hang = Gateway(), asyncio.Event()

    async def never(_):
        await hang.wait()

    async def dropped(_):
        raise asyncio.CancelledError  # aiohttp closes the connection without an answer

    for number, fault in enumerate((never, dropped, cut_short), 1):
        gateway.answers[path] = fault
        async with trading(gateway, request_timeout_s=0.2) as client:
            with pytest.raises(Unknown):
                await COMMANDS[path](client)
            hang.set()
        hang.clear()
        assert gateway.count(path) == number


@pytest.mark.parametrize("path", COMMANDS)
async def test_a_structured_refusal_is_a_message(path):
    gateway = Gateway()
    gateway.answers[path] = no(2, "Invalid price\n\x1b[31m")
    async with trading(gateway) as client:
        (answer,) = await COMMANDS[path](client)
    assert isinstance(answer, OrderRejected)
    assert (answer.code, answer.text) == (2, r"Invalid price\n\x1b[31m")
    placed = answer.request is Request.PLACE
    assert answer.reason == ("ORD_REJECTED" if placed else "ORD_CANCEL_REJECTED")


@pytest.mark.parametrize(
    ("path", "code"),
    [("Order/place", 6), ("Order/place", 7), ("Order/cancel", 4), ("Order/cancel", 5),
     ("Order/modify", 4), ("Order/modify", 5), ("Position/closeContract", 6),
     ("Position/closeContract", 7)],
)  # fmt: skip
async def test_pending_and_unknown_errors_are_no_refusals(path, code):
    gateway = Gateway()
    gateway.answers[path] = no(code)
    async with trading(gateway) as client:
        with pytest.raises(Unknown):
            await COMMANDS[path](client)


async def test_what_was_never_sent_is_unreachable():
    gateway = Gateway()
    async with trading(gateway) as client:
        client._rest._venue = settings("http://127.0.0.1:1")
        for command in COMMANDS.values():
            with pytest.raises(Unreachable, match="not sent"):
                await command(client)


async def test_a_query_is_tried_again_until_it_is_answered():
    gateway = Gateway()
    answers = [status(503), status(429), body(b"{"), ok(positions=[])]
    gateway.answers["Position/searchOpen"] = lambda _: answers.pop(0) if answers else ok(
        positions=[]
    )  # fmt: skip
    async with trading(gateway, read_tries=4) as client:
        assert (await client.snapshot(0, 1)).position == 0
    assert not answers


async def test_a_query_is_given_up_after_so_many_tries():
    gateway = Gateway()
    gateway.answers["Trade/search"] = status(503)
    async with trading(gateway, read_tries=3) as client:
        with pytest.raises(Unreachable, match="Trade/search: HTTP 503"):
            await client.snapshot(0, 1)
    assert gateway.count("Trade/search") == 3


async def test_a_refused_query_is_not_tried_again():
    gateway = Gateway()
    gateway.answers["Trade/search"] = no(1)
    async with trading(gateway) as client:
        with pytest.raises(Unreachable, match="code 1"):
            await client.snapshot(0, 1)
    assert gateway.count("Trade/search") == 1


async def test_an_expired_token_costs_a_query_one_login():
    gateway, stale = Gateway(), []

    def trades(_):
        stale.append(gateway.tokens[-1])
        return status(401) if len(set(stale)) == 1 else ok(trades=[])

    gateway.answers["Trade/search"] = trades
    async with trading(gateway, read_tries=1) as client:
        await client.snapshot(0, 1)
    assert gateway.count("Auth/loginKey") == 2
    assert gateway.count("Trade/search") == 2


async def test_an_expired_token_makes_an_order_unknown_and_the_next_call_logs_in():
    gateway = Gateway()
    gateway.answers["Order/place"] = status(401)
    async with trading(gateway) as client:
        with pytest.raises(Unknown):
            await client.place(ENTRY, 1)
        await client.snapshot(0, 1)
    assert gateway.count("Order/place") == 1
    assert gateway.count("Auth/loginKey") == 2


@pytest.mark.parametrize(("validated", "logins"), [(ok(newToken=jwt()), 1), (no(3), 2)])
async def test_a_token_is_renewed_before_it_expires(validated, logins):
    gateway, lives = Gateway(), [1e-6, 86_400]
    gateway.answers["Auth/loginKey"] = lambda _: ok(token=jwt(lives.pop(0)))
    gateway.answers["Auth/validate"] = validated
    async with trading(gateway) as client:
        await client.snapshot(0, 1)
    assert gateway.count("Auth/validate") == 1
    assert gateway.count("Auth/loginKey") == logins


async def test_many_callers_log_in_once():
    gateway = Gateway()
    async with trading(gateway, opened=False) as client:
        await asyncio.gather(*(client._rest.token() for _ in range(20)))
    assert gateway.count("Auth/loginKey") == 1


@pytest.mark.parametrize("code", [1, 2, 3, 9, 10])
async def test_refused_credentials_stop_the_start(code):
    gateway = Gateway()
    gateway.answers["Auth/loginKey"] = no(code)
    async with trading(gateway, opened=False) as client:
        with pytest.raises(ConfigError, match="mend TOPSTEPX_USERNAME or TOPSTEPX_API_KEY"):
            await client.open()


async def test_an_order_that_could_not_log_in_is_unreachable_not_refused():
    gateway = Gateway()
    async with trading(gateway) as client:
        client._rest.forget(await client._rest.token())
        gateway.answers["Auth/loginKey"] = no(3)
        with pytest.raises(Unreachable) as failed:
            await client.place(ENTRY, 1)
    assert not isinstance(failed.value, Refused)
    assert gateway.count("Order/place") == 0


async def test_entries_leave_the_reserve_to_exits_and_cancels():
    gateway = Gateway()
    async with trading(gateway, requests_max=12, reserve=0.5) as client:  # 3 were for the start
        for _ in range(3):
            await client.place(ENTRY, 1)
        with pytest.raises(Unreachable, match="budget"):
            await client.place(ENTRY, 1)
        for _ in range(3):
            await client.cancel(CancelOrder(1, "t1", 5), 1)
            await client.place(EXIT, 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.cancel(CancelOrder(1, "t1", 5), 1)
    assert len(gateway.asked) == 12


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
