"""Bars of a tape's prints, as `History/retrieveBars` gives them: newest first, known ones only."""

from typing import Any

import numpy as np

from venues.topstepx.simulator.wire import rest_stamp

UNITS_S = {1: 1, 2: 60, 3: 3600, 4: 86_400, 5: 604_800}  # second, minute, hour, day, week
BARS_MAX = 20_000
TRADE = 0


class Prints:
    """The tape's trades as columns."""

    def __init__(self, columns: dict[str, np.ndarray], tick: float) -> None:
        mask = columns["kind"] == TRADE
        self.at, self.price, self.size = (columns[key][mask] for key in ("at", "price", "size"))
        self.tick = tick

    def bars(
        self, width_s: int, since: int, until: int, now: int, limit: int, partial: bool
    ) -> list[dict[str, Any]]:
        """Bars that begin in [since, until]; those not over at `now` only if `partial`."""
        width = width_s * 1_000_000_000
        first = np.searchsorted(self.at, -(-since // width) * width)
        last = np.searchsorted(self.at, min(now, (until // width + 1) * width - 1), "right")
        slots = self.at[first:last] // width
        if not partial:
            slots = slots[slots < now // width]
        if not len(slots):
            return []
        price = self.price[first : first + len(slots)]
        size = self.size[first : first + len(slots)]
        starts = np.flatnonzero(np.diff(slots, prepend=slots[0] - 1))
        ends = np.append(starts[1:], len(slots)) - 1
        table = zip(
            slots[starts].tolist(), price[starts].tolist(),
            np.maximum.reduceat(price, starts).tolist(),
            np.minimum.reduceat(price, starts).tolist(),
            price[ends].tolist(),
            np.add.reduceat(size, starts).tolist(), strict=True,
        )  # fmt: skip
        rows = [
            {"t": rest_stamp(slot * width), "o": self.at_price(o), "h": self.at_price(h),
             "l": self.at_price(low), "c": self.at_price(c), "v": v}
            for slot, o, h, low, c, v in table
        ]  # fmt: skip
        return rows[::-1][: min(limit, BARS_MAX)]

    def at_price(self, ticks: int) -> float:
        return round(ticks * self.tick, 9)
