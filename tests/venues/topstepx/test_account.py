"""The account and contract are pinned down or refused; a snapshot is whole or it is none."""

from decimal import Decimal

import pytest

from core.errors import ConfigError
from core.messages import Fill
from core.terms import OrderType, Status, VenueOrder
from tests.venues.topstepx.server import (
    ACCOUNT,
    ACCOUNT_ROW,
    CONTRACT,
    CONTRACT_ROW,
    ORDER_ROW,
    POSITION_ROW,
    TRADE_ROW,
    Gateway,
    no,
    ok,
    trading,
)
from venues.base import Unreachable

AT = 1795188662449311000
TWO = [ACCOUNT_ROW, ACCOUNT_ROW | {"id": 4712}]
LOCKED = ACCOUNT_ROW | {"canTrade": False}


@pytest.mark.parametrize(("rows", "pinned"), [([ACCOUNT_ROW], 0), (TWO, ACCOUNT)])
async def test_the_only_account_or_the_pinned_one_is_taken(rows, pinned):
    gateway = Gateway()
    gateway.answers["Account/search"] = ok(accounts=rows)
    async with trading(gateway, account_id=pinned) as client:
        assert (client.account_id, client.balance) == (ACCOUNT, Decimal("50123.4"))


@pytest.mark.parametrize("row", [ACCOUNT_ROW, LOCKED])
async def test_a_pinned_account_that_was_locked_is_taken_for_what_it_holds_must_be_left(row):
    """By a restart: a position may be open in it, and the lock may end with the day."""
    gateway = Gateway()
    gateway.answers["Account/search"] = lambda asked: ok(
        accounts=[] if asked["onlyActiveAccounts"] and not row["canTrade"] else [row]
    )
    async with trading(gateway, account_id=ACCOUNT) as client:
        assert (client.account_id, client.can_trade) == (ACCOUNT, row["canTrade"])


@pytest.mark.parametrize(
    ("rows", "pinned", "text"),
    [(TWO, 0, r"2 active accounts \[4711, 4712\]: set the one"),
     ([*TWO, LOCKED | {"id": 4713}], 5, r"5 is none of this login: set one of \[4711, 4712\]")],
)  # fmt: skip
async def test_an_account_that_is_not_clear_is_refused(rows, pinned, text):
    gateway = Gateway()
    gateway.answers["Account/search"] = ok(accounts=rows)
    async with trading(gateway, opened=False, account_id=pinned) as client:
        with pytest.raises(ConfigError, match=f"venue.account_id: {text}"):
            await client.open()


@pytest.mark.parametrize(
    ("path", "answer"),
    [("Account/search", ok(accounts=[])), ("Contract/search", ok(contracts=[]))],
)
@pytest.mark.parametrize("pinned", [0, ACCOUNT])
async def test_an_empty_list_at_the_start_is_no_answer(path, answer, pinned):
    """A venue under maintenance may give one: a restart then must be tried again, not given up."""
    gateway = Gateway()
    gateway.answers[path] = answer
    async with trading(gateway, opened=False, account_id=pinned) as client:
        with pytest.raises(Unreachable, match=f"{path}: the list is empty"):
            await client.open()
        del gateway.answers[path]
        gateway.answers |= {path: Gateway().answers[path]}
        await client.open()


async def test_the_configured_contract_is_asked_for_by_its_id():
    gateway = Gateway()
    async with trading(gateway, contract_id=CONTRACT) as client:
        assert client.contract_id == CONTRACT
    assert ("Contract/searchById", {"contractId": CONTRACT}) in gateway.asked


async def test_the_active_contract_of_the_symbol_is_found_among_others():
    gateway = Gateway()
    old, mini = {"id": "OLD", "activeContract": False}, {"id": "EP", "symbolId": "F.US.EP"}
    rows = [CONTRACT_ROW | old, CONTRACT_ROW | mini, CONTRACT_ROW]
    gateway.answers["Contract/search"] = ok(contracts=rows)
    async with trading(gateway) as client:
        assert client.contract_id == CONTRACT
    assert ("Contract/search", {"searchText": "MES", "live": False}) in gateway.asked


@pytest.mark.parametrize(
    ("contract_id", "path", "answer", "text"),
    [("X", "Contract/searchById", no(1), "X is not known"),
     ("", "Contract/search", ok(contracts=[CONTRACT_ROW | {"activeContract": False}]),
      "0 active contracts of MES"),
     ("", "Contract/search", ok(contracts=[CONTRACT_ROW] * 2), "2 active contracts of MES"),
     ("", "Contract/search", ok(contracts=[CONTRACT_ROW | {"tickSize": 0.5}]), "tick"),
     ("", "Contract/search", ok(contracts=[CONTRACT_ROW | {"tickValue": 2.5}]), "tick value"),
     ("X", "Contract/searchById", ok(contract=CONTRACT_ROW), "it answers with CON.F.US.MES.Z26"),
     (CONTRACT, "Contract/searchById", ok(contract=CONTRACT_ROW | {"tickValue": 12.5}), "tick"),
     (CONTRACT, "Contract/searchById", ok(contract=CONTRACT_ROW | {"symbolId": "F.US.EP"}),
      "symbol")],
)  # fmt: skip
async def test_a_contract_that_is_not_ours_is_refused(contract_id, path, answer, text):
    gateway = Gateway()
    gateway.answers[path] = answer
    async with trading(gateway, opened=False, contract_id=contract_id) as client:
        with pytest.raises(ConfigError, match=f"venue.contract_id: .*{text}"):
            await client.open()


async def test_a_snapshot_tells_everything_once():
    gateway = Gateway()
    leg = ORDER_ROW | {"id": 3500000102, "status": 8, "stopPrice": None, "customTag": "t-TP",
                       "type": 1}  # fmt: skip
    elsewhere = {"contractId": "CON.F.US.EP.Z26"}
    gateway.answers |= {
        "Position/searchOpen": ok(positions=[POSITION_ROW | {"type": 2}, POSITION_ROW | elsewhere]),
        "Order/searchOpen": ok(orders=[ORDER_ROW, ORDER_ROW | elsewhere | {"id": 6}]),
        "Order/search": ok(orders=[ORDER_ROW | {"status": 2, "fillVolume": 2}]),
        "Order/v2/query": ok(orders=[leg, leg | elsewhere | {"id": 5}]),
        "Trade/search": ok(
            trades=[
                TRADE_ROW | {"id": 9, "creationTimestamp": "2026-11-20T15:31:03Z", "orderId": 77},
                TRADE_ROW,
                TRADE_ROW | {"id": 8, "voided": True},
                TRADE_ROW | {"id": 7} | elsewhere,
            ]
        ),
    }
    async with trading(gateway) as client:
        taken = await client.snapshot(AT, 99)
    assert (taken.at, taken.since, taken.balance) == (99, AT, Decimal("50123.4"))
    assert (taken.position, taken.average, taken.can_trade) == (-2, Decimal("6715.25"), True)
    assert taken.others == 2
    assert taken.orders == (
        VenueOrder(3500000101, "bot-7f31c2-SL", Status.FILLED, OrderType.STOP, -1, 2, 2,
                   Decimal("6712.25"), AT),
        VenueOrder(3500000102, "t-TP", Status.SUSPENDED, OrderType.LIMIT, -1, 2, 0, None, AT),
    )  # fmt: skip
    price, fees = Decimal("6715.25"), Decimal("0.62")
    assert taken.fills == (
        Fill(AT, 3100000007, 3500000101, "bot-7f31c2-SL", 1, 2, price, fees),
        Fill(1795188663000000000, 9, 77, "", 1, 2, price, fees),
    )
    assert ("Order/search", {"accountId": ACCOUNT, "startTimestamp":
            "2026-11-20T15:31:02.4493110+00:00"}) in gateway.asked  # fmt: skip


async def test_null_in_what_is_not_needed_spoils_no_look():
    """Of another account of this login, long ended; and of a trade that nobody voided."""
    gateway = Gateway()
    gateway.answers |= {
        "Account/search": ok(accounts=[ACCOUNT_ROW | {"id": 5, "name": None}, ACCOUNT_ROW]),
        "Trade/search": ok(trades=[TRADE_ROW | {"voided": None}]),
    }
    async with trading(gateway, account_id=ACCOUNT) as client:
        assert len((await client.snapshot(AT, 99)).fills) == 1


async def test_a_closed_day_is_told_by_its_fills_and_no_more_orders():
    gateway, day = Gateway(), AT - 3600 * 10**9
    async with trading(gateway) as client:
        taken = await client.snapshot(AT, 99, day)
    asked = {path: body for path, body in gateway.asked if path.endswith("/search")}
    assert (taken.since, taken.day) == (AT, day)
    assert asked["Trade/search"]["startTimestamp"] < asked["Order/search"]["startTimestamp"]


@pytest.mark.parametrize(("seen", "tries"), [([0, 2, 2, 2], 2), ([0, 2, 0, 2], 0)])
async def test_a_position_that_changes_meanwhile_is_asked_for_once_more(seen, tries):
    gateway = Gateway()
    sizes = list(seen)

    def positions(_):
        size = sizes.pop(0)
        return ok(positions=[POSITION_ROW | {"size": size}] if size else [])

    gateway.answers["Position/searchOpen"] = positions
    async with trading(gateway) as client:
        if tries:
            assert (await client.snapshot(0, 1)).position == 2
        else:
            with pytest.raises(Unreachable, match="changed during"):
                await client.snapshot(0, 1)
    assert not sizes


@pytest.mark.parametrize(
    ("path", "answer"),
    [("Account/search", ok(accounts=[ACCOUNT_ROW | {"id": 5}])),
     ("Account/search", ok(accounts=[])),
     ("Position/searchOpen", ok(positions=[POSITION_ROW | {"type": 0}])),
     ("Position/searchOpen", ok(positions=[POSITION_ROW] * 2)),
     ("Order/search", ok(orders=[ORDER_ROW | {"side": 5}])),
     ("Order/search", ok(orders=[ORDER_ROW | {"creationTimestamp": "noon"}])),
     ("Order/v2/query", ok(orders=[ORDER_ROW], totalCount=2)),
     ("Trade/search", ok(trades=[TRADE_ROW | {"creationTimestamp": ""}]))],
)  # fmt: skip
async def test_rows_without_sense_make_no_snapshot(path, answer):
    gateway = Gateway()
    async with trading(gateway) as client:
        gateway.answers[path] = answer
        with pytest.raises(Unreachable):
            await client.snapshot(0, 1)


async def test_a_row_of_another_account_makes_the_answer_unbelievable():
    gateway = Gateway()
    changes = {"Position/searchOpen": ok(positions=[POSITION_ROW | {"accountId": 5}]),
               "Order/search": ok(orders=[ORDER_ROW | {"accountId": 5}]),
               "Trade/search": ok(trades=[TRADE_ROW | {"accountId": 5}])}  # fmt: skip
    async with trading(gateway, read_tries=1) as client:
        for path, answer in changes.items():
            good, gateway.answers[path] = gateway.answers[path], answer
            with pytest.raises(Unreachable, match="another one"):
                await client.snapshot(0, 1)
            gateway.answers[path] = good


async def test_a_full_page_of_sleeping_orders_may_not_be_all():
    gateway = Gateway()
    rows = [ORDER_ROW | {"id": number, "status": 8} for number in range(1, 101)]
    gateway.answers["Order/v2/query"] = ok(orders=rows)
    async with trading(gateway, read_tries=1) as client:
        with pytest.raises(Unreachable, match="one page"):
            await client.snapshot(0, 1)


async def test_a_snapshot_that_no_record_could_hold_is_refused():
    gateway = Gateway()
    rows = [ORDER_ROW | {"id": number} for number in range(1, 600)]
    gateway.answers["Order/search"] = ok(orders=rows)
    async with trading(gateway, read_tries=1) as client:
        with pytest.raises(Unreachable, match="599 orders and 0 fills: too much for one record"):
            await client.snapshot(0, 1)


@pytest.mark.parametrize("tag", ["x" * 200_000, "\x1b[2J\n", "\u202e\u0416" * 50])
async def test_a_foreign_tag_is_short_plain_text(tag):
    gateway = Gateway()
    gateway.answers["Order/search"] = ok(orders=[ORDER_ROW | {"customTag": tag}])
    async with trading(gateway, read_tries=1) as client:
        (order,) = (await client.snapshot(0, 1)).orders
    assert len(order.tag) <= 64 and order.tag.isascii() and order.tag.isprintable()
