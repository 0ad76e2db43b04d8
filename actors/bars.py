"""Bars: one a second, from the first trade of a segment on, the same live and from a tape.

A second [end - 1 s, end) closes with the first market event at or after its end, or with a pulse
`late_s` past it. Quiet seconds are filled with the last close, `gap_max_s` of them at most: then
the grid ends, as it does at the close of the exchange, and the next trade starts a new segment. So
the bars do not depend on whether pulses came. Seconds in which something may have been missed
(lost link, restart) are BAR_PARTIAL. A trade for a closed second is dropped and told at a pulse.
"""

from core.clock import SECOND
from core.messages import Bar, Dropped, FeedState, Gap, Message, Pulse, Quote, RunStarted, Trade
from core.reasons import Reason
from core.sessions import ALWAYS, NEVER, session
from core.settings import Settings


class Bars:
    takes = (Quote, Trade, Pulse, Gap, FeedState, RunStarted)

    def __init__(self, settings: Settings, last: Bar | None = None) -> None:
        self.gap_max = settings.bars.gap_max_s * SECOND
        self.late = int(settings.bars.late_s * SECOND)
        self.kind = settings.session.kind
        self.end = NEVER  # of the forming second; NEVER while no grid runs
        self.stop = NEVER  # the grid ends here: the close of the exchange
        self.segment = 0
        self.closed = 0  # the end of the last bar: what is older begins no grid
        self.bid = self.ask = 0.0
        self.price = 0.0  # of the last trade
        self.direction = 0  # of its last change
        self.blind = False  # something may have been missed, from the last event until the next
        self.blind_at = 0  # and then at the latest: an event that comes late is no new sight
        self.seen_from = 0  # seconds that start before this may be incomplete
        self.quiet = 0  # filled seconds in a row
        self.dropped, self.example = 0, ""
        self.begin(0.0)
        if last is not None:
            self.carry_on(last)

    def carry_on(self, last: Bar) -> None:
        """Take up the grid after the last bar of the log, unless it ended there."""
        self.stop, self.segment = close_after(last.at - SECOND, self.kind), last.segment
        self.closed = last.at
        self.end = last.at + SECOND if last.at < self.stop else NEVER
        self.bid, self.ask, self.price, self.blind = last.bid, last.ask, last.close, True
        self.begin(last.close)

    def begin(self, price: float) -> None:
        """An empty second."""
        self.open = self.high = self.low = price
        self.volume = self.buy = self.sell = self.trades = 0

    def on(self, message: Message) -> list[Message]:
        kind = type(message)
        if kind is Quote:
            bars = self.arrive(message.at) if self.blind or message.at >= self.end else []
            self.bid, self.ask = message.bid, message.ask  # type: ignore[attr-defined]
            return bars
        if kind is Trade:
            bars = self.arrive(message.at) if self.blind or message.at >= self.end else []
            self.trade(message)  # type: ignore[arg-type]
            return bars
        if kind is Pulse:
            return self.tell(message.at) + self.close_until(message.at - self.late)
        if isinstance(message, FeedState) and (message.link != "market" or message.up):
            return []
        if self.blind or message.at > self.seen_from:  # else old news: we see again
            self.blind, self.blind_at = True, max(self.blind_at, message.at)
        return []

    def arrive(self, at: int) -> list[Message]:
        """A market event: what ended before it closes, and we see again from here on."""
        if self.blind:
            self.seen_from = max(at, self.blind_at)
        bars = self.close_until(at)
        self.blind = False
        return bars

    def close_until(self, at: int) -> list[Message]:
        if self.end > at:
            return []
        if self.blind and at - self.end > self.gap_max:
            self.end = NEVER
        bars: list[Message] = []
        while self.end <= at:
            bars.append(self.close())
        return bars

    def close(self) -> Bar:
        """The forming second as a bar; the next one begins, or the grid ends."""
        end, filled = self.end, self.trades == 0
        partial = self.blind or end - SECOND < self.seen_from
        bar = Bar(
            end, self.open, self.high, self.low, self.price, self.volume, self.buy, self.sell,
            self.trades, self.bid, self.ask, filled, self.segment,
            Reason.BAR_PARTIAL if partial else Reason.BAR_CLOSED,
        )  # fmt: skip
        self.quiet = self.quiet + 1 if filled else 0
        over = self.quiet * SECOND >= self.gap_max or end >= self.stop
        self.end, self.closed = NEVER if over else end + SECOND, end
        self.begin(self.price)
        return bar

    def trade(self, trade: Trade) -> None:
        price, size = trade.price, trade.size
        if self.end == NEVER and trade.at >= self.closed:
            self.start(trade)
        elif trade.at < self.end - SECOND:
            self.dropped += 1
            self.example = self.example or f"trade {price:g} x {size} at {trade.at}"
            return
        if not self.trades:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        side = trade.side or self.aggressor(price)
        if price != self.price:
            self.direction, self.price = (1 if price > self.price else -1), price
        self.trades += 1
        self.volume += size
        if side > 0:
            self.buy += size
        elif side < 0:
            self.sell += size

    def start(self, trade: Trade) -> None:
        """A new segment, whose first second is the one of this trade."""
        self.end = trade.at // SECOND * SECOND + SECOND
        self.stop = close_after(trade.at, self.kind)
        self.segment, self.quiet = self.segment + 1, 0
        self.price, self.direction = trade.price, 0
        self.begin(trade.price)

    def aggressor(self, price: float) -> int:
        """Lee and Ready 1991: above the middle of the quote a buy, below a sell; at it, or without
        one, as the last change of the price; 0 when nothing tells."""
        if self.bid and self.ask:
            middle = (self.bid + self.ask) / 2
            if price != middle:
                return 1 if price > middle else -1
        if price != self.price:
            return 1 if price > self.price else -1
        return self.direction

    def tell(self, at: int) -> list[Message]:
        if not self.dropped:
            return []
        told = Dropped(at, self.dropped, self.example, Reason.DATA_SEQUENCE)
        self.dropped, self.example = 0, ""
        return [told]


def close_after(at: int, kind: str) -> int:
    """When the exchange closes next; NEVER if the calendar says it is closed, or never does."""
    found = session(at, "globex") if kind != ALWAYS else None
    return found.close_ns if found else NEVER
