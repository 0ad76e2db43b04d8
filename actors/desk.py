"""The desk: what the executor remembers, and how it words what it asks of the venue."""

from decimal import Decimal

from msgspec import UNSET, Struct, UnsetType, field

from actors.book import RESET, WARY, Book
from actors.budget import worst_side
from actors.order import RESTING, SHOWN, Order
from actors.portfolio import distances
from actors.refusals import Again, looked_for
from core.clock import SECOND
from core.messages import (
    Approved,
    CancelOrder,
    ClosePosition,
    Message,
    ModifyOrder,
    OrderRejected,
    PlaceOrder,
    RunStarted,
)
from core.reasons import Reason
from core.settings import Settings
from core.terms import OrderType, Purpose, Request

LEGS = (Purpose.STOP, Purpose.TARGET)
SPARES = 3  # edition since which a close that the venue takes cancels the target
YIELDS = 4  # edition since which a late exit cancels its target before it closes
HOPES = 4  # edition since which a new run tries the venue's brackets again
BARED = 8  # of `naked_s` so large a part waits for a stop that was cancelled: a close takes time


class Desk(Struct):
    book: Book = field(default_factory=Book)
    settings: Settings | None = None
    run: str = ""
    placed: int = 0  # orders and close requests so far in this run
    refused: bool = False  # the venue refused brackets in this run, or before what is still open
    entry: Approved | None = None  # the latest entry
    turn: Approved | None = None  # a reversal waiting for its exit
    again: Again | None = None  # the latest entry was refused; it waits for a look at the venue
    exit_at: int = 0  # an exit is under way since
    seen: int = 0  # the youngest message so far
    now: int = 0  # the last pulse: a fill that is told late is of an earlier time
    flatten: Reason | None = None
    overshot: bool = False
    naked_at: int = 0
    # The stop that rested was cancelled, and no exit is under way whose fill may be told behind it.
    bared: bool = False
    flat_at: int = 0
    legs_at: int = 0  # a leg of a bracket was seen to work, its entry's fill untold; 0 none
    parted: bool = False  # a part of this position was closed: the venue's legs do not follow
    mark: Decimal | None = None
    best: Decimal | None = None  # mark of this position
    tightened: int = 0  # rows of stops.tighten that it has met
    atr: Decimal = Decimal(0)  # 1-minute range, ticks; 0 unknown

    def numbers(self) -> Settings:
        assert self.settings is not None
        return self.settings

    def begin(self, run: RunStarted) -> None:
        """Nothing open, it asks for brackets anew: a crash is survived best with them."""
        self.run, self.placed, self.again, self.settings = run.run, 0, None, run.settings
        self.seen, self.now = (run.at if run.settings.edition >= RESET else self.seen), run.at
        if run.settings.edition >= HOPES and not (self.alive() or self.book.position.size):
            self.refused = False

    @property
    def manual(self) -> bool:
        """Stop and target are orders of our own."""
        return self.refused or not self.numbers().execution.native_brackets

    def tag(self) -> str:
        self.placed += 1
        return f"{self.run}-{self.placed}"

    def place(self, order: PlaceOrder) -> PlaceOrder:
        self.book.hear(order, self.numbers().instrument)
        return order

    def enter(self, approved: Approved, at: int, size: int = 0) -> PlaceOrder:
        intent = approved.intent
        self.entry, self.turn, self.again = approved, None, None
        order = PlaceOrder(
            at, self.tag(), Purpose.ENTRY, OrderType.MARKET, intent.side, size or approved.size,
            stop_ticks=intent.stop_ticks, target_ticks=intent.target_ticks,
            bracket=not self.manual,
            expires_at=intent.expires_at, intent=intent.id,
        )  # fmt: skip
        return self.place(order)

    def once_more(self, refused: OrderRejected, size: int) -> list[Message]:
        """The latest entry in another form: when nothing of the refused one was left behind."""
        assert self.entry is not None
        if not looked_for(refused, self.numbers()):
            return [self.enter(self.entry, refused.at, size)]
        self.again = Again(size, refused.at)
        return []

    def looked(self, at: int) -> list[Message]:
        """The venue was asked at that time: what was refused is not there, so now or never."""
        again, entry, now = self.again, self.entry, self.seen
        if again is None or entry is None or at < again.at:
            return []
        self.again = None
        blocked = self.flatten or self.book.position.size or self.alive()
        if blocked or now > entry.intent.expires_at:
            text = "refused, and not sent again"
            why = Reason.SIG_BLOCKED if blocked else Reason.SIG_EXPIRED
            return [OrderRejected(now, entry.intent.id, Request.PLACE, 0, text, why)]
        return [self.enter(entry, now, again.size)]

    def modify(self, order: ModifyOrder) -> ModifyOrder:
        self.book.hear(order, self.numbers().instrument)
        return order

    def cancel(self, order: Order, at: int, due: int = 0) -> list[Message]:
        """One request, repeated only when it has had its time, or was made before `due`."""
        if not order.venue_id or (order.asked_at >= due and self.asked(order.asked_at, at)):
            return []
        order.asked_at = at
        return [CancelOrder(at, order.tag, order.venue_id)]

    def close(self, at: int, reason: Reason, size: int | UnsetType = UNSET) -> list[Message]:
        """At most one close request under way: of all, or of so many contracts."""
        at = max(at, self.now) if self.numbers().edition >= WARY else at
        if self.asked(self.book.close_at, at):
            return []
        order = ClosePosition(at, self.tag(), reason, size)
        self.book.hear(order, self.numbers().instrument)
        return [order]

    def bare_at(self) -> int:
        """When a position that has no stop by then is closed; 0 while it has one."""
        patience_s = self.numbers().execution.naked_s / (BARED if self.bared else 1)
        return self.naked_at and self.naked_at + self.after(patience_s)

    def cover(self, at: int) -> list[Message]:
        """Close what is bare. The target of an exit that is on its way ends before that: the close
        and its change would both fill, if the stop is there after all and its news was lost."""
        due, alone = self.bare_at(), self.exit_at and self.numbers().edition >= WARY
        moved = self.targets() if alone and self.asked(due, at) else []
        yielding = [m for order in moved for m in self.cancel(order, at, due)]
        return yielding if moved else self.close(at, Reason.RISK_NAKED)

    def overdue(self, at: int) -> list[Message]:
        """An exit that had its time ends by the venue's own call, and its target before that: a
        change of it that is still on its way would open a position. Once more so long for that."""
        numbers, waited = self.numbers(), max(at, self.seen) - self.exit_at
        patience = self.after(numbers.execution.exit_timeout_s)
        if not self.exit_at or waited < patience:
            return []
        yields = numbers.edition >= YIELDS and waited < 2 * patience
        if yields and (targets := self.targets()):
            return [m for order in targets for m in self.cancel(order, at)]
        return self.close(at, Reason.ORD_FLATTEN)

    def targets(self) -> list[Order]:
        """Those that may fill: also one that works by now without our having been told."""
        told = RESTING if self.numbers().edition < WARY else SHOWN
        return [o for o in self.book.live(Purpose.TARGET) if o.venue_id and o.life in told]

    def spare(self, at: int) -> list[Message]:
        """The venue closes all: a target that fills beside that opens a position. Stops stay."""
        whole = self.book.close_at and not self.book.parting  # and not done, by late an answer
        if not whole or self.numbers().edition < SPARES:
            return []
        return [m for order in self.targets() for m in self.cancel(order, at)]

    def part(self, at: int, size: int, reason: Reason) -> list[Message]:
        """Close so many contracts by the venue's own call; all of them as any exit."""
        if size >= abs(self.book.position.size):
            return self.exit(at, reason)
        if self.exit_at or self.flatten:
            return []
        asked = self.close(at, reason, size)
        self.parted = self.parted or bool(asked)
        return asked

    def shrunk(self, at: int) -> list[Message]:
        """Stop and target of the venue for no more than what is left of a position."""
        held = self.book.position.size
        if not self.parted or self.book.live(Purpose.ENTRY):
            return []
        return self.fitted([o for o in self.book.live(*LEGS) if o.side * held < 0], abs(held), at)

    def fitted(self, legs: list[Order], size: int, at: int) -> list[Message]:
        """Changes after which each of these legs is for so many contracts."""
        known = [leg for leg in legs if leg.venue_id and not self.asked(leg.asked_at, at)]
        return [
            self.modify(ModifyOrder(at, leg.tag, leg.venue_id, size=leg.filled + size))
            for leg in known
            if leg.left != size
        ]

    def exit(self, at: int, reason: Reason) -> list[Message]:
        """Move the target through the touch; without one, close by the venue's own call. So too
        where a close may have been done already and nobody has told: the target would then open a
        position, which the venue's own call never does."""
        size = self.book.position.size
        if not size or self.exit_at:
            return []
        self.exit_at = max(at, self.seen)  # a bar that was closed late is of an earlier time
        side, numbers = (1 if size > 0 else -1), self.numbers()
        targets = [o for o in self.book.live(Purpose.TARGET) if o.side == -side and o.venue_id]
        bare = numbers.edition >= WARY and 0 < self.bare_at() <= at
        if not targets or self.manual or self.book.doubt or bare:
            return self.close(at, reason)
        # No mark is told until the market moves: it still stands where the position was opened.
        mark, reach = self.mark or self.book.position.average, numbers.execution.exit_protect_ticks
        price = numbers.instrument.price(numbers.instrument.ticks(mark) - side * reach)
        return [self.modify(ModifyOrder(at, o.tag, o.venue_id, limit_price=price)) for o in targets]

    def own_exits(self, at: int) -> list[Message]:
        """Stop and target of our own for the open position: placed once, then kept to its size."""
        held = self.book.position
        size, side = abs(held.size), 1 if held.size > 0 else -1
        legs = [o for o in self.book.live(*LEGS) if o.side == -side]
        if legs:
            return self.fitted(legs, size, at)
        instrument, plan = self.numbers().instrument, self.entry.intent if self.entry else None
        own = (plan.stop_ticks, plan.target_ticks) if plan else None
        stop_ticks, target_ticks = own or distances(self.numbers(), held.average)
        fill, name = instrument.ticks(held.average), plan.id if plan else ""
        stop = PlaceOrder(
            at, self.tag(), Purpose.STOP, OrderType.STOP, -side, size,
            stop_price=instrument.price(fill - side * stop_ticks), intent=name,
        )  # fmt: skip
        target = PlaceOrder(
            at, self.tag(), Purpose.TARGET, OrderType.LIMIT, -side, size,
            limit_price=instrument.price(fill + side * target_ticks), intent=name,
        )  # fmt: skip
        return [self.place(stop), self.place(target)]

    def alive(self) -> bool:
        """May any order of ours still fill?"""
        return not self.book.settled() or bool(self.book.alive)

    def too_much(self, entries: list[Order]) -> bool:
        """More may fill than we may hold: an order that was given up for dead is back."""
        held, most = self.book.position.size, self.numbers().risk.position_max
        return worst_side(held, entries) > most

    def after(self, seconds: float) -> int:
        return int(seconds * SECOND)

    def asked(self, since: int, at: int) -> bool:
        return bool(since) and at - since < self.after(self.numbers().execution.exit_timeout_s)
