"""The same hostile frames over a real socket: good frames around them arrive, the others do not."""

from msgspec.structs import replace

from actors.feed import Feed
from core.messages import Dropped, Gap, Quote, Trade
from core.reasons import Reason
from tests.actors.market_events import SETTINGS
from tests.hostile.path import quote, trade
from tests.hostile.vectors import PRICES, SIZES
from tests.venues.topstepx.server import Gateway, running, trading
from venues.topstepx import signalr

HOSTILE = [
    (make, field, number)
    for make, field, numbers in (
        (quote, "bestBid", PRICES),
        (quote, "bestAsk", PRICES),
        (trade, "price", PRICES),
        (trade, "volume", SIZES),
    )
    for number in numbers[::3]
]


def raised(frame):
    """Does the frame end its connection?"""
    try:
        for raw in signalr.Splitter().feed(frame.encode("utf-8", "surrogatepass")):
            signalr.decode(raw)
    except signalr.Malformed:
        return True
    return False


def says(frames):
    async def script(socket):
        for frame in frames:
            await socket.send_str(frame)

    return script


async def test_good_frames_arrive_and_hostile_ones_do_not():
    gateway, script, good, dropped = Gateway(), [], 0, 0
    for number, (make, field, hostile) in enumerate(HOSTILE):
        moment = 0.1 + number / 100
        frame = make(moment, field=field, number=hostile)
        script.append(frame)
        if raised(frame):
            gateway.scripts["market"].append(says(script))
            script, dropped = [], dropped + 1
        script.append(quote(moment, 6715.0 + number % 2 / 4))
        good += 1
    gateway.scripts["market"].append(says([*script, quote(moment + 0.01, 6716.0)]))
    async with trading(gateway) as client, running(client) as posts:
        await posts.until(lambda posts: any(getattr(m, "bid", 0) == 6716.0 for m in posts))
    feed = Feed(SETTINGS)
    seen = [replace(m, received=m.at) for m in posts if isinstance(m, Quote | Trade)]
    clean = [answer for m in seen for answer in feed.on(m) if isinstance(answer, Quote | Trade)]
    bids = [6715.0 + number % 2 / 4 for number in range(good)] + [6716.0]
    assert [(m.bid, m.ask) for m in clean] == [(bid, bid + 0.25) for bid in bids]
    assert dropped > 50 and good - dropped > 50
    assert posts.states("market").count((False, Reason.DATA_MALFORMED)) == dropped
    assert any(isinstance(m, Dropped) for m in posts) and any(isinstance(m, Gap) for m in posts)
