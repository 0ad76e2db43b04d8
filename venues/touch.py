"""The best bid and ask in ticks, and how much of each is still there to be taken."""

from core.messages import Quote

DEEP = 1 << 40  # a size that is not known


class Touch:
    """What a taker can have now. Each side is whole again when its price or size changes."""

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self.prices = {1: 0, -1: 0}  # by side of the taker: a buyer takes the ask
        self.sizes = {1: 0, -1: 0}
        self.spent = {1: 0, -1: 0}
        self.known = False

    def show(self, quote: Quote) -> None:
        self.known = True
        for side, price, size in (
            (1, quote.ask, quote.ask_size),
            (-1, quote.bid, quote.bid_size),
        ):
            ticks = round(price / self.tick)
            if ticks != self.prices[side] or size != self.sizes[side]:
                self.prices[side], self.sizes[side], self.spent[side] = ticks, size, 0

    def left(self, side: int) -> int:
        """Contracts a taker of this side can still have from this quote."""
        if self.prices[side] <= 0:
            return 0
        return self.sizes[side] - self.spent[side] if self.sizes[side] > 0 else DEEP

    def ahead(self, side: int, limit: int, front: int) -> int:
        """The size before a resting order of `side`, as far as this quote tells."""
        own = self.prices[-side]
        if side * (limit - own) > 0:
            return 0
        known = limit == own and self.sizes[-side] > 0
        return min(front, self.sizes[-side]) if known else front
