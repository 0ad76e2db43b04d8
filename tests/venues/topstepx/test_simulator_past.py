"""Queries that lag behind the hubs show what was."""

from tests.venues.topstepx.gateway import trading

SCRIPT = [
    {"on": "Position/closeContract", "nth": 1, "do": "lag", "seconds": 0.5},
    {"on": "Position/searchOpen", "nth": 3, "do": "delay", "seconds": 0.6},
]


async def test_queries_lag_for_their_time_while_orders_go_on():
    async with trading(faults=SCRIPT) as client:
        await client.place(type=2)
        held = [await client.call("Position/searchOpen", **client.account)]
        assert (await client.call("Position/closeContract", **client.own))["success"]
        held += [await client.call("Position/searchOpen", **client.account) for _ in range(2)]
    assert [len(each["positions"]) for each in held] == [1, 1, 0]
