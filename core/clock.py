"""What time it is: the wall's as of the start, or in sim the tape's, scaled. Only the edge asks."""

import time
from collections.abc import Callable

Clock = Callable[[], int]  # UTC ns

SECOND = 1_000_000_000


def wall() -> int:
    return time.time_ns()


def monotonic() -> int:
    return time.monotonic_ns()


def elapsed() -> int:
    """Since some fixed moment, whoever sets the wall's clock; sleep of the machine counts."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """The wall's time as it was at the start, and what went by since: it cannot be set.

    So every duration is one, however the wall's clock is stepped. `apart` says by how much the
    two differ; small differences are followed, so slowly that no duration is hurt."""

    def __init__(self, wall: Clock = wall, elapsed: Clock = elapsed) -> None:
        self._wall, self._elapsed = wall, elapsed
        self._ahead = wall() - elapsed()
        self._newest = 0

    def __call__(self) -> int:
        self._newest = max(self._newest, self._elapsed() + self._ahead)
        return self._newest

    def apart(self) -> int:
        """Nanoseconds that the wall's clock is ahead of this one."""
        return self._wall() - self._elapsed() - self._ahead

    def follow(self, most: int) -> None:
        """Go toward the wall's clock, by so many nanoseconds at most."""
        self._ahead += max(-most, min(most, self.apart()))


class TapeClock:
    """The time of a replayed tape: it stands until the tape starts, then runs at its speed.

    At speed 0 the tape waits for us: its time is that of the newest event, and runs on by itself,
    `IDLE_SPEED` times as fast as the wall, only when none has come for `IDLE_NS`.
    """

    IDLE_SPEED = 1000
    IDLE_NS = SECOND // 20

    def __init__(self, start: int, speed: float) -> None:
        self.start, self.speed = start, speed
        self.origin: int | None = None  # monotonic ns at `start`
        self._newest = self._passed = 0

    def __call__(self) -> int:
        if self.origin is None:
            return self.start
        elapsed = time.monotonic_ns() - self.origin
        if self.speed:
            return self.start + int(elapsed * self.speed)
        now = self._newest + max(0, elapsed - self.IDLE_NS) * self.IDLE_SPEED
        self._passed = max(self._passed, now)
        return self._passed

    def see(self, at: int) -> None:
        """A market event came. At speed 0 it sets the clock; else the first one starts it."""
        if self.speed and self.origin is None:
            self.origin = time.monotonic_ns() - int((at - self.start) / self.speed)
        if not self.speed and at > self._newest:
            self._newest, self.origin = at, time.monotonic_ns()

    @property
    def reaction(self) -> float:
        """How many seconds of the tape a wall second of ours is worth."""
        return self.speed or self.IDLE_SPEED
