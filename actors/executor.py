"""Executor: turn approvals into orders, keep every position protected, and close it when told.

After each message it looks at the whole book and asks for what is missing, so that a lost event
delays a rule and never disables it. Entries are market orders with the venue's own bracket; where
the venue refuses brackets, stop and target are orders of our own. A signal exit moves the target
through the touch, and so does a flatten: the venue then cancels the stop itself, so no instant is
without a stop, and no leg is left when position, wires or this program are gone.
"""

from actors import legs, stops
from actors.book import BOOKED, PURPOSE_BY_SUFFIX
from actors.desk import Desk
from actors.order import RESTING, Order
from actors.position import Position, left
from actors.refusals import BRACKETS_REFUSED, short_of_margin
from core.messages import (
    AccountSnapshot,
    Agreed,
    Approved,
    CloseAccepted,
    ClosePosition,
    Command,
    Conditions,
    Fill,
    Mark,
    Message,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    PlaceOrder,
    Pulse,
    Reduce,
    RunStarted,
    StateChanged,
    TradeClosed,
)
from core.reasons import Reason
from core.sessions import shut
from core.settings import Settings
from core.terms import EXITS, EXITS_ONLY, FLATTENING, REVERSALS, Purpose, Request, rounded

OWN_ORDERS = (PlaceOrder, ModifyOrder, ClosePosition)
CLOSED_BY = {Purpose.STOP: Reason.TRADE_STOP, Purpose.TARGET: Reason.TRADE_TARGET}


class Executor:
    takes: tuple[type[Message], ...] = (
        Approved, Reduce, Mark, Pulse, StateChanged, Command, Conditions, AccountSnapshot,
        *(kind for kind in BOOKED if kind not in OWN_ORDERS),
    )  # fmt: skip

    def __init__(self, settings: Settings) -> None:
        self.memory = Desk(settings=settings)

    def on(self, message: Message) -> list[Message]:
        desk = self.memory
        if isinstance(message, AccountSnapshot):
            return legs.looked(desk, message)
        if isinstance(message, CloseAccepted):
            desk.book.hear(message, desk.numbers().instrument)
            return desk.spare(message.at)
        answers, again = list[Message](), 0
        desk.seen = max(desk.seen, message.at)
        match message:
            case Pulse(at=at):
                desk.naked_at, desk.now = min(desk.naked_at, at), at  # a venue's clock may be early
                return self._tend(at)
            case Approved():
                return self._approved(message)
            case Reduce():
                return desk.part(message.at, message.size, message.reason)
            case Mark(price=price):
                desk.mark = price
                answers = self._tend(message.at)
                return answers + (stops.tend(desk, message.at) if desk.book.position.size else [])
            case Conditions(atr=atr):
                desk.atr = rounded(atr)
                return []
            case StateChanged(state=state, reason=reason):
                stopping = state in EXITS_ONLY
                desk.flatten = reason if stopping else None
            case Command(name=name) if name in FLATTENING:
                desk.flatten = desk.flatten or Reason.RISK_FLATTENING
            case RunStarted():
                desk.begin(message)
                answers = self._give_up(message.at, Reason.SIG_EXPIRED)
                again, desk.exit_at = desk.exit_at, 0
            case Fill() if message.trade_id not in desk.book.trades:
                return [*self._filled(message), *self._tend(message.at)]
            case OrderAccepted() | OrderCancelled():
                legs.hear(desk, message)
        alive = isinstance(message, OrderRejected) and message.tag in desk.book.alive
        desk.book.hear(message, desk.numbers().instrument)
        if isinstance(message, Agreed):
            answers = desk.looked(message.at)
        if again:  # a new run, and nobody knows how far its exit came: begin it anew
            answers += desk.exit(message.at, Reason.ORD_FLATTEN)
        if isinstance(message, OrderRejected) and BRACKETS_REFUSED in message.text:
            answers = self._without_brackets(message)
        elif isinstance(message, OrderRejected) and alive and self._bare(message):
            answers = desk.close(message.at, Reason.RISK_NAKED)
        elif isinstance(message, OrderRejected) and alive and short_of_margin(message):
            answers = self._smaller(message)
        return [*answers, *self._tend(message.at)]

    def _approved(self, approved: Approved) -> list[Message]:
        desk, intent, at = self.memory, approved.intent, approved.at
        if shut(at, desk.numbers().session.kind):
            text = "the exchange is closed"
            return [OrderRejected(at, intent.id, Request.PLACE, 0, text, Reason.SIG_BLOCKED)]
        if intent.action in EXITS:
            return desk.exit(at, Reason.SIG_NEW)
        if intent.action in REVERSALS and desk.book.position.size and not desk.flatten:
            given_up = self._give_up(at, Reason.SIG_SUPERSEDED)
            desk.turn = approved
            return [*given_up, *desk.exit(at, Reason.SIG_NEW)]
        if desk.flatten or desk.book.position.size or desk.alive():
            text = "not flat, or told to be"
            return [OrderRejected(at, intent.id, Request.PLACE, 0, text, Reason.SIG_BLOCKED)]
        return [*self._give_up(at, Reason.SIG_SUPERSEDED), desk.enter(approved, at)]

    def _give_up(self, at: int, reason: Reason) -> list[Message]:
        """A reversal whose exit came too late, or that something graver overtook."""
        desk = self.memory
        turn, desk.turn = desk.turn, None
        if turn is None:
            return []
        text = "the turn is given up"
        return [OrderRejected(at, turn.intent.id, Request.PLACE, 0, text, reason)]

    def _without_brackets(self, refused: OrderRejected) -> list[Message]:
        """The same entry once more, as a new order, with stop and target of our own."""
        desk = self.memory
        if desk.refused or desk.entry is None or desk.flatten or desk.book.position.size:
            return []
        desk.refused = True
        return desk.once_more(refused, desk.entry.size)

    def _bare(self, refused: OrderRejected) -> bool:
        """Our own stop is refused, the market being past it: there will be no other."""
        book = self.memory.book
        stop = book.orders[refused.tag].purpose is Purpose.STOP
        return stop and refused.request is Request.PLACE and bool(book.position.size)

    def _smaller(self, refused: OrderRejected) -> list[Message]:
        """The same entry once more at half its size; after that, or with one contract, no more."""
        desk, at, entry = self.memory, refused.at, self.memory.entry
        order = desk.book.orders[refused.tag]
        if entry is None or order.intent != entry.intent.id:
            return []
        if order.size < entry.size or order.size < 2:
            text = f"not enough margin for {order.size}: given up"
            why = Reason.RISK_CAPITAL
            return [OrderRejected(at, order.intent, Request.PLACE, refused.code, text, why)]
        if desk.flatten or desk.book.position.size:
            return []
        return desk.once_more(refused, order.size // 2)

    def _filled(self, fill: Fill) -> list[Message]:
        desk = self.memory
        held, order, closing = desk.book.position.size, desk.book.owner(fill), desk.book.closing
        finished = desk.book.hear(fill, desk.numbers().instrument)
        now = desk.book.position.size
        exiting = order.purpose is not Purpose.ENTRY if order else closing
        crossed = exiting and now * held <= 0
        desk.overshot = bool(now) and (crossed or (desk.overshot and (not order or exiting)))
        desk.legs_at, desk.bared = 0, desk.bared or legs.spent(desk, order, held)
        if not now:
            desk.flat_at, desk.mark, desk.best, desk.tightened = fill.at, None, None, 0
            desk.parted = False
        return [self._closed(fill, order, finished)] if finished else []

    def _closed(self, fill: Fill, order: Order | None, trip: Position) -> TradeClosed:
        desk = self.memory
        purpose = order.purpose if order else PURPOSE_BY_SUFFIX.get(fill.tag[-3:])
        reason = CLOSED_BY.get(purpose) if purpose else None
        if desk.exit_at and reason is not Reason.TRADE_STOP:
            reason = Reason.TRADE_FLATTEN if desk.flatten else Reason.TRADE_SIGNAL
        if reason is None:
            reason = Reason.TRADE_FLATTEN if desk.book.closing else Reason.TRADE_FOREIGN
        desk.exit_at = 0
        confidence = desk.entry.intent.confidence if desk.entry else 0.0
        price = left(trip, fill, desk.numbers().instrument)
        return TradeClosed(
            fill.at, trip.entry_at, -fill.side, trip.opened, trip.average, price,
            trip.gross, trip.fees, trip.gross - trip.fees, confidence, reason,
        )  # fmt: skip

    def _tend(self, at: int) -> list[Message]:
        """What the book needs now."""
        desk = self.memory
        if not (desk.book.alive or desk.book.position.size or desk.turn):
            desk.naked_at, desk.exit_at, desk.bared = 0, 0, False
            return []
        if not desk.run or shut(at, desk.numbers().session.kind):
            return []
        entries = desk.book.live(Purpose.ENTRY)
        doomed = entries if entries and (desk.flatten or desk.too_much(entries)) else []
        answers = [m for order in doomed for m in desk.cancel(order, at)]
        if desk.book.position.size:
            return [*answers, *self._leave(at), *self._protect(at)]
        desk.naked_at, desk.exit_at, desk.bared = 0, 0, False
        return [*answers, *self._sweep(at), *self._turn(at)]

    def _turn(self, at: int) -> list[Message]:
        """The second half of a reversal: once flat, with no order left that could fill."""
        desk = self.memory
        if desk.turn is None:
            return []
        if desk.flatten or at > desk.turn.intent.expires_at:
            return self._give_up(at, Reason.SIG_BLOCKED if desk.flatten else Reason.SIG_EXPIRED)
        return [] if desk.alive() else [desk.enter(desk.turn, at)]

    def _sweep(self, at: int) -> list[Message]:
        """Cancel exits that outlived their position: OCO has its time, an untold fill its legs."""
        desk = self.memory
        exits = desk.book.live(Purpose.STOP, Purpose.TARGET)
        if not exits or desk.legs_at:
            return []
        ours = desk.manual or desk.flatten or desk.book.closing
        coming = any(order.intent for order in desk.book.live(Purpose.ENTRY))
        if coming or (not ours and desk.asked(desk.flat_at, at)):
            return []
        return [m for order in exits if order.life in RESTING for m in desk.cancel(order, at)]

    def _protect(self, at: int) -> list[Message]:
        """A stop for every contract, at the venue, within `naked_s`; or no position."""
        desk = self.memory
        if desk.book.resting_stop() >= abs(desk.book.position.size):
            desk.naked_at, desk.bared = 0, False
        else:
            desk.naked_at = desk.naked_at or max(at, desk.seen)  # a fill has the venue's stamp
        if 0 < desk.bare_at() <= at:
            return desk.cover(at)
        leaving = desk.flatten or desk.overshot or desk.asked(desk.book.close_at, at)
        if leaving:
            return []
        return desk.own_exits(at) if desk.manual else desk.shrunk(at)

    def _leave(self, at: int) -> list[Message]:
        """Close what must not stay open: a flatten, an overshot, more than allowed, a late exit."""
        desk = self.memory
        if desk.overshot:
            return desk.close(at, Reason.ORD_OCO_BOTH_FILLED)
        if desk.flatten and not desk.exit_at:
            return desk.exit(at, Reason.ORD_FLATTEN)
        if abs(desk.book.position.size) > desk.numbers().risk.position_max:
            return desk.close(at, Reason.RISK_MAX_POSITION)
        return desk.overdue(at)
