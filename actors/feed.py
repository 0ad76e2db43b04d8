"""Feed: lets through only market events that can be believed (quant.md 1.5), and says what it
thinks of the rest, once a pulse and reason.

Raw events come in by `on`; those answered are clean. While a position is open each new price at
which it could be closed is told as a `Mark`, right after its quote. The feed also tells when the
session opens and closes, when the market falls silent within it, and since when it may have missed
something after that or after a lost link.
"""

from collections.abc import Callable

from actors.skew import Stamps
from core.clock import SECOND
from core.messages import (
    AccountSnapshot,
    Dropped,
    FeedState,
    Fill,
    Gap,
    Mark,
    Message,
    Pulse,
    Quote,
    SessionClosed,
    SessionOpened,
    Trade,
)
from core.reasons import Reason
from core.sessions import Session, state
from core.settings import Settings

HALF = 0.5  # tick: the least price that is one
PRICE_MAX = 1e9  # ticks, far above any; it keeps infinity out
CONFIRM = 2  # further events that agree with a jump before it is believed


class Feed:
    takes = (Quote, Trade, Fill, Pulse, FeedState, AccountSnapshot)

    def __init__(self, settings: Settings) -> None:
        feed = settings.feed
        self.instrument, self.kind = settings.instrument, settings.session.kind
        self.per_tick = 1.0 / float(self.instrument.tick)
        self.spread_max = feed.spread_max_ticks + 0.5  # ticks; half a one for rounding
        self.jump_max = float(feed.jump_max_ticks)
        self.late = int(feed.latency_max_s * SECOND)
        self.early = int(feed.skew_max_s * SECOND)
        self.silence = int(feed.stale_s * SECOND)
        self.stamps = Stamps(feed)
        self.quote_at = self.trade_at = 0  # the last clean stamps
        self.price, self.price_at = 0.0, 0  # the last clean price, ticks, of either stream
        self.jump, self.agreed = 0.0, 0  # where an unbelieved price jumped to, and who agreed
        self.down, self.link_at = False, 0  # is the link lost; when it last came up
        self.retold = False  # the first quote of a link may be of long ago: it tells no skew
        self.silent = 0  # in a silence of the market: its last event
        self.position, self.seen, self.mark = 0, set[int](), 0.0
        self.filled_at = 0  # the newest fill
        self.session: Session | None
        self.session, self.session_until = state(0, self.kind)
        self.refused: dict[Reason, tuple[int, str]] = {}  # since the last pulse: count, first one
        self.missed = -1  # the newest second in which a trade was refused
        self.others: dict[type[Message], Callable[..., list[Message]]] = {
            Pulse: self.pulse,
            Fill: self.fill,
            AccountSnapshot: self.snapshot,
            FeedState: self.link,
        }

    def on(self, message: Message) -> list[Message]:
        kind = type(message)
        if kind is Quote:
            return self.quote(message)  # type: ignore[arg-type]
        if kind is Trade:
            return self.trade(message)  # type: ignore[arg-type]
        rule = self.others.get(kind)
        return rule(message) if rule else []

    def quote(self, quote: Quote) -> list[Message]:
        at, bid, ask = quote.at, quote.bid * self.per_tick, quote.ask * self.per_tick
        if not HALF < bid < ask < PRICE_MAX:
            sound = HALF < ask < PRICE_MAX and HALF < bid < PRICE_MAX
            return self.refuse(quote, Reason.DATA_CROSSED if sound else Reason.DATA_BAD_VALUE)
        if not (bid.is_integer() and ask.is_integer()) and (off_grid(bid) or off_grid(ask)):
            return self.refuse(quote, Reason.DATA_BAD_VALUE)
        if quote.bid_size < 0 or quote.ask_size < 0:
            return self.refuse(quote, Reason.DATA_BAD_VALUE)
        if at < self.quote_at:
            return self.refuse(quote, Reason.DATA_SEQUENCE)
        lag = quote.received - at
        if self.retold:
            self.retold = False
        elif quote.received:
            if lag < self.stamps.least:
                self.stamps.least = lag
            if lag > self.stamps.most:
                self.stamps.most = lag
        if (lag > self.late or lag < -self.early) and quote.received:
            return self.refuse(quote, Reason.DATA_STALE if lag > 0 else Reason.RISK_CLOCK_SKEW)
        middle = (bid + ask) / 2
        far = abs(middle - self.price) > self.jump_max
        if ask - bid > self.spread_max or (far and self.jumps(at, middle)):
            return self.refuse(quote, Reason.DATA_OUTLIER)
        self.quote_at = self.price_at = at
        self.price, self.jump = middle, 0.0
        answers: list[Message] = [quote]
        if self.position and (price := quote.bid if self.position > 0 else quote.ask) != self.mark:
            self.mark = price
            answers.append(Mark(at, self.instrument.price(self.instrument.ticks(price))))
        return answers if at < self.session_until and not self.silent else self.news(at) + answers

    def trade(self, trade: Trade) -> list[Message]:
        at, price = trade.at, trade.price * self.per_tick
        if not (HALF < price < PRICE_MAX and trade.size > 0) or off_grid(price):
            return self.refuse(trade, Reason.DATA_BAD_VALUE)
        if at < self.trade_at:
            return self.refuse(trade, Reason.DATA_SEQUENCE)
        lag = trade.received - at
        if (lag > self.late or lag < -self.early) and trade.received:
            return self.refuse(trade, Reason.DATA_STALE if lag > 0 else Reason.RISK_CLOCK_SKEW)
        if abs(price - self.price) > self.jump_max and self.jumps(at, price):
            return self.refuse(trade, Reason.DATA_OUTLIER)
        self.trade_at = self.price_at = at
        self.price, self.jump = price, 0.0
        return [trade] if at < self.session_until and not self.silent else [*self.news(at), trade]

    def jumps(self, at: int, price: float) -> bool:
        """Is a price over `jump_max_ticks` from the last clean one not to be believed yet?

        It is when so many ticks for each second since then explain it, or CONFIRM others agree."""
        reach = self.jump_max * max((at - self.price_at) / SECOND, 1.0)
        if not self.price_at or (not self.jump and abs(price - self.price) <= reach):
            return False
        if abs(price - self.jump) > self.jump_max:
            self.jump, self.agreed = price, 0
            return True
        self.agreed += 1
        return self.agreed < CONFIRM

    def refuse(self, event: Quote | Trade, reason: Reason) -> list[Message]:
        """Count it. A trade is one the bars have missed: they are told once of each second.

        Not so one whose second is over: its bar has been told."""
        count, example = self.refused.get(reason, (0, ""))
        self.refused[reason] = (count + 1, example or str(event))
        if type(event) is not Trade:
            return []
        disordered = reason is Reason.DATA_SEQUENCE
        second = (event.at if disordered else event.received or event.at) // SECOND
        over = disordered and second < max(self.quote_at, self.trade_at) // SECOND
        if over or second == self.missed:
            return []
        self.missed = second
        return [Gap(max(event.received, event.at), event.at, reason)]

    def pulse(self, pulse: Pulse) -> list[Message]:
        at, answers = pulse.at, [*self.turn(pulse.at), *self.stamps.weigh(pulse.at)]
        if self.session and not self.down and not self.silent:
            heard = max(self.quote_at, self.trade_at, self.link_at, self.session.open_ns)
            if self.price_at and at - heard > self.silence:
                self.silent = heard
                why = f"no market event for {(at - heard) / SECOND:g} s"
                answers.append(FeedState(at, "market", False, why, Reason.DATA_STALE))
        for reason, (count, example) in self.refused.items():
            answers.append(Dropped(at, count, example, reason))
        self.refused.clear()
        return answers

    def news(self, at: int) -> list[Message]:
        """The market speaks again after a silence, or in another session."""
        if not self.silent:
            return self.turn(at)
        up = FeedState(at, "market", True, "market events again", Reason.DATA_LINK_UP)
        gap, self.silent = Gap(at, self.silent), 0
        return [up, gap, *self.turn(at)]

    def turn(self, at: int) -> list[Message]:
        """Has a session begun or ended?"""
        if at < self.session_until:
            return []
        was, (self.session, self.session_until) = self.session, state(at, self.kind)
        answers: list[Message] = []
        if was and was != self.session:
            answers.append(SessionClosed(at, was.trade_date))
        if self.session and was != self.session:
            answers.append(SessionOpened(at, self.session.trade_date))
        return answers

    def fill(self, fill: Fill) -> list[Message]:
        if fill.trade_id not in self.seen:
            self.seen.add(fill.trade_id)
            self.filled_at = max(self.filled_at, fill.at)
            self.position += fill.side * fill.size
            self.mark = 0.0
        return []

    def snapshot(self, snapshot: AccountSnapshot) -> list[Message]:
        """The venue's word on the position replaces our sum, if it may hold all our fills."""
        if snapshot.at < self.filled_at:
            return []
        if snapshot.position != self.position:
            self.position, self.mark = snapshot.position, 0.0
        self.seen = {fill.trade_id for fill in snapshot.fills}
        return []

    def link(self, link: FeedState) -> list[Message]:
        """After a lost link something may be missing since the last event."""
        if link.link != "market" or link.reason is Reason.DATA_STALE:
            return []  # a stale market is our own word
        was, self.down, self.retold = self.down, not link.up, link.up
        if not (was and link.up):
            return []
        self.silent, self.link_at = 0, link.at
        return [Gap(link.at, self.price_at)] if self.price_at else []


def off_grid(ticks: float) -> bool:
    return abs(ticks - round(ticks)) > 1e-6
