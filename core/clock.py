"""What time it is: the wall's, or in sim the tape's, scaled. Only the edge may ask."""

import time
from collections.abc import Callable

Clock = Callable[[], int]  # UTC ns

SECOND = 1_000_000_000


def wall() -> int:
    return time.time_ns()


def monotonic() -> int:
    return time.monotonic_ns()


def scaled(start: int, origin: int | None, speed: float) -> Clock:
    """The tape's time: `start` at monotonic `origin`, then `speed` times as fast; None: stands."""

    def now() -> int:
        return start if origin is None else start + int((time.monotonic_ns() - origin) * speed)

    return now
