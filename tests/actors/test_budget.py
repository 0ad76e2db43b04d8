"""The dynamic risk budget: the worked examples of quant.md 9.6, and what must always hold."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors import budget
from actors.account import Account, left
from actors.book import Book
from actors.order import Life, Order
from actors.position import Position
from core.terms import Purpose
from tests import build

D = Decimal
SETTINGS = build.SETTINGS
RISK, MES = SETTINGS.risk, SETTINGS.instrument
ENTRY = D(5000)


def order(tag="r-1", purpose=Purpose.ENTRY, side=1, size=1, price=None, **more):
    return Order(tag, purpose, side, size, 0, Life.ACKED, price=price, **more)


def account(equity=1000, high=1000, peak=1000, day=0, position=0, stop=None, entries=(), mark=None):
    side = 1 if position > 0 else -1
    orders = {o.tag: o for o in entries}
    if stop is not None:
        orders["s"] = order("s", Purpose.STOP, -side, abs(position), D(stop))
    book = Book(orders, list(orders), Position(position, ENTRY))
    return Account(
        book, SETTINGS, capital=D(1000), base=D(equity), day_start=D(equity) - D(day),
        peak=D(peak), high=D(high), mark=mark,
    )  # fmt: skip


def entry(tag="r-1", size=1):
    return order(tag, size=size, stop_ticks=8)


def test_an_eight_tick_stop_plans_to_lose_13_34():
    assert budget.planned(RISK, MES, 1, 8) == D("13.34")


@pytest.mark.parametrize(("case", "expected"), [
    (account(), "50"),  # example 1
    (account(entries=[entry()]), "36.66"),
    (account(entries=[entry(), entry("r-2")]), "23.32"),
    (account("977.50", 1000, 1000, "-22.50", 1, "4998.50"), "18.33"),  # example 2
    (account("977.50", 1000, 1000, "-22.50", 1, "4998.50", [entry()]), "4.99"),
    (account("977.50", 1000, 1000, "-22.50", -1, "5001.50"), "18.33"),  # its mirror image
    (account(1000, 1100, 1010, -10), "30.00"),  # example 3 without volatility: 40 * 0.75
    (account(position=1, stop="5001.00"), "50"),  # example 4: profit is locked
    (account(position=-1, stop="4999.00"), "50"),
])  # fmt: skip
def test_the_worked_examples(case, expected):
    assert left(case) == D(expected)


@pytest.mark.parametrize(("fall", "share"), [
    ("0", "1"), ("49.99", "1"), ("50", "0.75"), ("99.99", "0.75"), ("100", "0.5"),
    ("149.99", "0.5"), ("150", "0.25"), ("199.99", "0.25"), ("200", "0"),
])  # fmt: skip
def test_the_share_shrinks_with_the_drawdown(fall, share):
    assert budget.drawdown_share(D(1000) - D(fall), D(1000)) == D(share)


@pytest.mark.parametrize("side", [1, -1])
def test_a_position_without_a_sure_stop_counts_forty_ticks(side):
    naked = account(position=side)
    assert left(naked) == D(50) - (41 * D("1.25") + D("0.42"))
    unsure = account(position=side, stop=ENTRY - side * 2)
    unsure.book.orders["s"].life = Life.UNKNOWN
    assert left(unsure) == left(naked)
    short = account(position=2 * side, stop=ENTRY - side * 2)
    short.book.orders["s"].size = 1
    assert left(short) == D(50) - 2 * (41 * D("1.25") + D("0.42"))


@pytest.mark.parametrize("side", [1, -1])
def test_a_mark_worse_than_the_stop_replaces_it(side):
    stop, worse = ENTRY - side * 2, ENTRY - side * 3
    assert left(account(position=side, stop=stop, mark=worse)) == D(50) - D("16.67")
    assert left(account(position=side, stop=stop, mark=ENTRY)) == D(50) - D("11.67")


cents = st.integers(0, 40_000).map(lambda n: D(n) / 100)
sides = st.sampled_from((1, -1))


@given(cents, cents, cents, sides, st.integers(0, 3), st.integers(0, 60))
def test_a_loss_a_position_or_an_order_never_adds_room(loss, more, fell, side, orders, stop):
    """The same account with more lost, more held and more coming has no more left."""

    def at(lost, **extra):
        equity = D(1000) - lost
        return left(account(equity, 1000 + fell, 1000 + fell / 2, -lost, **extra))  # fmt: skip

    entries = [entry(f"r-{n}") for n in range(orders)]
    base = at(loss, entries=entries)
    assert at(loss + more, entries=entries) <= base
    assert at(loss, entries=[*entries, entry("x")]) <= base
    held = at(loss, entries=entries, position=side, stop=ENTRY - side * D(stop) / 4)
    assert held <= base
    assert at(loss, entries=entries[::-1]) == base


@given(cents)
def test_profit_of_the_day_makes_no_room(profit):
    assert left(account(1000 + profit, 1000 + profit, 1000 + profit, profit)) <= 50


@pytest.mark.parametrize(("side", "held", "expected"), [(1, 1, 2), (-1, 1, 0), (1, -2, 1)])
def test_the_worst_case_is_what_every_live_entry_would_make(side, held, expected):
    assert budget.worst_case(held, [entry()], side) == expected


@pytest.mark.parametrize(("rule", "limit"), [
    ({"day_loss_max": D(7)}, 7), ({"day_drawdown_max": D(7)}, 7), ({"balance_min": D(993)}, 7),
    ({"account_drawdown_max": D(7)}, 7), ({"kill_loss_max": D(7)}, 7),
    ({"balance_min": D(1001)}, 0),
])  # fmt: skip
def test_room_is_the_nearest_limit_and_never_negative(rule, limit):
    room = budget.room(replace(RISK, **rule), D(1000), D(0), D(1000), D(1000), D(1000))
    assert room == limit
