"""How often may we call? At most `calls` in any window of `window_s`, some kept for the urgent.

Pure: the time enters as `now`, in monotonic seconds.
"""

from collections import deque


class Throttle:
    """Counts every call. Ordinary calls leave the reserved share free, urgent ones may use it."""

    def __init__(self, calls: int, window_s: float, reserve: float = 0.0) -> None:
        self._urgent = calls
        self._ordinary = max(1, calls - round(calls * reserve))
        self._window_s = window_s
        self._times: deque[float] = deque()

    def take(self, now: float, urgent: bool = False) -> float:
        """Count a call made now and answer 0.0, or answer the seconds to wait before asking again.

        A window is closed at both ends: calls exactly `window_s` apart share one.
        """
        times = self._times
        while times and now - times[0] > self._window_s:
            times.popleft()
        limit = self._urgent if urgent else self._ordinary
        if len(times) < limit:
            times.append(now)
            return 0.0
        # The wait ends just after the call in our way has left the window, so it is never zero.
        return max(times[len(times) - limit] + self._window_s - now, 0.0) + 0.001
