"""The market's way in: sanitizer and bars as one actor, for ticks are too many to queue twice.

Both are stages of their own; what the first lets through goes straight to the second. Ticks are
not logged, so this actor is not replayed: bars, marks and gaps are what the log begins with.
"""

from actors.bars import Bars
from actors.feed import Feed
from core.messages import Bar, Message, Quote, Trade
from core.settings import Settings


class Market:
    def __init__(self, settings: Settings, last: Bar | None = None) -> None:
        self.feed, self.bars = Feed(settings), Bars(settings, last)
        both: tuple[type[Message], ...] = (*self.feed.takes, *self.bars.takes)
        self.takes = tuple(dict.fromkeys(both))
        self._feeds, self._bars = frozenset(self.feed.takes), frozenset(self.bars.takes)

    def on(self, message: Message) -> list[Message]:
        kind = type(message)
        cleaned = self.feed.on(message) if kind in self._feeds else []
        if len(cleaned) == 1 and cleaned[0] is message:  # a clean tick: nearly every message
            return self.bars.on(message)
        if kind is Quote and not cleaned and message.at >= self.feed.quote_at:
            self.bars.bid = self.bars.ask = 0.0  # the market has left the one we know
        answers: list[Message] = []
        for clean in cleaned:
            if type(clean) is not Quote and type(clean) is not Trade:
                answers.append(clean)
            if type(clean) in self._bars:
                answers += self.bars.on(clean)
        if kind in self._bars and kind is not Quote and kind is not Trade:
            answers += self.bars.on(message)
        return answers
