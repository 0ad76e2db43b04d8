"""A tape is traded as the month that was liquid on its first day."""

import pytest

from core.contracts import rolls_at
from core.instruments import INSTRUMENTS
from venues.topstepx.protocol import nanoseconds
from venues.topstepx.simulator.contract import front


@pytest.mark.parametrize(
    ("symbol", "day", "name", "number"),
    [
        ("MES", "2023-12-25", "MESH4", "CON.F.US.MES.H24"),
        ("MES", "2023-12-10", "MESZ3", "CON.F.US.MES.Z23"),
        ("MES", "2023-12-11", "MESH4", "CON.F.US.MES.H24"),  # the Monday before expiry
        ("MES", "2026-11-20", "MESZ6", "CON.F.US.MES.Z26"),
        ("MGC", "2013-10-07", "MGCZ3", "CON.F.US.MGC.Z13"),
        ("MGC", "2013-12-02", "MGCG4", "CON.F.US.MGC.G14"),
    ],
)
def test_the_front_month_is_named(symbol, day, name, number):
    contract = front(INSTRUMENTS[symbol], nanoseconds(f"{day}T12:00:00Z"))
    assert (contract.name, contract.id) == (name, number)


@pytest.mark.parametrize("day", ["2016-10-07", "2024-08-08", "2026-11-20"])
def test_a_coin_has_no_month_and_never_rolls(day):
    contract = front(INSTRUMENTS["BTC"], nanoseconds(f"{day}T12:00:00Z"))
    assert (contract.name, contract.id) == ("BTC", "CON.COIN.BTC")
    assert not rolls_at(contract.id, 4)
