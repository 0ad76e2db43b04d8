"""The live clock: no step of the wall's makes a duration longer, shorter or negative."""

import os
import random

from core.clock import SECOND, SteadyClock, elapsed, wall

START = 1_795_206_826 * SECOND
SEEDS = int(os.environ.get("SEEDS", "500"))


class World:
    """A machine whose wall's clock is set now and then."""

    def __init__(self):
        self.passed, self.set = 7 * SECOND, START - 7 * SECOND
        self.clock = SteadyClock(lambda: self.passed + self.set, lambda: self.passed)


def test_it_begins_with_the_walls_time_and_counts_on_alone():
    world = World()
    assert world.clock() == START
    world.set += 3600 * SECOND
    world.passed += 5
    assert world.clock() == START + 5
    assert world.clock.apart() == 3600 * SECOND


def test_500_seeds_of_steps_from_a_second_to_a_day_leave_every_duration_exact():
    for seed in range(SEEDS):
        chance, world = random.Random(seed), World()
        for _ in range(20):
            before, gone = world.clock(), chance.randrange(1, 600 * SECOND)
            world.set += chance.choice((1, -1)) * chance.randrange(SECOND, 86_400 * SECOND)
            world.passed += gone
            assert world.clock() - before == gone, seed


def test_a_small_difference_is_followed_slowly_and_never_backwards():
    world = World()
    for step in (SECOND, -SECOND):
        world.set += step
        for n in range(1000):
            before = world.clock()
            world.passed += SECOND
            assert abs(world.clock.apart()) == SECOND - n * SECOND // 1000
            world.clock.follow(SECOND // 1000)
            now = world.clock()
            assert now >= before
            assert abs(now - before - SECOND) <= SECOND // 1000
        assert world.clock.apart() == 0
    world.clock.follow(SECOND)
    assert world.clock.apart() == 0


def test_two_calls_in_one_instant_do_not_go_back():
    world = World()
    before = world.clock()
    world.set -= SECOND
    world.clock.follow(SECOND)
    assert world.clock() == before


def test_the_real_one_runs_with_the_walls():
    clock = SteadyClock()
    assert abs(clock() - wall()) < SECOND
    assert elapsed() <= elapsed()
