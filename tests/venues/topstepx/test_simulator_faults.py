"""Scripted faults strike when they should; the ledger tells what truly happened."""

import asyncio
import json
import socket

import aiohttp
import pytest

from core.errors import UsageError
from tests.venues.topstepx.gateway import SHORT, gateway, quote, tape, trade, trading
from venues.topstepx.simulator import faults
from venues.topstepx.simulator.faults import Fault

BRACKET = {"stopLossBracket": {"ticks": -8, "type": 4}}


def fault(on, do, nth=1, **more):
    return {"on": on, "do": do, "nth": nth, **more}


async def orders(client):
    reply = await client.call("Order/v2/query", filter=client.account)
    return reply["orders"]


@pytest.mark.parametrize(("do", "placed"), [("lose_reply", 1), ("lose_request", 0)])
async def test_a_cut_connection_leaves_open_whether_the_order_lives(do, placed):
    async with trading(faults=[fault("Order/place", do)]) as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.place(type=1, limitPrice=4790)
        assert len(await orders(client)) == placed


@pytest.mark.parametrize(
    ("do", "status", "placed"),
    [("status", 503, 0), ("status_after", 503, 1), ("unauthorized", 401, 0)],
)
async def test_an_error_status_may_hide_an_accepted_order(do, status, placed):
    async with trading(faults=[fault("Order/place", do)]) as client:
        body = {**client.own, "type": 1, "side": 0, "size": 1, "limitPrice": 4790}
        assert (await client.post("Order/place", body)).status == status
        assert len(await orders(client)) == placed
        assert (await client.place(type=1, limitPrice=4790))["success"]


async def test_answers_may_be_late_or_garbage():
    script = [
        fault("Order/searchOpen", "delay", seconds=0.05),
        fault("Order/searchOpen", "delay_reply", seconds=0.05),
        fault("Position/searchOpen", "body", body='{"success":true,"positions":'),
    ]
    async with gateway(faults=script) as client:
        before = asyncio.get_running_loop().time()
        await client.call("Order/searchOpen", **client.account)
        assert asyncio.get_running_loop().time() - before >= 0.1
        response = await client.post("Position/searchOpen", client.account)
        assert (response.status, await response.text()) == (200, script[2]["body"])


async def test_brackets_are_refused_once_or_by_the_accounts_mode():
    once = [fault("Order/place", "refuse_brackets")]
    async with trading(faults=once) as client:
        assert "Position Brackets" in (await client.place(**BRACKET))["errorMessage"]
        assert (await client.place(**BRACKET))["success"]
    async with trading(faults=[fault("start", "brackets", value=False)]) as client:
        assert "Position Brackets" in (await client.place(**BRACKET))["errorMessage"]


async def test_an_account_may_be_locked_liquidated_or_its_market_closed():
    locked = [fault("Order/searchOpen", "can_trade", value=False)]
    async with trading(faults=locked) as client, client.user() as user:
        await client.call("Order/searchOpen", **client.account)
        (event,) = await user.until("GatewayUserAccount")
        assert event["data"]["canTrade"] is False
        assert (await client.place())["errorCode"] == 4
    async with trading(faults=[fault("Order/searchOpen", "liquidate")]) as client:
        await client.place(**BRACKET)
        await client.call("Order/searchOpen", **client.account)
        assert not (await client.call("Position/searchOpen", **client.account))["positions"]
        assert not (await client.call("Order/searchOpen", **client.account))["orders"]
    async with trading(faults=[fault("Order/place", "closed", value=True)]) as client:
        assert "not in an active" in (await client.place())["errorMessage"]


async def test_user_events_may_be_dropped_doubled_or_bare():
    script = [
        fault("GatewayUserTrade", "drop"),
        fault("GatewayUserPosition", "duplicate"),
        fault("start", "bare"),
    ]
    async with trading(faults=script) as client, client.user() as user:
        await client.place()
        messages = [await user.next() for _ in range(5)]
        names = [message["target"].removeprefix("GatewayUser") for message in messages]
        assert names == ["Order", "Order", "Position", "Position", "Account"]
        assert "action" not in messages[0]["arguments"][0]


async def test_a_late_user_event_comes_behind_younger_ones():
    script = [fault("GatewayUserPosition", "late", seconds=0.05)]
    async with trading(faults=script) as client, client.user() as user:
        await client.place()
        messages = [await user.next() for _ in range(5)]
        names = [message["target"].removeprefix("GatewayUser") for message in messages]
        assert names == ["Order", "Order", "Trade", "Account", "Position"]


@pytest.mark.parametrize(
    ("do", "last"), [("close", 7), ("reset", None), ("down", None), ("logout", 1)]
)
async def test_a_hub_may_end_in_every_way(do, last):
    script = [fault("Order/searchOpen", do, hub="market", seconds=0.05)]
    async with trading(faults=script) as client:
        reply = client.call("Order/searchOpen", **client.account)
        await asyncio.gather(reply, return_exceptions=True)
        message = await client.market_link.next()
        while message and message.get("target") == "GatewayQuote":
            message = await client.market_link.next()
        assert (message and message["type"]) == last


async def test_a_simulator_that_is_down_comes_back():
    async with trading(faults=[fault("Order/searchOpen", "down", seconds=0.2)]) as client:
        await client.call("Order/searchOpen", **client.account)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.call("Order/searchOpen", **client.account)
        with pytest.raises(aiohttp.ClientError):
            async with client.market():
                pass
        while not await alive(client):
            pass
        async with client.market() as market:
            assert await market.until("GatewayQuote")


async def alive(client):
    try:
        return (await client.call("Order/searchOpen", **client.account))["success"]
    except aiohttp.ClientConnectionError:
        return False


async def test_a_frozen_market_hub_says_nothing_and_then_a_whole_quote():
    rows = [quote(second, 19200 + second % 3) for second in range(3000)]
    script = [fault("GatewayQuote", "freeze", nth=5, seconds=0.2)]
    async with gateway(tape(rows), speed=100, faults=script) as client, client.market() as market:
        seen = [(await market.until("GatewayQuote"))[1]["timestamp"][11:19] for _ in range(5)]
        assert seen[:4] == ["23:00:00", "23:00:01", "23:00:02", "23:00:03"]
        assert seen[4] > "23:00:15"


async def test_faults_come_each_nth_time_as_often_as_asked():
    script = faults.Faults(
        [Fault("a", "status", every=2, times=2), Fault("a", "delay", nth=4, times=2)]
    )
    deeds = ["".join(each.do[0] for each in script.strike("a", "b")) for _ in range(7)]
    assert deeds == ["", "s", "", "sd", "d", "", ""]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"on":"a"}', "not a list of faults"),
        ('[{"on":"a","do":"nothing","nth":1}]', "no such deed"),
        ('[{"on":"a","do":"drop"}]', "either nth or every"),
        ('[{"on":"a","do":"close","nth":1,"hub":"x"}]', "no such hub"),
        ('[{"on":"a","do":"drop","nth":1,"colour":1}]', "colour"),
    ],
)
def test_a_bad_script_is_refused_in_one_line(tmp_path, text, why):
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=why):
        faults.load(path)
    with pytest.raises(UsageError, match="No such file"):
        faults.load(tmp_path / "none.json")


async def test_the_ledger_is_the_truth_also_where_the_answer_was_lost(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"kind":"earlier"}\n')
    script = [fault("Order/place", "lose_reply")]
    async with trading(faults=script, ledger=path) as client:
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.place(customTag="a", **BRACKET)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    text = path.read_text()
    kinds = [line["kind"] for line in lines]
    assert kinds[:3] == ["earlier", "start", "request"] and lines[2]["body"] is None
    assert {"order", "fill", "position", "balance", "fault"} <= set(kinds)
    reply = next(
        line for line in lines if line.get("endpoint") == "Order/place" and "status" in line
    )
    assert (reply["code"], reply["order_id"]) == (0, 3_500_000_001)
    assert json.loads(text.splitlines()[-1])["kind"] == "stop"
    assert "canary-key" not in text and client.token not in text


async def test_a_client_that_does_not_read_blocks_nobody_and_holds_little():
    rows = [quote(0.001 * n, 19200 + n % 50) for n in range(60_000)]
    async with gateway(tape(rows), speed=20, ledger=None) as client:
        raw = socket.create_connection(("127.0.0.1", int(client.where["rest"].rsplit(":")[-1])))
        try:
            subscribe_and_sleep(raw, client)
            async with client.market() as market:
                assert await market.until("GatewayLogout", timeout_s=30) == ["end of tape"]
        finally:
            raw.close()


def subscribe_and_sleep(raw, client):
    path = f"/hubs/market?access_token={client.token}"
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    contract = client.where["contract_id"]
    hello = '{"protocol":"json","version":1}\x1e'
    for text in (hello, json.dumps(
        {"type": 1, "target": "SubscribeContractQuotes", "arguments": [contract]}) + "\x1e",
    ):  # fmt: skip
        head = bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2, "big") + bytes(4)
        raw.sendall(head + text.encode())


async def test_a_client_may_come_back_and_finds_the_tape_further_on():
    rows = [trade(0), *(quote(second, 19200 + second % 5) for second in range(1, 3000))]
    async with gateway(tape(rows), speed=300) as client:
        async with client.market() as market:
            _, first = await market.until("GatewayQuote")
        async with client.market() as market:
            await market.until("GatewayQuote")
            _, later = await market.until("GatewayQuote")
        assert later["timestamp"] > first["timestamp"]


async def test_short_tapes_play_to_their_end_at_any_speed():
    for speed in (0, 1.0, 1e6):
        async with gateway(SHORT, speed=speed) as client, client.market() as market:
            assert await market.until("GatewayLogout") == ["end of tape"]
