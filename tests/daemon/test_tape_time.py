"""The clock of a run in sim: where the simulator says that its tape is."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from core.clock import SECOND, TapeClock
from core.messages import FeedState
from core.reasons import Reason
from daemon import tape_time

START = 1_703_545_200 * SECOND
NOW = START + 600 * SECOND  # the tape has run for so long, of the wall or of its own
SIM = SimpleNamespace(run=SimpleNamespace(mode="sim"))
UP = FeedState(NOW, "market", True, "subscribed", Reason.DATA_LINK_UP)


@pytest.fixture
def simulator(monkeypatch):
    """One that began a minute ago: `simulator(speed)`."""

    def begin(speed, ended=False):
        mono = time.monotonic_ns() - 60 * SECOND
        told = {"start": START, "now": NOW, "speed": speed, "mono": mono, "ended": ended}

        async def tell(config):
            return told

        monkeypatch.setattr(tape_time, "tape_time", tell)

    return begin


@pytest.mark.parametrize("speed", [0.0, 10.0])
def test_a_daemon_that_comes_late_has_the_time_of_the_tape(simulator, speed):
    simulator(speed)
    assert NOW <= asyncio.run(tape_time.clock_of(SIM))() < NOW + 60 * SECOND


@pytest.mark.parametrize("speed", [0.0, 10.0])
def test_a_link_that_comes_up_again_does_not_move_the_tape(simulator, speed):
    simulator(speed)

    async def again():
        clock = TapeClock(START, speed)
        clock.see(NOW)
        tape_time.follow_tape(SIM, clock)("gateway", UP, 1)
        await asyncio.sleep(0.01)
        return clock()  # the receipt of the next event

    assert NOW <= asyncio.run(again()) < NOW + 60 * SECOND


def test_after_the_end_of_the_tape_its_time_runs_on(simulator):
    """Else nothing would be proven flat: two looks at the venue must be some time apart."""
    simulator(0.0, ended=True)
    clock = asyncio.run(tape_time.clock_of(SIM))
    time.sleep(0.1)
    assert clock() > NOW + SECOND
