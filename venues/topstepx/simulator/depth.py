"""What the market hub says of the order book: its best level, for a tape has no more.

A record is one level: `volume` rests there now, `currentVolume` is by how much that changed. A
level the market has left for a worse one is empty; one it has left behind is no longer known.
"""

from typing import Any

from core.messages import Quote, Trade
from venues.topstepx.protocol import stamp

ASK, BID, BEST_ASK, BEST_BID, TRADED, RESET, NEW_BID, NEW_ASK = 1, 2, 3, 4, 5, 6, 9, 10  # DomType
Level = tuple[float, int]  # price, contracts
NONE: Level = (0.0, 0)


class Depth:
    def __init__(self) -> None:
        self.at = 0
        self.bid = self.ask = NONE

    def quote(self, quote: Quote) -> list[dict[str, Any]]:
        """The levels that changed; none where the tape knows no sizes."""
        bid, ask = (quote.bid, quote.bid_size), (quote.ask, quote.ask_size)
        was_bid, was_ask = self.bid, self.ask
        self.at, self.bid, self.ask = quote.at, bid, ask
        if not (quote.bid_size and quote.ask_size):
            return []
        rows = changed(quote.at, was_bid, bid, BID, NEW_BID, bid[0] < was_bid[0])
        return rows + changed(quote.at, was_ask, ask, ASK, NEW_ASK, ask[0] > was_ask[0] > 0)

    def traded(self, trade: Trade) -> list[dict[str, Any]]:
        return [row(trade.at, TRADED, (trade.price, trade.size), trade.size)]

    def snapshot(self) -> list[dict[str, Any]]:
        """For a new subscriber: clear the book, then what is known."""
        best = ((BEST_BID, self.bid), (BEST_ASK, self.ask))
        known = [row(self.at, kind, level, level[1]) for kind, level in best if level[1]]
        return [row(self.at, RESET, NONE, 0), *known]


def changed(
    at: int, was: Level, now: Level, resting: int, best: int, retreated: bool
) -> list[dict[str, Any]]:
    """One side of the book."""
    if was == now:
        return []
    if was[0] == now[0]:
        return [row(at, resting, now, abs(now[1] - was[1]))]
    gone = [row(at, resting, (was[0], 0), was[1])] if retreated else []
    return [*gone, row(at, best, now, now[1])]


def row(at: int, kind: int, level: Level, change: int) -> dict[str, Any]:
    price, volume = level
    return {
        "timestamp": stamp(at), "type": kind, "price": price, "volume": volume,
        "currentVolume": change,
    }  # fmt: skip
