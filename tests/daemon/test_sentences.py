"""Records in words."""

from decimal import Decimal

import pytest

from daemon.sentences import sentence
from tests import build


@pytest.mark.parametrize("price", ["limit_price", "stop_price"])
def test_a_moved_order_says_where_to(price):
    order = build.modify_order(**{"limit_price": None, "stop_price": None, price: Decimal("4999")})
    assert sentence(order) == f"order {order.tag} to be moved to 4999"


def test_a_changed_size_says_how_many():
    order = build.modify_order(size=3, limit_price=None, stop_price=None)
    assert sentence(order) == f"order {order.tag} to be changed to 3 contracts"


def test_every_kind_has_a_sentence():
    assert all(sentence(message) for message in build.EVERY)
