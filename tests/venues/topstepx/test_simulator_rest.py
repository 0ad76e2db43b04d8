"""The simulator's REST speaks the gateway's envelopes, codes and limits."""

import json

import pytest

from tests.venues.topstepx.gateway import START, gateway, tape, trade, trading

BRACKET = {
    "stopLossBracket": {"ticks": -8, "type": 4},
    "takeProfitBracket": {"ticks": 8, "type": 1},
}
AGES = {"startTimestamp": "2023-01-01T00:00:00Z", "endTimestamp": "2030-01-01T00:00:00Z"}


async def test_ping_needs_no_token_and_unknown_paths_are_not_found():
    async with gateway() as client:
        async with client.session.get(client.where["rest"] + "/api/Status/ping") as pong:
            assert await pong.json() == "pong"
        assert (await client.post("Account/info")).status == 404


async def test_a_wrong_key_or_user_gets_a_code_not_a_token():
    async with gateway() as client:
        key = await client.call("Auth/loginKey", userName="someone", apiKey="x")
        user = await client.call("Auth/loginKey", userName="x", apiKey="canary-key")
        assert (user["errorCode"], key["errorCode"], key["success"]) == (1, 3, False)
        app = dict.fromkeys(("password", "deviceId", "appId", "verifyKey"), "x")
        assert (await client.call("Auth/loginApp", userName="x", **app))["errorCode"] == 1


async def test_tokens_are_renewed_end_with_logout_and_expire():
    async with gateway() as client:
        old, new = client.token, (await client.call("Auth/validate"))["newToken"]
        assert old != new and new.count(".") == 2
        await client.call("Auth/logout")
        assert (await client.post("Account/search")).status == 401
        client.token = new
        assert (await client.call("Account/search", onlyActiveAccounts=True))["success"]
        for bad in ("", "a.b.c", "Ä", new[:-2] + "xx"):
            assert (await client.post("Account/search", token=bad.encode().hex())).status == 401
    async with gateway(token_life_s=0) as client:
        assert (await client.post("Account/search")).status == 401


async def test_the_account_and_the_contract_are_told():
    async with gateway() as client:
        (account,) = (await client.call("Account/search", onlyActiveAccounts=True))["accounts"]
        assert account["id"] == client.where["account_id"] and account["balance"] == 1000.0
        assert client.where["contract_id"] == "CON.F.US.MES.H24"
        (row,) = (await client.call("Contract/search", searchText="mes", live=False))["contracts"]
        assert (row["name"], row["tickSize"], row["tickValue"]) == ("MESH4", 0.25, 1.25)
        assert not (await client.call("Contract/available", live=True))["contracts"]
        known = await client.call("Contract/searchById", contractId=row["id"])
        assert known["contract"] == row
        unknown = await client.call("Contract/searchById", contractId="CON.F.US.EP.H24")
        assert (unknown["success"], unknown["errorCode"]) == (False, 1)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Order/place", "{"),
        ("Order/place", "{}"),
        ("Order/place", json.dumps({"accountId": "1", "contractId": "c", "type": 2, "side": 0})),
        ("Account/search", "[]"),
        ("Order/search", json.dumps({"accountId": 1, "startTimestamp": "yesterday"})),
        ("Order/cancel", json.dumps({"accountId": 1, "orderId": 1 << 70})),
    ],
)
async def test_a_malformed_body_is_a_400_with_a_title(path, body):
    async with gateway() as client:
        headers = {"Authorization": f"Bearer {client.token}"}
        url = f"{client.where['rest']}/api/{path}"
        async with client.session.post(url, data=body, headers=headers) as response:
            assert response.status == 400
            assert "title" in json.loads(await response.text())


async def test_calls_beyond_the_limit_are_a_429_and_bars_have_their_own():
    async with gateway(requests_max=3, bars_max=1) as client:
        statuses = [(await client.post("Account/search", {})).status for _ in range(4)]
        assert statuses == [400, 400, 429, 429]  # the login was the first call
        bars = [(await client.post("History/retrieveBars", {})).status for _ in range(2)]
        assert bars == [400, 429]


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("Order/place", {"accountId": 1}, 1),
        ("Order/place", {"contractId": "x"}, 8),
        ("Order/place", {"side": 7}, 2),
        ("Order/place", {"type": 9}, 2),
        ("Order/place", {"stopLossBracket": {"ticks": -8, "type": 1}}, 2),
        ("Order/place", {"takeProfitBracket": {"ticks": 8, "type": 4}}, 2),
        ("Order/place", {"size": 51}, 2),
        ("Order/cancel", {"orderId": 5}, 2),
        ("Order/cancel", {"accountId": 1, "orderId": 5}, 1),
        ("Order/modify", {"orderId": 5}, 2),
        ("Order/modify", {"accountId": 1, "orderId": 5}, 1),
        ("Order/searchOpen", {"accountId": 1}, 1),
        ("Order/searchById", {"orderId": 5}, 1),
        ("Order/search", {"accountId": 1, **AGES}, 1),
        ("Order/v2/query", {"filter": {"accountId": 1}}, 1),
        ("Trade/search", {"accountId": 1, **AGES}, 1),
        ("Position/searchOpen", {"accountId": 1}, 1),
        ("Position/closeContract", {}, 2),
        ("Position/closeContract", {"accountId": 1}, 1),
        ("Position/closeContract", {"contractId": "x"}, 3),
        ("Position/partialCloseContract", {"size": 1}, 2),
    ],
)
async def test_what_cannot_be_done_is_a_code_in_a_200(path, change, code):
    async with trading() as client:
        body = {**client.own, "type": 2, "side": 0, "size": 1} | change
        reply = await client.call(path, **body)
        assert (reply["success"], reply["errorCode"]) == (False, code)


async def test_a_bracket_entry_is_seen_in_every_query():
    async with trading() as client:
        placed = await client.place(customTag="a", **BRACKET)
        number = placed["orderId"]
        legs = (await client.call("Order/searchOpen", **client.account))["orders"]
        assert [(leg["id"], leg["customTag"], leg["status"]) for leg in legs] == [
            (number + 1, "a-SL", 1), (number + 2, "a-TP", 1),
        ]  # fmt: skip
        assert (legs[0]["stopPrice"], legs[0]["limitPrice"]) == (4798.25, None)
        orders = (await client.call("Order/search", **client.account, **AGES))["orders"]
        assert [order["id"] for order in orders] == [number, number + 1, number + 2]
        newest = await client.call(
            "Order/v2/query", filter=client.account, pageSize=1, includeTotalCount=True
        )
        assert (newest["totalCount"], newest["orders"][0]["id"]) == (3, number + 2)
        (held,) = (await client.call("Position/searchOpen", **client.account))["positions"]
        assert (held["type"], held["size"], held["averagePrice"]) == (1, 1, 4800.25)
        one = await client.call("Order/searchById", **client.account, orderId=number)
        assert one["order"]["filledPrice"] == 4800.25
        assert (await client.call("Position/closeContract", **client.own))["errorCode"] == 0
        trades = (await client.call("Trade/search", **client.account, **AGES))["trades"]
        assert [(half["profitAndLoss"], half["fees"]) for half in trades] == [
            (-1.25, 0.22), (None, 0.22),
        ]  # fmt: skip


async def test_sleeping_legs_are_seen_only_by_the_newer_query():
    async with trading() as client:
        number = (await client.place(type=1, limitPrice=4790, **BRACKET))["orderId"]
        plain = (await client.call("Order/search", **client.account, **AGES))["orders"]
        assert [order["id"] for order in plain] == [number]
        asleep = await client.call("Order/v2/query", filter=client.account | {"statuses": [8]})
        assert [order["status"] for order in asleep["orders"]] == [8, 8]
        moved = await client.call(
            "Order/modify", **client.account, orderId=number, limitPrice=4791.25
        )
        assert moved["success"]
        cancelled = await client.call("Order/cancel", **client.account, orderId=number)
        assert cancelled["success"]
        again = await client.call("Order/cancel", **client.account, orderId=number)
        assert again["errorCode"] == 3


async def test_a_join_order_rests_at_its_own_touch():
    async with trading() as client:
        await client.place(type=6)
        (order,) = (await client.call("Order/searchOpen", **client.account))["orders"]
        assert (order["type"], order["limitPrice"]) == (1, 4800.0)


async def test_before_the_first_quote_the_market_is_closed():
    async with gateway() as client:
        reply = await client.place(customTag="early")
        assert reply["errorCode"] == 2 and "not in an active" in reply["errorMessage"]


async def test_bars_are_newest_first_and_the_forming_one_only_on_demand():
    rows = [trade(second / 2, 19200 + second, size=second + 1) for second in range(12)]
    async with (
        gateway(tape([*rows, trade(6), trade(5000)]), speed=100) as client,
        client.market() as market,
    ):
        for _ in range(13):
            await market.until("GatewayTrade")
        body = {
            "contractId": client.where["contract_id"], "live": False, "unit": 1, "unitNumber": 2,
            "startTime": "2023-12-25T23:00:00Z", "endTime": "2023-12-25T23:00:05Z", "limit": 2,
            "includePartialBar": False,
        }  # fmt: skip
        bars = (await client.call("History/retrieveBars", **body))["bars"]
        assert [bar["t"][11:19] for bar in bars] == ["23:00:04", "23:00:02"]
        assert bars[1] == {
            "t": "2023-12-25T23:00:02+00:00", "o": 4801.0, "h": 4801.75, "l": 4801.0,
            "c": 4801.75, "v": 26,
        }  # fmt: skip
        wide = {"unit": 3, "unitNumber": 1}
        assert not (await client.call("History/retrieveBars", **body | wide))["bars"]
        partial = await client.call(
            "History/retrieveBars", **body | wide | {"includePartialBar": True}
        )
        assert partial["bars"][0]["v"] == 79
        for change, code in (
            ({"live": True}, 1), ({"unit": 7}, 2), ({"unitNumber": 0}, 3), ({"limit": 0}, 4),
        ):  # fmt: skip
            assert (await client.call("History/retrieveBars", **body | change))["errorCode"] == code


async def test_the_clock_is_computed_alike_on_both_sides():
    async with gateway() as client:
        before = await client.clock()
        assert (before["started"], before["mono"], before["now"]) == (False, None, START)
        async with client.market() as market:
            await market.until("GatewayQuote")
            after = await client.clock()
        assert after["started"] and not after["ended"] and after["now"] > START
