"""The tape's clock stands until the tape starts, runs at its speed, and waits for us at speed 0."""

import time

from core.clock import SECOND, TapeClock

START = 1_703_545_200 * SECOND


def test_it_stands_until_the_first_market_event_starts_it():
    clock = TapeClock(START, 60.0)
    assert clock() == clock() == START
    clock.see(START + 3 * SECOND)
    assert START + 3 * SECOND <= clock() < START + 600 * SECOND


def test_a_later_event_does_not_turn_a_running_clock():
    clock = TapeClock(START, 1.0)
    clock.origin = time.monotonic_ns()
    before = clock.origin
    clock.see(START + 500 * SECOND)
    assert clock.origin == before


def test_at_speed_0_it_shows_the_newest_event():
    clock = TapeClock(START, 0.0)
    for seconds in (5, 7, 6):
        clock.see(START + seconds * SECOND)
    assert clock() == START + 7 * SECOND
