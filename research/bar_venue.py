"""The exchange where only bars are known: when orders act, at what price, and which fills first.

An order acts at the next bar's open (optimistic: at the close of the bar that was decided on). In
a bar the stop comes before the target; a stop fills at its level, or at the open if that is worse,
and as a taker it slips; a limit fills at its own price. While a position is open the price at
which it could be closed is told as a `Mark` at the end of each bar in which it changed.
"""

from decimal import Decimal

from actors import slippage
from core.clock import SECOND
from core.messages import Conditions, Fill, Mark, Message, Quote, Reconcile
from core.settings import Settings
from core.terms import OrderType
from research.venue import REQUEST, PaperVenue
from venues.fills import Fills
from venues.orders import HalfTrade


class Path(Message, frozen=True):
    """What one second of the market did, for the venue alone; `at` is its end."""

    open: float
    high: float
    low: float
    close: float
    bid: float  # at the end
    ask: float


class BarVenue(PaperVenue):
    takes: tuple[type[Message], ...] = (Path, Conditions, *REQUEST, Reconcile)

    def __init__(self, settings: Settings, balance: Decimal, fills: Fills) -> None:
        super().__init__(settings, balance)
        self.fills = fills
        self.tick = float(settings.instrument.tick)
        self.exchange.book.bare, self.exchange.book.through = True, int(fills.through)
        self.mark = 0.0
        self.lost: dict[int, int] = {}  # of each half trade, ticks

    @property
    def idle(self) -> bool:
        """Nothing waits, works or is held: a bar could change nothing."""
        return not (self.waiting or self.exchange.book.working or self.exchange.position.size)

    def on(self, message: Message) -> list[Message]:
        match message:
            case Path():
                return self.pass_by(message) if self.idle else self.live(message)
            case Conditions():
                self.seen.learn(message, self.settings)
                return []
            case Reconcile():
                self.at = max(self.at, message.at)
                return [self.snapshot(message.since, self.at, message.day or 0)]
        if self.fills.at_close and self.exchange.quote is not None:
            self.at = max(self.at, message.at)
            return self.act(message)
        self.waiting.append((message.at, message))
        return []

    def pass_by(self, path: Path) -> list[Message]:
        """Nobody is there to be filled; but an order at the close must know the close."""
        if self.fills.at_close:
            self.exchange.quote = Quote(path.at - 1, path.close, path.close)
        return []

    def live(self, path: Path) -> list[Message]:
        """One second: waiting orders act at the open, then what rests meets the rest of it."""
        self.at = path.at - SECOND
        self.exchange.book.slip = self.slips(self.at)
        answers = self.show(path.open)
        while self.waiting:
            answers += self.act(self.waiting.popleft()[1])
        self.at = path.at - 1
        for price in self.route(path):
            answers += self.show(price)
        if self.fills.at_close:
            answers += self.show(path.close)
        return answers + self.tell(path)

    def route(self, path: Path) -> list[float]:
        """The prices that matter in the order in which they are assumed: stops, then limits."""
        working = [waiting.order for waiting in self.exchange.book.working.values()]
        low, high = self.instrument.ticks(path.low), self.instrument.ticks(path.high)
        stops = [o.stop for o in working if o.stop is not None and low <= o.stop <= high]
        met = [level * self.tick for level in stops]
        if path.high == path.low:
            return met  # the open has been shown
        sides = {o.side for o in working if o.limit is not None}
        return met + [path.high] * (-1 in sides) + [path.low] * (1 in sides)

    def show(self, price: float) -> list[Message]:
        """The market stands at one price: what a taker loses is `slip`."""
        return self.told(self.exchange.on_quote(Quote(self.at, price, price)))

    def slips(self, at: int) -> int:
        if self.fills.slip is not None:
            return self.fills.slip
        return slippage.ticks(self.settings, self.seen, at)

    def fill(self, trade: HalfTrade) -> Fill:
        """When it is first told: how far it was from the price that was there."""
        if trade.id not in self.lost:
            order, touch = self.exchange.orders[trade.order_id], self.exchange.book.touch.prices
            price = self.instrument.ticks(trade.price)
            resting = order.type is OrderType.LIMIT and price == order.limit
            self.lost[trade.id] = 0 if resting else order.side * (price - touch[order.side])
        return super().fill(trade)

    def tell(self, path: Path) -> list[Message]:
        held = self.exchange.position.size
        price = (path.bid if held > 0 else path.ask) if held else 0.0
        if price == self.mark:
            return []
        self.mark = price
        grid = self.instrument
        return [Mark(path.at, grid.price(grid.ticks(price)))] if held else []
