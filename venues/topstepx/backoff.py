"""How long to wait before the next try."""

from random import uniform
from time import monotonic

from core.config import Venue
from venues.topstepx.answers import LoginRefused, Refused


class Door:
    """The login. Who is refused knocks no more at each call, for that could lock the account for
    good, but after a wait, which doubles."""

    def __init__(self, venue: Venue) -> None:
        self._venue, self._tried, self._open_at = venue, 0, 0.0
        self._said = "", 0

    def knock(self) -> None:
        """Raises LoginRefused, as the last time, while that is not long enough ago."""
        if monotonic() < self._open_at:
            raise LoginRefused(*self._said)

    def refused(self, refused: Refused) -> LoginRefused:
        """Not `Refused` itself: an order that was never sent must not look refused."""
        self._tried += 1
        self._open_at = monotonic() + ceiling_s(self._venue, self._tried)
        self._said = str(refused), refused.code
        return LoginRefused(*self._said)

    def entered(self) -> None:
        self._tried, self._open_at = 0, 0.0

    def open(self) -> None:
        """For an exit: it knocks at once."""
        self._open_at = 0.0


def ceiling_s(venue: Venue, tried: int) -> float:
    """The longest wait after so many tries: doubled with each, up to a limit."""
    return min(venue.backoff_max_s, venue.backoff_s * 2.0 ** min(tried - 1, 30))


def jitter_s(venue: Venue, tried: int) -> float:
    """Full jitter: anything up to the ceiling."""
    return uniform(0, ceiling_s(venue, tried))
