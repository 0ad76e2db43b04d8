"""A small market for exchange tests: an instrument, quotes, prints, and what events say."""

from decimal import Decimal

from core.instruments import INSTRUMENTS
from core.messages import Quote, Trade
from core.terms import OrderType
from venues.matching import Exchange
from venues.orders import AccountChanged, OrderChanged, PositionChanged, Ticket, Traded

MES = INSTRUMENTS["MES"]
D = Decimal


def quote(bid=5000.0, ask=None, bid_size=10, ask_size=10, at=1):
    return Quote(at, bid, bid + 0.25 if ask is None else ask, bid_size, ask_size)


def trade(price, size=1, side=0, at=1):
    return Trade(at, price, size, side)


def exchange(first=None, position_max=50, **settings):
    venue = Exchange(MES, D(1000), position_max, **settings)
    venue.on_quote(first or quote())
    return venue


def market(side=1, size=1, tag="", stop_ticks=0, target_ticks=0):
    return Ticket(
        OrderType.MARKET, side, size, tag=tag, stop_ticks=stop_ticks, target_ticks=target_ticks
    )


def limit(price, side=1, size=1, tag="", **more):
    return Ticket(OrderType.LIMIT, side, size, limit_price=D(str(price)), tag=tag, **more)


def stop(price, side=-1, size=1, tag=""):
    return Ticket(OrderType.STOP, side, size, stop_price=D(str(price)), tag=tag)


def story(events, first):
    """Events as short words: order offset and status, T trade, P position, A account."""
    words = []
    for event in events:
        match event:
            case OrderChanged(order=order):
                words.append(f"{order.id - first}:{order.status.lower()}")
            case Traded(trade=half):
                words.append(f"T{half.side * half.size:+d}@{half.price}")
            case PositionChanged(position=position):
                words.append(f"P{position.size:+d}")
            case AccountChanged(balance=balance):
                words.append(f"A{balance}")
    return words
