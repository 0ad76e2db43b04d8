"""The limiter never lets more through than the limit, in whatever window one looks."""

from hypothesis import given
from hypothesis import strategies as st

from venues.throttle import Throttle

STEPS = st.lists(st.tuples(st.floats(0, 4), st.booleans()), max_size=200)


def run(throttle, steps):
    """The times at which calls were let through, with their urgency."""
    now, passed = 1_000_000.0, []
    for step, urgent in steps:
        now += step
        if not throttle.take(now, urgent):
            passed.append((now, urgent))
    return passed


@given(st.integers(1, 12), st.floats(0, 1), st.floats(0.5, 20), STEPS)
def test_no_window_holds_more_than_the_limit(calls, reserve, window_s, steps):
    passed = run(Throttle(calls, window_s, reserve), steps)
    for number, (start, _) in enumerate(passed):
        within = [at for at, _ in passed[number:] if at - start <= window_s]
        assert len(within) <= calls


@given(st.integers(4, 12), st.floats(0.5, 20), STEPS)
def test_ordinary_calls_leave_the_reserve_free(calls, window_s, steps):
    passed = run(Throttle(calls, window_s, 0.25), steps)
    ordinary = calls - round(calls * 0.25)
    for number, (at, urgent) in enumerate(passed):
        before = [one for one, _ in passed[: number + 1] if at - one <= window_s]
        assert urgent or len(before) <= ordinary


@given(st.integers(1, 5), st.floats(0, 1), st.floats(0.5, 20), STEPS, st.booleans())
def test_the_wait_it_tells_is_long_enough_and_not_too_long(calls, reserve, window, steps, urgent):
    throttle = Throttle(calls, window, reserve)
    run(throttle, steps)
    now = 1_000_000.0 + sum(step for step, _ in steps)
    wait_s = throttle.take(now, urgent)
    assert 0 <= wait_s <= window + 0.01
    if wait_s:
        assert throttle.take(now + wait_s, urgent) == 0.0


def test_a_cancel_passes_while_entries_are_saturated():
    throttle = Throttle(200, 60.0, 0.25)
    entries = [throttle.take(0.0) for _ in range(300)]
    assert entries.count(0.0) == 150
    assert [throttle.take(0.5, urgent=True) for _ in range(50)] == [0.0] * 50
    assert throttle.take(0.5, urgent=True) > 59


def test_calls_one_window_apart_share_it():
    throttle = Throttle(1, 60.0)
    assert throttle.take(0.0) == 0.0
    assert throttle.take(60.0) > 0
    assert throttle.take(60.002) == 0.0
