"""The simulated exchange's time: stands at the tape's first stamp until started, then runs."""

import time


class TapeClock:
    """`start + (monotonic - mono) * speed`; at speed 0 the stamp of the last event sent."""

    def __init__(self, start: int, end: int, speed: float) -> None:
        self.start, self.end, self.speed = start, end, speed
        self.mono: int | None = None
        self.ended = False
        self.last = start

    def begin(self) -> None:
        self.mono = time.monotonic_ns()

    def now(self) -> int:
        if self.mono is None or not self.speed:
            return self.last
        return self.start + int((time.monotonic_ns() - self.mono) * self.speed)

    def wait_s(self, at: int) -> float:
        """Wall seconds until the clock shows `at`."""
        return (at - self.now()) / self.speed / 1e9 if self.speed else 0.0

    def row(self) -> dict[str, object]:
        return {
            "started": self.mono is not None, "ended": self.ended, "now": self.now(),
            "start": self.start, "end": self.end, "speed": self.speed, "mono": self.mono,
        }  # fmt: skip
