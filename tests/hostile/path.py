"""The way of a market frame without its socket: text, records, link, feed, bars."""

import json

from actors.bars import Bars
from actors.feed import Feed
from core.messages import Bar, Dropped, FeedState, Gap, Pulse, Quote, Trade
from core.reasons import Reason
from tests.actors.market_events import SETTINGS, at
from tests.venues.topstepx.server import ACCOUNT, CONTRACT, settings
from venues.topstepx import signalr
from venues.topstepx.links import Links
from venues.topstepx.protocol import stamp
from venues.topstepx.translate import Market, User

HERE = '"HERE"'


class Path:
    """Feeds frames in; keeps clean events, bars, and the reason of every no."""

    def __init__(self):
        self.clean, self.bars, self.reasons = [], [], set()
        self.feed, self.bar_stage = Feed(SETTINGS), Bars(SETTINGS)
        self.now, self.market = 0, Market(CONTRACT)
        self.links = Links(
            settings(), None, self.market, User(ACCOUNT, CONTRACT), lambda: self.now, 30.0, bool
        )

    def frame(self, seconds, text):
        """As `hub` and `links` do, a lost link included."""
        self.now = at(seconds)
        try:
            for raw in signalr.Splitter().feed(text.encode("utf-8", "surrogatepass")):
                self.links._read_market(signalr.decode(raw), self.now, self.hear)
        except signalr.Malformed as error:
            assert str(error).isascii() and str(error).isprintable()
            self.hear(FeedState(self.now, "market", False, str(error), Reason.DATA_MALFORMED))
            self.market.restart()
            self.hear(FeedState(self.now, "market", True, "subscribed", Reason.DATA_LINK_UP))

    def hear(self, message):
        """From the gateway to feed and bars, as the daemon's routes have it."""
        raw = isinstance(message, Quote | Trade)
        for answer in [] if raw else [message]:
            self.tell(answer)
        for answer in self.feed.on(message):
            self.tell(answer)

    def tell(self, message):
        if isinstance(message, Quote | Trade):
            self.clean.append(message)
        if isinstance(message, Dropped | Gap | FeedState) and message.reason != "DATA_LINK_UP":
            self.reasons.add(message.reason)
            text = f"{getattr(message, 'example', '')}{getattr(message, 'why', '')}"
            assert text.isascii() and text.isprintable()
        if isinstance(message, Bars.takes):
            self.bars += [one for one in self.bar_stage.on(message) if isinstance(one, Bar)]

    def pulse(self, seconds):
        self.hear(Pulse(at(seconds)))
        self.tell(Pulse(at(seconds)))


def text(target, row, seconds, field=None, number=""):
    """A frame; `number` stands raw in the place of the field."""
    moment = stamp(at(seconds))
    row = row | {"timestamp": moment} | ({field: "HERE"} if field else {})
    body = {"type": 1, "target": target, "arguments": [CONTRACT, row]}
    return json.dumps(body).replace(HERE, number.replace("@", field or "")) + "\x1e"


def quote(seconds, bid=6715.25, **hostile):
    row = {"bestBid": bid, "bestAsk": bid + 0.25}
    return text("GatewayQuote", row, seconds, **hostile)


def trade(seconds, price=6715.25, **hostile):
    return text("GatewayTrade", {"price": price, "volume": 2, "type": 0}, seconds, **hostile)


def session(*hostile):
    """Good frames, the hostile ones in their midst, good frames until two bars are closed."""
    path = Path()
    for number in range(4):
        path.frame(0.1 + number / 20, quote(0.1 + number / 20, 6715.0 + number / 4))
        path.frame(0.11 + number / 20, trade(0.11 + number / 20, 6715.0 + number / 4))
    for frame in hostile:
        path.frame(0.5, frame)
    for number in range(4):
        path.frame(0.6 + number / 2, quote(0.6 + number / 2, 6715.25 + number / 4))
        path.frame(0.61 + number / 2, trade(0.61 + number / 2, 6715.25 + number / 4))
    path.pulse(2.9)
    path.pulse(3.5)
    return path
