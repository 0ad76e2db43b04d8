"""Rows and events become messages, or a refusal that says why; nothing else can happen."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from core.messages import Fill, OrderAccepted, OrderCancelled, OrderRejected, Quote, Trade
from core.reasons import Reason
from core.terms import OrderType, Request, Status
from tests.venues.topstepx.server import ACCOUNT, CONTRACT, ORDER_ROW, STAMP, TRADE_ROW
from venues.topstepx.translate import Market, Refusal, Tags, User

AT = 1795188662449311000
ORDER, TRADE = "GatewayUserOrder", "GatewayUserTrade"
DEEP = b"[" * 100_000 + b"]" * 100_000


def raw(*arguments):
    return tuple(Raw(a if isinstance(a, bytes) else json.dumps(a).encode()) for a in arguments)


def quote(market, **fields):
    return market.on("GatewayQuote", raw(CONTRACT, {"timestamp": STAMP} | fields), 5)


def user_says(target, row, user=None):
    return (user or User(ACCOUNT, CONTRACT)).on(target, raw({"action": 1, "data": row}))


def test_quotes_are_changes_of_one_book():
    market = Market(CONTRACT)
    assert quote(market, bestBid=6715.0) == []
    assert quote(market, lastPrice=6715.0) == []
    assert quote(market, bestAsk=6715.25) == [Quote(AT, 6715.0, 6715.25, received=5)]
    assert quote(market, bestBid=6715.0, bestAsk=6715.25) == []
    assert quote(market, bestBid=6714.75) == [Quote(AT, 6714.75, 6715.25, received=5)]


def test_a_quote_is_stamped_by_the_exchange_or_else_by_the_gateway():
    later = "2026-11-20T15:31:03Z"
    fields = {"bestBid": 1.0, "bestAsk": 1.25}
    assert quote(Market(CONTRACT), lastUpdated=later, **fields)[0].at == AT
    late = quote(Market(CONTRACT), timestamp=None, lastUpdated=later, **fields)
    assert late[0].at == 1795188663000000000


@pytest.mark.parametrize(("kind", "side"), [(0, 1), (1, -1), (7, 0)])
def test_each_print_of_a_list_is_a_trade(kind, side):
    row = {"price": 6715.25, "volume": 3, "timestamp": STAMP, "type": kind}
    one = Trade(AT, 6715.25, 3, side, 5)
    assert Market(CONTRACT).on("GatewayTrade", raw(CONTRACT, [row, row]), 5) == [one, one]
    assert Market(CONTRACT).on("GatewayTrade", raw(CONTRACT, row), 5) == [one]


def test_other_contracts_and_other_events_say_nothing():
    market = Market(CONTRACT)
    row = {"bestBid": 1.0, "bestAsk": 2.0, "timestamp": STAMP}
    assert market.on("GatewayQuote", raw("CON.F.US.EP.Z26", row), 5) == []
    assert market.on("GatewayDepth", raw(CONTRACT, DEEP), 5) == []
    assert User(ACCOUNT, CONTRACT).on("GatewayUserPosition", raw({})) == []
    for change in ({"accountId": 1}, {"contractId": "CON.F.US.EP.Z26"}):
        assert user_says(ORDER, ORDER_ROW | change) == user_says(TRADE, TRADE_ROW | change) == []


BAD_NUMBERS = [
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"-1", b"0", b'"6715.25"', b"true",
    b"[1]", b"{}", b"1e10", b"9" * 5000, b"", DEEP, b'"\\ud800"', b"+1", b"0x1",
]  # fmt: skip


@pytest.mark.parametrize("number", BAD_NUMBERS, ids=lambda number: number[:12].decode())
def test_a_bad_number_is_refused_in_every_field(number):
    def hostile(row, field):
        text = json.dumps(row | {field: "HERE"}).encode()
        return text.replace(b'"HERE"', number)

    book = {"bestBid": 1.0, "bestAsk": 2.0, "timestamp": STAMP}
    tape = {"price": 1.0, "volume": 1, "timestamp": STAMP, "type": 0}
    market, answers = Market(CONTRACT), []
    for field in ("bestBid", "bestAsk"):
        answers.append(market.on("GatewayQuote", raw(CONTRACT, hostile(book, field)), 0))
    for field in ("price", "volume"):
        answers.append(market.on("GatewayTrade", raw(CONTRACT, hostile(tape, field)), 0))
    for field in ("price", "size", "id", "orderId"):
        answers.append(User(ACCOUNT, CONTRACT).on(TRADE, raw(hostile(TRADE_ROW, field))))
    for field in ("stopPrice", "limitPrice", "id"):
        answers.append(User(ACCOUNT, CONTRACT).on(ORDER, raw(hostile(ORDER_ROW, field))))
    assert all(isinstance(answer, Refusal) for answer in answers), answers
    assert {answer.reason for answer in answers} <= {Reason.DATA_BAD_VALUE, Reason.DATA_MALFORMED}


@pytest.mark.parametrize("refused", [
    {"bestBid": 0, "bestAsk": 2.0}, {"bestBid": 1.25, "bestAsk": -5}, {"bestBid": "1.25"},
    {"bestBid": 1.25, "timestamp": "noon"},
])  # fmt: skip
def test_after_a_refused_quote_no_side_is_believed_before_it_is_told_again(refused):
    """It told a change: the bid that was 1.0 is gone, whatever it is now."""
    market = Market(CONTRACT)
    quote(market, bestBid=1.0, bestAsk=2.0)
    assert isinstance(quote(market, **refused), Refusal)
    assert quote(market, bestAsk=2.25) == []
    assert quote(market, bestBid=1.5) == [Quote(AT, 1.5, 2.25, received=5)]


def test_a_quote_without_a_side_is_none_whatever_its_stamp():
    market = Market(CONTRACT)
    quote(market, bestBid=1.0, bestAsk=2.0)
    for stamp in (None, "noon", "0001-01-01T00:00:00+00:00"):
        assert quote(market, lastPrice=1.5, timestamp=stamp) == []
    assert quote(market, bestAsk=2.25) == [Quote(AT, 1.0, 2.25, received=5)]


BAD_STAMPS = [
    "", "noon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
    "2026-11-20T15:31:02." + "9" * 5000 + "x", "1969-12-31T23:59:59Z", 5, None,
]  # fmt: skip


@pytest.mark.parametrize("at", BAD_STAMPS)
def test_a_bad_stamp_is_refused(at):
    row = {"price": 1.0, "volume": 1, "timestamp": at, "type": 0}
    assert isinstance(Market(CONTRACT).on("GatewayTrade", raw(CONTRACT, row), 0), Refusal)
    assert isinstance(quote(Market(CONTRACT), bestBid=1.0, timestamp=at), Refusal)
    assert isinstance(user_says(TRADE, TRADE_ROW | {"creationTimestamp": at}), Refusal)


BAD_ARGUMENTS = [
    (), (CONTRACT,), (5, {}), (CONTRACT, {}, {}), (DEEP, DEEP), (CONTRACT, None),
    (CONTRACT, [None]), (None, None),
]  # fmt: skip


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS)
def test_bad_arguments_are_refused(arguments):
    for target in ("GatewayQuote", "GatewayTrade"):
        assert isinstance(Market(CONTRACT).on(target, raw(*arguments), 0), Refusal)
    for target in (ORDER, TRADE):
        assert isinstance(User(ACCOUNT, CONTRACT).on(target, raw(*arguments)), Refusal)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([*ORDER_ROW, *TRADE_ROW, "data", "bestBid"]), inner, max_size=4),
)  # fmt: skip


@given(JSON, st.sampled_from([*TRADE_ROW, *ORDER_ROW, "bestBid", "bestAsk", "timestamp"]))
def test_no_json_escapes(value, field):
    for row in (value, TRADE_ROW | {field: value}, ORDER_ROW | {field: value}):
        for target in ("GatewayQuote", "GatewayTrade"):
            assert isinstance(Market(CONTRACT).on(target, raw(CONTRACT, row), 0), list | Refusal)
        for target in (ORDER, TRADE):
            assert isinstance(user_says(target, row), list | Refusal)


ALIVE = {6: Status.PENDING, 1: Status.WORKING, 8: Status.SUSPENDED, 7: Status.WORKING,
         0: Status.PENDING, 99: Status.PENDING}  # fmt: skip


@pytest.mark.parametrize(("code", "status"), ALIVE.items())
def test_an_order_alive_is_accepted(code, status):
    assert user_says(ORDER, ORDER_ROW | {"status": code}) == [
        OrderAccepted(AT, "bot-7f31c2-SL", 3500000101, status, OrderType.STOP, -1, 2,
                      Decimal("6712.25"))
    ]  # fmt: skip


def test_an_order_that_ended_says_how():
    ends = {
        code: user_says(ORDER, ORDER_ROW | {"status": code, "side": 0}) for code in (2, 3, 4, 5)
    }
    tag, number = ORDER_ROW["customTag"], ORDER_ROW["id"]
    assert ends == {
        2: [],
        3: [OrderCancelled(AT, tag, number)],
        4: [OrderCancelled(AT, tag, number, Reason.ORD_EXPIRED)],
        5: [OrderRejected(AT, tag, Request.PLACE, 2, "")],
    }


def test_the_stream_omits_prices_and_tags():
    row = {key: ORDER_ROW[key] for key in ORDER_ROW
           if key not in ("limitPrice", "stopPrice", "customTag", "updateTimestamp")}  # fmt: skip
    (order,) = user_says(ORDER, row | {"type": 77})
    assert (order.tag, order.price, order.type) == ("", None, None)


def test_a_fill_knows_its_order_once_the_order_was_seen():
    user = User(ACCOUNT, CONTRACT)
    expected = {"at": AT, "trade_id": 3100000007, "venue_id": 3500000101, "side": 1, "size": 2,
                    "price": Decimal("6715.25"), "fees": Decimal("0.62")}  # fmt: skip
    assert user_says(TRADE, TRADE_ROW, user) == [Fill(tag="", **expected)]
    user_says(ORDER, ORDER_ROW, user)
    assert user_says(TRADE, TRADE_ROW, user) == [Fill(tag="bot-7f31c2-SL", **expected)]
    assert user.on(TRADE, raw(TRADE_ROW)) == [Fill(tag="bot-7f31c2-SL", **expected)]


@pytest.mark.parametrize(
    ("price", "fees", "commissions"), [(6715.25, 0.1, 0.2), (2650.1, 0.37, None)]
)
def test_money_keeps_its_digits(price, fees, commissions):
    row = TRADE_ROW | {"price": price, "fees": fees, "commissions": commissions}
    (fill,) = user_says(TRADE, row)
    assert fill.price == Decimal(str(price))
    assert fill.fees == Decimal(str(fees)) + Decimal(str(commissions or 0))


def test_a_voided_trade_is_no_fill():
    assert user_says(TRADE, TRADE_ROW | {"voided": True}) == []


def test_an_unknown_side_is_refused():
    assert isinstance(user_says(TRADE, TRADE_ROW | {"side": 2}), Refusal)
    assert isinstance(user_says(ORDER, ORDER_ROW | {"side": -1}), Refusal)


def test_the_oldest_tags_are_forgotten():
    tags = Tags()
    for number in range(Tags.limit + 5):
        tags.keep(number, str(number))
    assert len(tags) == Tags.limit
    assert 4 not in tags and tags[5] == "5"
