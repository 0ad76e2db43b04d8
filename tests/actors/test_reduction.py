"""A position whose stop costs more than the room left becomes as much smaller as it must be."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.account import at_stake, room
from actors.executor import Executor
from actors.pipeline import pump
from actors.recovery import Recovery
from actors.reduction import excess
from actors.risk import Risk
from core.messages import (
    LOGGED,
    Approved,
    ClosePosition,
    FeedState,
    Fill,
    Mark,
    ModifyOrder,
    OrderRejected,
    Pulse,
    Quote,
    Reduce,
    SessionOpened,
)
from core.reasons import Reason
from core.settings import BreakerSettings, SizingSettings
from core.terms import Purpose, Request
from research.venue import PaperVenue
from tests import build

D = Decimal
SECOND = build.SECOND
AT = build.AT // SECOND * SECOND - 5 * 3600 * SECOND
STOPS = replace(build.SETTINGS.stops, even_r=D(0), trail_r=D(0), tighten=())
NUMBERS = replace(
    build.SETTINGS, sizing=SizingSettings(), breakers=BreakerSettings(), stops=STOPS, edition=1,
    risk=replace(build.SETTINGS.risk, contracts=3, position_max=3, trade_risk_max=D(100),
                 day_loss_max=D(90), day_drawdown_max=D(74)),
)  # fmt: skip


@pytest.mark.parametrize(("size", "stake", "space", "closed"), [
    (3, "35.01", "35.01", 0), (3, "35.01", "35.00", 1), (3, "35.01", "23.34", 1),
    (3, "35.01", "23.33", 2), (3, "35.01", "11.67", 2), (3, "35.01", "11.66", 3),
    (3, "35.01", "0", 3), (1, "11.67", "11.66", 1),
])  # fmt: skip
def test_no_more_is_closed_than_must_be(size, stake, space, closed):
    assert excess(size, D(stake), D(space)) == closed


@given(st.integers(1, 50), st.decimals("0.01", 500, places=2), st.decimals(0, 500, places=2))
def test_what_is_left_fits_and_one_more_would_not(size, stake, space):
    close = excess(size, stake, min(space, stake))
    kept = size - close
    assert 0 <= kept <= size
    assert stake / size * kept <= space + D("1e-20")
    assert kept == size or stake / size * (kept + 1) > space - D("1e-20")


class Life:
    """Risk, executor and recovery before the exchange of the simulator."""

    def __init__(self, side, numbers=NUMBERS):
        self.side, self.heard, self.told, self.at = side, [], [], AT
        self.risk, self.executor = Risk(numbers), Executor(numbers)
        self.venue = PaperVenue(numbers, D(1000))
        self.stages = {
            "venue": self.venue, "risk": self.risk, "executor": self.executor,
            "recovery": Recovery(numbers),
        }  # fmt: skip
        self.hear(build.run_started(at=AT, settings=numbers, run="r"))
        self.hear(SessionOpened(AT, "2026-11-20"))
        self.price(0)
        self.hear(*(FeedState(AT, link, True, "", Reason.DATA_LINK_UP)
                    for link in ("user", "market")))  # fmt: skip
        self.hear(build.intent(
            at=self.at, id="r-i1", side=side, target_ticks=20, expires_at=self.at + 2 * SECOND,
            action="LONG_ENTRY" if side > 0 else "SHORT_ENTRY",
        ))  # fmt: skip
        assert any(isinstance(m, Approved) for m in self.heard), self.heard

    def hear(self, *messages):
        found = [m for _, m in pump(self.stages, messages)]
        self.heard += found
        self.told += [m for m in found if type(m) in LOGGED]
        return found

    def price(self, ticks):
        """The market so many ticks better for the position, a second later."""
        self.at += SECOND
        bid = 5000 + ticks * self.side * 0.25
        found = self.hear(Pulse(self.at), Quote(self.at, bid, bid + 0.25, 50, 50))
        if self.risk.memory.book.position.size:
            mark = D(str(bid if self.side > 0 else bid + 0.25))
            found += self.hear(Mark(self.at, mark))
        return found

    @property
    def held(self):
        return abs(self.risk.memory.book.position.size)


@pytest.mark.parametrize("side", [1, -1])
def test_a_peak_that_shrinks_the_room_closes_one_of_three(side):
    life = Life(side)
    assert life.held == 3
    assert not [m for m in life.price(11) if isinstance(m, Reduce)]
    told = life.price(12)
    (less,) = [m for m in told if isinstance(m, Reduce)]
    assert (less.size, less.reason) == (1, Reason.RISK_DRB_OVER)
    (close,) = [m for m in told if isinstance(m, ClosePosition)]
    assert close.size == 1 and life.held == 2
    account = life.risk.memory
    assert at_stake(account) <= room(account)
    legs = life.executor.memory.book.live(Purpose.STOP, Purpose.TARGET)
    assert [leg.left for leg in legs] == [2, 2]
    assert sorted(o.size - o.filled for o in life.venue.exchange.open_orders()) == [2, 2]
    again = [m for _ in range(5) for m in life.price(12)]
    assert not [m for m in again if isinstance(m, Reduce | ModifyOrder | ClosePosition)]


@pytest.mark.parametrize("side", [1, -1])
def test_the_rest_ends_flat_with_no_order_left(side):
    life = Life(side)
    life.price(12)
    life.price(-9)
    assert life.held == 0 and life.venue.exchange.position.size == 0
    assert life.venue.exchange.open_orders() == []
    assert sum(m.size for m in life.heard if isinstance(m, Fill)) == 6


def test_stops_that_are_tended_go_on_after_a_part():
    trail = replace(STOPS, even_r=D("1.5"))
    life = Life(1, replace(NUMBERS, stops=trail))
    life.price(12)
    assert life.held == 2
    moved = [m for m in life.price(13) if isinstance(m, ModifyOrder)]
    assert [m.stop_price is not None for m in moved] == [True]


def test_a_part_that_is_refused_is_followed_by_the_whole():
    life = Life(1)
    refused = []

    def refuse(at, size):
        refused.append(size)
        return type("No", (), {"code": 8, "text": "no", "events": (), "order_id": 0})()

    life.venue.exchange.partial_close = refuse
    for _ in range(5):
        life.price(12)
    assert refused == [1] and life.held == 0
    (no,) = [m for m in life.heard if isinstance(m, OrderRejected)]
    assert no.request is Request.CLOSE
    assert [m.size for m in life.heard if isinstance(m, Reduce)] == [1, 3]


def test_the_whole_follows_a_part_though_the_market_stands_still():
    life = Life(1)
    life.venue.exchange.partial_close = lambda at, size: type(
        "No", (), {"code": 8, "text": "no", "events": (), "order_id": 0}
    )()
    life.price(12)
    pulses = [Pulse(life.at + n * SECOND) for n in (1, 2)]
    assert [m.size for m in life.hear(*pulses) if isinstance(m, Reduce)] == [3]


def test_a_log_of_before_closed_the_whole():
    life = Life(1, replace(NUMBERS, edition=0))
    life.price(12)
    assert life.held == 0


def test_the_legs_of_the_next_position_are_the_venues_own_again():
    life = Life(1)
    life.price(12)
    assert life.executor.memory.parted
    life.price(-9)
    assert life.held == 0 and not life.executor.memory.parted
