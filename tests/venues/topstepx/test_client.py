"""Orders as the gateway wants them, its answers as messages, and our secrets nowhere."""

import asyncio
import base64
import io
import logging
import time
import traceback
from decimal import Decimal
from urllib.parse import quote

import pytest
from aiohttp import web

from core.decisions import CancelOrder, ClosePosition, ModifyOrder, PlaceOrder
from core.errors import TradebotError
from core.messages import CloseAccepted, OrderAccepted, OrderCancelled, OrderReplaced
from core.reasons import Reason
from core.terms import OrderType, Purpose, Status
from tests.venues.topstepx.server import (
    ACCOUNT,
    CONTRACT,
    KEY,
    MARK,
    TRADE_ROW,
    Gateway,
    frame,
    jwt,
    no,
    ok,
    running,
    trading,
)
from venues.base import Late, Unknown, Unreachable

ENTRY = {"type": OrderType.MARKET, "stop_ticks": 8, "target_ticks": 12, "bracket": True}


@pytest.mark.parametrize(
    ("order", "sent"),
    [
        (ENTRY | {"side": 1}, {"type": 2, "side": 0, "stopLossBracket": {"ticks": -8, "type": 4},
                               "takeProfitBracket": {"ticks": 12, "type": 1}}),
        (ENTRY | {"side": -1}, {"type": 2, "side": 1, "stopLossBracket": {"ticks": 8, "type": 4},
                                "takeProfitBracket": {"ticks": -12, "type": 1}}),
        ({"type": OrderType.STOP, "side": -1, "stop_price": Decimal("6712.25")},
         {"type": 4, "side": 1, "stopPrice": 6712.25}),
        ({"type": OrderType.LIMIT, "side": 1, "limit_price": Decimal("2650.1")},
         {"type": 1, "side": 0, "limitPrice": 2650.1}),
    ],
)  # fmt: skip
async def test_an_order_travels_as_the_gateway_wants_it(order, sent):
    gateway = Gateway()
    async with trading(gateway) as client:
        answer = await client.place(PlaceOrder(1, "t1", Purpose.ENTRY, size=3, **order), 1)
    common = {"accountId": ACCOUNT, "contractId": CONTRACT, "customTag": "t1", "size": 3}
    asked = {key: value for key, value in gateway.asked[-1][1].items() if value is not None}
    assert asked == common | sent
    (accepted,) = answer
    assert accepted == OrderAccepted(accepted.at, "t1", 3500000101, Status.PENDING)


async def test_cancel_modify_and_close_say_what_was_done():
    gateway = Gateway()
    async with trading(gateway) as client:
        cancelled = await client.cancel(CancelOrder(1, "t1", 5), 1)
        replaced = await client.modify(ModifyOrder(1, "t1", 5, stop_price=Decimal("1.25")), 1)
        closing = await client.close_position(ClosePosition(1, "t2"), 1)
    assert [type(one) for one in cancelled + replaced + closing] == [
        OrderCancelled, OrderReplaced, CloseAccepted,
    ]  # fmt: skip
    assert gateway.asked[-3:] == [
        ("Order/cancel", {"accountId": ACCOUNT, "orderId": 5}),
        ("Order/modify", {"accountId": ACCOUNT, "orderId": 5, "stopPrice": 1.25}),
        ("Position/closeContract", {"accountId": ACCOUNT, "contractId": CONTRACT}),
    ]


async def test_a_part_of_a_position_is_closed_by_its_own_call():
    gateway = Gateway()
    async with trading(gateway) as client:
        (closing,) = await client.close_position(ClosePosition(1, "t2", size=2), 1)
    assert isinstance(closing, CloseAccepted)
    body = {"accountId": ACCOUNT, "contractId": CONTRACT, "size": 2}
    assert gateway.asked[-1] == ("Position/partialCloseContract", body)


async def test_a_fill_on_the_stream_knows_the_tag_of_the_order_just_placed():
    gateway = Gateway()

    async def fills(socket):
        await socket.send_str(frame("GatewayUserTrade", {"action": 0, "data": TRADE_ROW}))

    gateway.scripts["user"].append(fills)
    async with trading(gateway) as client:
        await client.place(PlaceOrder(1, "t1", Purpose.ENTRY, side=1, size=2, **ENTRY), 1)
        async with running(client) as posts:
            await posts.until(lambda posts: any(getattr(m, "tag", "") == "t1" for m in posts))


async def test_a_client_never_opened_closes_quietly():
    async with trading(Gateway(), opened=False):
        pass


def encodings(secret):
    raw = secret.encode()
    yield from (secret, secret[:8], secret[::-1], raw.hex(), quote(secret), repr(secret))
    yield from (base64.b64encode(raw).decode().rstrip("="), base64.b32encode(raw).decode())


FAULTS = [
    web.Response(status=401), web.Response(status=500, text="<html>"), web.Response(body=b"{"),
    no(3, "no"), ok(), ok(token=5), ok(token=jwt(), newToken=jwt()) | {"errorCode": 1},
    ok(token=""), web.Response(status=302, headers={"Location": "/"}),
]  # fmt: skip


async def test_neither_key_nor_token_shows_in_errors_logs_or_reprs(monkeypatch):
    shown, log = [], io.StringIO()
    handler = logging.StreamHandler(log)
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    logging.root.addHandler(handler)
    order = PlaceOrder(1, "t1", Purpose.ENTRY, side=1, size=2, **ENTRY)
    for path in ("Auth/loginKey", "Account/search", "Order/place", "Trade/search"):
        for fault in FAULTS:
            gateway = Gateway()
            gateway.refusing = 2
            async with trading(gateway, opened=False, read_tries=1) as client:
                gateway.answers[path] = fault
                try:
                    await client.open()
                    async with running(client) as posts:
                        await posts.until(lambda posts: len(posts) > 3)
                    shown.append(repr(list(posts)))
                    shown.append(repr(await client.place(order, 1)))
                    await client.snapshot(0, 1)
                except (TradebotError, Unknown, Unreachable) as error:
                    shown += whole(error)
                shown.append(repr(vars(client)) + repr(vars(client._rest)))
    logging.root.removeHandler(handler)
    text = "".join(shown) + log.getvalue()
    assert len(shown) > 50 and "Auth/loginKey" in text
    assert not [one for secret in (KEY, MARK) for one in encodings(secret) if one in text]


def whole(error):
    """The error, its causes and contexts, with all that their frames hold."""
    while error is not None:
        yield repr(error) + str(error) + repr(error.args)
        # The test's own frame is left out: it holds the canary by right.
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        frames.stack = traceback.StackSummary.from_list(
            [frame for frame in frames.stack if "/tests/" not in frame.filename]
        )
        yield "".join(frames.format(chain=False))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(("purpose", "sent"), [(Purpose.ENTRY, 0), (Purpose.EXIT, 1)])
async def test_an_entry_that_grows_too_old_during_a_login_is_not_sent(purpose, sent):
    gateway, logging_in, first = Gateway(), asyncio.Event(), []

    async def slow(_):
        if first:
            logging_in.set()
            while time.time_ns() <= soon:
                await asyncio.sleep(0)
        first.append(True)
        return ok(token=jwt())

    gateway.answers["Auth/loginKey"] = slow
    async with trading(gateway) as client:
        client._rest.forget(await client._rest.token())
        soon = time.time_ns() + 20_000_000
        order = PlaceOrder(1, "t1", purpose, OrderType.MARKET, 1, 1, expires_at=soon)
        if sent:
            await client.place(order, 1)
        else:
            with pytest.raises(Late, match="too old after the login") as late:
                await client.place(order, 1)
            assert late.value.reason is Reason.SIG_EXPIRED
    assert logging_in.is_set()
    assert gateway.count("Order/place") == sent
