"""Records in words."""

from decimal import Decimal

import pytest

from cli.wal import brief
from daemon.sentences import sentence
from tests import build


@pytest.mark.parametrize("price", ["limit_price", "stop_price"])
def test_a_moved_order_says_where_to(price):
    order = build.modify_order(**{"limit_price": None, "stop_price": None, price: Decimal("4999")})
    assert sentence(order) == f"order {order.tag} to be moved to 4999"


@pytest.mark.parametrize("price", [61_685.99, 10_000.25, 5000.25])
def test_a_bar_is_told_with_prices_to_the_tick(price):
    said = sentence(build.bar(close=price, bid=price, ask=price))
    assert f"closed at {price} " in said and said.endswith(f"quote {price} / {price}")
    assert brief(price) == str(price) and brief(1 / 3) == "0.333333"


def test_a_changed_size_says_how_many():
    order = build.modify_order(size=3, limit_price=None, stop_price=None)
    assert sentence(order) == f"order {order.tag} to be changed to 3 contracts"


def test_what_decides_and_what_is_traded_is_said_in_words_and_the_rest_by_its_fields():
    fields = {
        type(message).__name__ for message in build.EVERY
        if sentence(message).startswith(f"{type(message).__name__}: ")
    }  # fmt: skip
    assert fields == {
        "AccountSnapshot", "ActorFailed", "Agreed", "Alert", "CloseAccepted", "Command", "Dropped",
        "FeedState", "Flat", "Gap", "Halted", "Mark", "NotPlaced", "OrderReplaced", "Pulse",
        "QueryFailed", "Reconcile", "RunEnded", "RunStarted", "SegmentClosed", "SegmentOpened",
        "SessionClosed", "SessionOpened",
    }  # fmt: skip
    said = [sentence(message) for message in build.EVERY]
    assert len(set(said)) == len(said)
    halted = build.halted(why="too much", by="risk")
    assert sentence(halted) == "Halted: why too much, by risk"
