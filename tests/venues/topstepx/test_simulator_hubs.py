"""The simulator's hubs speak SignalR, deltas and the tape's end."""

import json

import pytest

from tests.venues.topstepx.gateway import (
    SEPARATOR,
    SHORT,
    Link,
    gateway,
    quote,
    tape,
    trading,
)
from venues.topstepx.simulator.hubs import Timers


async def test_negotiation_offers_websockets_to_those_with_a_token():
    async with gateway() as client:
        url = client.where["user_hub"] + "/negotiate?negotiateVersion=1"
        async with client.session.post(url) as refused:
            assert refused.status == 401
        headers = {"Authorization": f"Bearer {client.token}"}
        async with client.session.post(url, headers=headers) as response:
            answer = await response.json()
        assert answer["availableTransports"][0]["transport"] == "WebSockets"
        query = f"?id={answer['connectionToken']}"
        async with client.session.ws_connect(
            client.where["user_hub"] + query, headers=headers
        ) as ws:
            await Link(ws).send({"protocol": "json", "version": 1})
            assert await Link(ws).next() == {}


@pytest.mark.parametrize(
    ("hello", "answer"),
    [
        ('{"protocol":"json","version":0}', ""),
        ('{"protocol":"json","version":1}', ""),
        ('{"protocol":"messagepack","version":1}', "not supported"),
        ('{"protocol":"json","version":7}', "not supported"),
        ("hello", "could not be read"),
    ],
)
async def test_a_handshake_is_answered_or_refused_with_an_error(hello, answer):
    async with gateway() as client:
        url = f"{client.where['user_hub']}?access_token={client.token}"
        async with client.session.ws_connect(url) as ws:
            await ws.send_str(hello[:5])  # a record may come in pieces
            await ws.send_str(hello[5:] + SEPARATOR)
            assert answer in (await Link(ws).next()).get("error", "")


async def test_invocations_are_completed_by_id_and_unknown_ones_with_an_error():
    async with gateway() as client, client.hub("user") as hub:
        await hub.invoke("SubscribeAccounts", invocationId="1", headers={}, streamIds=[])
        assert await hub.next() == {"type": 3, "invocationId": "1", "result": None}
        await hub.invoke("Heartbeat")
        await hub.invoke("Nonsense", invocationId="2")
        answer = await hub.next()
        assert answer["invocationId"] == "2" and "Nonsense" in answer["error"]


async def test_an_idle_hub_pings_and_drops_who_is_silent():
    timers = Timers(handshake_s=0.5, ping_s=0.05, silence_s=0.3)
    async with gateway(timers=timers) as client:
        async with client.hub("user") as hub:
            assert await hub.next() == {"type": 6}
            while (message := await hub.next()) == {"type": 6}:
                pass
            assert message["type"] == 7 and "timeout" in message["error"]
            assert await hub.next() is None
        url = f"{client.where['user_hub']}?access_token={client.token}"
        async with client.session.ws_connect(url) as ws:
            assert "canceled" in (await Link(ws).next())["error"]


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"type":7}'])
async def test_a_client_that_talks_nonsense_or_says_goodbye_is_let_go(text):
    async with gateway() as client, client.hub("user") as hub:
        await hub.ws.send_str(text + SEPARATOR)
        assert (await hub.next())["type"] == 7
        assert await hub.next() is None


async def test_quotes_are_deltas_and_trades_are_lists():
    async with gateway(SHORT) as client, client.market() as market:
        contract, first = await market.until("GatewayQuote")
        assert (contract, first["bestBid"]) == (client.where["contract_id"], 4800.0)
        assert "lastPrice" not in first
        _, (print_,) = await market.until("GatewayTrade")
        assert (print_["price"], print_["volume"], print_["type"]) == (4800.0, 1, 0)
        assert print_["timestamp"] == "2023-12-25T23:00:00.0010000+00:00"
        _, second = await market.until("GatewayQuote")
        assert second["lastPrice"] == 4800.0 and "bestBid" not in second


async def test_a_late_subscriber_gets_a_whole_quote_first():
    async with trading() as client, client.market() as late:
        _, snapshot = await late.until("GatewayQuote")
        assert {"bestBid", "bestAsk", "lastPrice", "volume"} <= set(snapshot)


async def test_the_end_of_the_tape_is_told_to_all_and_orders_still_match():
    async with gateway(SHORT, speed=0) as client:
        async with client.market() as market:
            assert await market.until("GatewayLogout") == ["end of tape"]
        async with client.market() as late:
            assert await late.until("GatewayLogout") == ["end of tape"]
        clock = await client.clock()
        assert clock["ended"] and clock["now"] == clock["end"]
        await client.place(size=40)  # more than the last quote showed
        assert (await client.call("Position/closeContract", **client.own))["success"]
        assert not (await client.call("Position/searchOpen", **client.account))["positions"]


async def standstill(client):
    """Where the tape stands once it no longer moves."""
    shown = [-1]
    while len(set(shown[-20:])) > 1 or len(shown) < 21:
        shown.append((await client.clock())["now"])
    return shown[-1]


async def test_at_speed_0_nothing_is_lost_though_the_client_is_slow():
    rows = [quote(second / 10, 19200 + second % 7) for second in range(20_000)]
    async with gateway(tape(rows), speed=0) as client, client.market() as market:
        seen = 0
        while (message := await market.next())["target"] == "GatewayQuote":
            seen += 1
            if seen == 500:
                assert await standstill(client) < rows[-1][0]
        assert (seen, message["target"]) == (20_000, "GatewayLogout")


async def test_at_speed_0_the_tape_waits_while_nobody_listens():
    rows = [quote(second, 19200 + second % 7) for second in range(20_000)]
    async with gateway(tape(rows), speed=0) as client:
        async with client.market() as market:
            await market.until("GatewayQuote")
        stopped = await standstill(client)
        async with client.market() as market:
            _, snapshot = await market.until("GatewayQuote")
            assert {"bestBid", "bestAsk"} <= set(snapshot)
        assert stopped < (await client.clock())["end"]


async def test_user_events_come_wrapped_in_the_gateways_order():
    async with trading() as client, client.user() as user:
        bracket = {"stopLossBracket": {"ticks": -8, "type": 4}}
        number = (await client.place(customTag="a", **bracket))["orderId"]
        story = []
        while len(story) < 7:
            message = await user.next()
            (event,) = message["arguments"]
            story.append((message["target"], event["action"], event["data"]))
        names = [target.removeprefix("GatewayUser") for target, _, _ in story]
        assert names == ["Order", "Order", "Order", "Trade", "Position", "Account", "Order"]
        orders = [row for name, _, row in story if name == "GatewayUserOrder"]
        assert [(row["id"] - number, row["status"]) for row in orders] == [
            (1, 8), (0, 6), (0, 2), (1, 1),
        ]  # fmt: skip
        assert "stopPrice" not in orders[0] and orders[3]["stopPrice"] == 4798.25
        assert story[3][1] == 0 and "profitAndLoss" not in story[3][2]
        assert story[4][2]["contractDisplayName"] == "MESH4"


async def test_a_flat_position_arrives_as_removed():
    async with trading() as client, client.user() as user:
        await client.place()
        await client.call("Position/closeContract", **client.own)
        await user.until("GatewayUserPosition")
        (event,) = await user.until("GatewayUserPosition")
        assert (event["action"], event["data"]["type"], event["data"]["size"]) == (2, 0, 0)


async def test_subscriptions_belong_to_a_connection_and_end_on_demand():
    async with trading() as client, client.hub("user") as deaf, client.user() as user:
        await deaf.invoke("SubscribeOrders", 12345)  # another account
        await user.invoke("UnsubscribeAccounts", invocationId="u")
        while "invocationId" not in await user.next():
            pass
        await client.place()
        seen = [json.dumps(await user.next()) for _ in range(4)]
        assert not [text for text in seen if "GatewayUserAccount" in text]
        await deaf.invoke("Nonsense", invocationId="n")
        assert "invocationId" in await deaf.next()
