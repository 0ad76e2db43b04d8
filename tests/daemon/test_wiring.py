"""A log goes on with the next contract when nothing is left in the last one."""

from decimal import Decimal

import pytest

from actors.market import Market
from core.errors import ConfigError
from core.messages import Bar
from daemon import wiring
from tests import build

NEXT = "CON.F.US.MES.H27"


def stages(*messages):
    found = wiring.thinking(build.SETTINGS, None)
    for message in (build.run_started(), build.account_snapshot(position=0), *messages):
        found["risk"].on(message)
    return found


def test_a_roll_keeps_what_risk_remembers():
    found = stages(build.fill(fees=Decimal(0)), build.fill(trade_id=2, side=-1, tag=""))
    assert not wiring.rolled(found, "CON.F.US.MES.Z26")
    assert wiring.rolled(found, NEXT)
    assert not wiring.rolled(wiring.thinking(build.SETTINGS, None), NEXT), "a fresh log"
    made = found["risk"].memory.book.realised
    found["risk"].on(build.run_started(contract_id=NEXT))
    assert found["risk"].memory.contract == NEXT
    assert found["risk"].memory.book.realised == made != 0


@pytest.mark.parametrize("left", [build.fill(), build.place_order()])
def test_what_is_left_in_the_old_contract_refuses_the_start(left):
    with pytest.raises(ConfigError, match="flatten, then roll"):
        wiring.rolled(stages(left), NEXT)


def test_the_bars_of_the_next_contract_are_a_segment_of_their_own():
    """The last bar as if of long ago: even a second later its grid does not go on."""
    last = build.bar(at=0, segment=7)
    market = Market(build.SETTINGS, last)
    at = build.AT
    market.on(build.quote(at=at, received=at))
    market.on(build.trade(at=at + 1, received=at + 1))
    found = market.on(build.trade(at=at + build.SECOND, received=at + build.SECOND))
    bars = [message for message in found if isinstance(message, Bar)]
    assert [bar.segment for bar in bars] == [8]
