"""The best level of the book, as the market hub tells it."""

import pytest

from tests import build
from tests.venues.topstepx.gateway import STILL, gateway
from venues.topstepx.simulator.depth import Depth


def book(*quotes):
    """The records of the last of these quotes: (type, price, volume, change)."""
    depth = Depth()
    for bid, bids, ask, asks in quotes:
        rows = depth.quote(build.quote(bid=bid, ask=ask, bid_size=bids, ask_size=asks))
    return [(r["type"], r["price"], r["volume"], r["currentVolume"]) for r in rows]


FIRST = (5000.0, 12, 5000.25, 9)


@pytest.mark.parametrize(("quotes", "rows"), [
    ([FIRST], [(9, 5000.0, 12, 12), (10, 5000.25, 9, 9)]),
    ([FIRST, FIRST], []),
    ([FIRST, (5000.0, 10, 5000.25, 9)], [(2, 5000.0, 10, 2)]),
    ([FIRST, (5000.0, 12, 5000.25, 30)], [(1, 5000.25, 30, 21)]),
    # The bid falls: its level is empty. The ask follows: it has left its level behind.
    (
        [FIRST, (4999.75, 5, 5000.0, 2)],
        [(2, 5000.0, 0, 12), (9, 4999.75, 5, 5), (10, 5000.0, 2, 2)],
    ),
    ([FIRST, (5000.0, 12, 5000.5, 4)], [(1, 5000.25, 0, 9), (10, 5000.5, 4, 4)]),
    ([(5000.0, 0, 5000.25, 0)], []),
])  # fmt: skip
def test_a_quote_is_the_levels_it_changes(quotes, rows):
    assert book(*quotes) == rows


def test_a_new_subscriber_clears_its_book_and_gets_the_best_level():
    depth = Depth()
    assert [row["type"] for row in depth.snapshot()] == [6]
    depth.quote(build.quote(bid_size=12, ask_size=9))
    assert [(row["type"], row["volume"]) for row in depth.snapshot()] == [(6, 0), (4, 12), (3, 9)]


async def test_the_hub_tells_depth_to_whoever_subscribes():
    async with gateway(STILL) as client, client.hub("market") as market:
        await market.invoke("SubscribeContractMarketDepth", client.where["contract_id"])
        contract, rows = await market.until("GatewayDepth")
        assert (contract, rows[0]["type"]) == (client.where["contract_id"], 6)
        _, rows = await market.until("GatewayDepth")
        assert [(row["type"], row["price"], row["volume"]) for row in rows] == [
            (9, 4800.0, 10), (10, 4800.25, 10),
        ]  # fmt: skip
        _, rows = await market.until("GatewayDepth")
        assert (rows[0]["type"], rows[0]["volume"], rows[0]["currentVolume"]) == (5, 1, 1)
