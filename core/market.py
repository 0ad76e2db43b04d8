"""What the market says: ticks, bars and the state of the links that bring them."""

from decimal import Decimal

from core.reasons import Reason
from core.terms import Message


class Trade(Message, frozen=True):
    """A print. Goes to the tape, not to the log."""

    price: float
    size: int
    side: int = 0  # aggressor: +1 buy, -1 sell, 0 unknown
    received: int = 0  # clock at receipt, UTC ns; 0 unknown


class Quote(Message, frozen=True):
    """The best bid and ask after a change. Goes to the tape, not to the log."""

    bid: float
    ask: float
    bid_size: int = 0  # 0 unknown: the gateway sends none
    ask_size: int = 0
    received: int = 0


class Dropped(Message, frozen=True):
    """Market events the feed refused for one reason since the last such message."""

    count: int
    example: str
    reason: Reason


class Gap(Message, frozen=True):
    since: int
    reason: Reason = Reason.DATA_GAP


class FeedState(Message, frozen=True):
    link: str  # "market", "user"; not wires: "clock" (the wall's), "venue" (its stamps)
    up: bool
    why: str
    reason: Reason


class Bar(Message, frozen=True):
    """One second of the grid; `at` is its END. Prices lie on the tick grid."""

    open: float
    high: float
    low: float
    close: float
    volume: int  # contracts
    buy: int  # contracts that lifted the ask
    sell: int  # contracts that hit the bid
    trades: int
    bid: float  # last quote known at the close; 0.0 unknown
    ask: float
    filled: bool  # no trade: open = high = low = close = the previous close
    segment: int  # +1 after a session break or over 300 s of silence
    reason: Reason = Reason.BAR_CLOSED


class Conditions(Message, frozen=True):
    """The market's last minutes, told when a minute is over. Normal values: 0.0 unknown."""

    atr: float  # ATR14 of 1-minute bars, ticks; 0.0 unknown
    atr_normal: float
    volume: int  # contracts in this minute
    volume_normal: float
    swing_low: float  # price of the latest known one; 0.0 none
    swing_high: float
    reason: Reason = Reason.DATA_CONDITIONS


class Mark(Message, frozen=True):
    """The price at which the open position could be closed now: bid for a long, ask for a short."""

    price: Decimal
    reason: Reason = Reason.DATA_MARK


class SessionOpened(Message, frozen=True):
    trade_date: str  # ISO date of the exchange's trade date
    reason: Reason = Reason.SYS_SESSION


class SessionClosed(Message, frozen=True):
    trade_date: str
    reason: Reason = Reason.SYS_SESSION


class Pulse(Message, frozen=True):
    """The clock, once a second, for whoever waits for a time."""

    reason: Reason = Reason.SYS_PULSE
