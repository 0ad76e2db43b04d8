"""Queries are repeated, orders never; what may be dead is not used; budgets are kept (V1, V7)."""

import asyncio
import socket

import pytest
from aiohttp import web

from core.decisions import CancelOrder
from core.messages import OrderRejected
from core.terms import Request
from tests.venues.topstepx.server import (
    COMMANDS,
    ENTRY,
    EXIT,
    Gateway,
    no,
    ok,
    settings,
    trading,
)
from venues.base import Limited, Unauthorised, Unknown, Unreachable
from venues.topstepx import rest


async def cut_short(request_body):
    """Headers promise more than comes."""
    return web.Response(headers={"Content-Length": "1000"}, body=b'{"success":true,')


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


async def test_after_a_call_without_an_answer_none_goes_over_what_was_open_before(monkeypatch):
    monkeypatch.setattr(rest, "KEPT_S", 0.4)
    gateway, cancel = Gateway(), COMMANDS["Order/cancel"]
    gateway.answers["Order/place"] = lambda _: asyncio.sleep(0.3, web.Response(status=404))
    async with trading(gateway, request_timeout_s=0.2) as client:
        await asyncio.gather(*(cancel(client) for _ in range(3)))
        before = set(gateway.ports[-3:])
        assert len(before) == 3
        with pytest.raises(Unknown):
            await client.place(ENTRY, 1)
        for _ in range(3):
            await cancel(client)
        assert not before & set(gateway.ports[-3:])
        await asyncio.sleep(0.5)
        await cancel(client)
        assert gateway.ports[-1] in before, "the time that connections are kept is over"


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
     ("Position/closeContract", 7), ("Position/partialCloseContract", 7),
     ("Position/partialCloseContract", 8)],
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


async def test_what_found_no_connection_in_time_is_unreachable():
    gateway = Gateway()
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for caller in (first, second):  # the queue is full: the next one is left without answer
            caller.setblocking(False)
            caller.connect_ex(deaf.getsockname())
        async with trading(gateway, request_timeout_s=0.2) as client:
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
            client._rest._venue = settings(url, request_timeout_s=0.2)
            with pytest.raises(Unreachable, match="not sent: no connection: ConnectionTimeout"):
                await client.place(ENTRY, 1)


async def test_a_query_is_tried_again_until_it_is_answered():
    gateway = Gateway()
    answers = [
        web.Response(status=503),
        web.Response(status=429),
        web.Response(body=b"{"),
        ok(positions=[]),
    ]
    gateway.answers["Position/searchOpen"] = lambda _: answers.pop(0) if answers else ok(
        positions=[]
    )  # fmt: skip
    async with trading(gateway, read_tries=4) as client:
        assert (await client.snapshot(0, 1)).position == 0
    assert not answers


async def tries(answer, error, match, **numbers):
    """How often a query is made that is always answered so and ends in this error."""
    gateway = Gateway()
    gateway.answers["Trade/search"] = answer
    async with trading(gateway, **numbers) as client:
        with pytest.raises(error, match=match):
            await client.snapshot(0, 1)
    return gateway.count("Trade/search")


async def test_a_query_is_given_up_after_so_many_tries():
    down = web.Response(status=503)
    assert await tries(down, Unreachable, "Trade/search: HTTP 503", read_tries=3) == 3


async def test_a_refused_query_is_not_tried_again():
    assert await tries(no(1), Unreachable, "code 1") == 1


async def test_an_expired_token_costs_a_query_one_login():
    gateway, stale = Gateway(), []

    def trades(_):
        stale.append(gateway.tokens[-1])
        return web.Response(status=401) if len(set(stale)) == 1 else ok(trades=[])

    gateway.answers["Trade/search"] = trades
    async with trading(gateway, read_tries=1) as client:
        await client.snapshot(0, 1)
    assert gateway.count("Auth/loginKey") == 2
    assert gateway.count("Trade/search") == 2


async def test_a_token_that_is_refused_again_after_a_login_is_for_a_person():
    stale = web.Response(status=401)
    assert await tries(stale, Unauthorised, "Trade/search: HTTP 401", read_tries=1) == 2


async def test_an_entry_over_our_own_budget_is_not_sent_and_says_so():
    gateway = Gateway()
    async with trading(gateway, requests_max=6, reserve=0.1) as client:
        with pytest.raises(Limited, match="budget of calls"):
            for _ in range(7):
                await client.place(ENTRY, 1)
    assert gateway.count("Order/place") < 6


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
