"""Gateway: the only actor that holds a venue. What was not journalled is not sent,
and no entry that risk has not approved (daemon/gate.py).

Each request runs by itself, so that a slow order never holds up a cancel. An order's record is on
disk before its bytes leave; an entry that grew too old on the way is not sent at all.
"""

import asyncio
import time
from functools import partial

import structlog
from msgspec.structs import replace

from core.clock import Clock, TapeClock
from core.errors import LogError
from core.messages import (
    Alert,
    CancelOrder,
    ClosePosition,
    Message,
    ModifyOrder,
    OrderRejected,
    OrderUncertain,
    PlaceOrder,
    QueryFailed,
    Quote,
    Reconcile,
    Record,
    Trade,
)
from core.reasons import Reason
from core.terms import Purpose, Request, State
from daemon.bus import Bus, Inbox
from daemon.gate import HEARS, Gate
from daemon.report import Latency
from storage.wal import Wal
from venues.base import Unauthorised, Unknown, Unreachable, Venue
from venues.topstepx.client import TopstepX

log = structlog.get_logger("gateway")
Asked = PlaceOrder | CancelOrder | ModifyOrder | ClosePosition
TAKES: tuple[type[Message], ...] = (
    PlaceOrder, CancelOrder, ModifyOrder, ClosePosition, Reconcile, *HEARS,
)  # fmt: skip
REQUEST = {
    PlaceOrder: Request.PLACE,
    CancelOrder: Request.CANCEL,
    ModifyOrder: Request.MODIFY,
    ClosePosition: Request.CLOSE,
}


Client = TopstepX  # the one door to the venue: who needs a client makes it by this name


class Gateway:
    def __init__(
        self, venue: Venue, inbox: Inbox, bus: Bus, wal: Wal, clock: Clock, latency: Latency,
        state: State = State.ACTIVE,
    ) -> None:  # fmt: skip
        self.gate = Gate(state)
        self.venue, self.inbox, self.bus, self.wal = venue, inbox, bus, wal
        self.clock, self.latency, self.exit_wait_s = clock, latency, wal.settings.exit_wait_s
        self.tape = clock if isinstance(clock, TapeClock) else None
        self.calls = {
            PlaceOrder: venue.place,
            CancelOrder: venue.cancel,
            ModifyOrder: venue.modify,
            ClosePosition: venue.close_position,
        }

    async def run(self) -> None:
        """Serve the inbox and keep the venue's links up, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self.inbox.taker = partial(self.take, group)
            self.take(group)
            await self.venue.run(self.hear)

    def take(self, group: asyncio.TaskGroup) -> None:
        """Start on all that is asked, at once and each by itself."""
        while self.inbox.items:
            record = self.inbox.items.popleft()
            if isinstance(record.message, HEARS):
                self.gate.hear(record)
            elif isinstance(record.message, Reconcile):
                group.create_task(self.look(record, record.message))
            else:
                self.latency.order(record.message)
                group.create_task(self.send(record))

    def hear(self, message: Message) -> None:
        self.latency.frame()
        if self.tape is not None and isinstance(message, Quote | Trade):
            self.tape.see(message.at)
            if self.tape.speed:
                self.tape = None  # started: from here on it runs by itself
            else:  # it was read at the time of the event before it
                message = replace(message, received=max(message.received, message.at))
        self.bus.post("gateway", message)

    async def send(self, record: Record) -> None:
        """Journal, then act, then tell what came of it."""
        order, began = record.message, time.perf_counter()
        assert isinstance(order, Asked)
        try:
            await self.journalled(record, order)
        except LogError as error:
            if not reduces(order):
                self.tell(record, self.refusal(order, Reason.SYS_WAL_IO, str(error)))
                return
        self.latency.durable(time.perf_counter() - began)
        if isinstance(order, PlaceOrder) and not reduces(order):
            no = self.too_late(order) or await self.unready() or self.too_late(order)
            no = no or self.gate.refuses(order)  # nothing is awaited from here to the wire
            if no is not None:
                self.tell(record, self.refusal(order, *no))
                return
        await self.act(record, order)

    async def journalled(self, record: Record, order: Asked) -> None:
        """Return when the order is on disk, or when an exit has waited long enough for that.

        The log is waited for all the same: it fails if it takes much longer. Raises LogError."""
        if not reduces(order):
            await self.wal.durable(record.seq)
            return
        written, wait_s = asyncio.ensure_future(self.wal.durable(record.seq)), self.exit_wait_s
        written.add_done_callback(lambda late: late.cancelled() or late.exception())
        if (await asyncio.wait({written}, timeout=wait_s))[0]:
            written.result()
            return
        text = f"{order.tag}: sent before its record was on disk: the log took over {wait_s} s"
        self.tell(record, Alert(self.clock(), text, Reason.SYS_WAL_IO))

    def too_late(self, order: PlaceOrder) -> tuple[Reason, str] | None:
        """Why an entry must not be sent any more. An earlier run's was decided in its world.

        A crash can cut the log off behind the wish: then the order made of it is of this run.
        """
        run, old = f"{self.wal.run}-", 0 < order.expires_at < self.clock()
        if not (order.tag.startswith(run) and order.intent.startswith(run)):
            return Reason.SIG_EXPIRED, "an entry of an earlier run"
        return (Reason.SIG_EXPIRED, "too old when journalled") if old else None

    async def unready(self) -> tuple[Reason, str] | None:
        """Why no order could be sent at once. Knowing that may take a login, which may take long:
        a kill that comes meanwhile must find the gate before the entry."""
        try:
            await self.venue.ready()
        except Unreachable as error:
            self.alert(error)
            return error.reason or Reason.ORD_NOT_PLACED, str(error)
        return None

    async def act(self, record: Record, order: Asked) -> None:
        request = REQUEST[type(order)]
        try:
            answers = await self.calls[type(order)](order, self.clock())  # type: ignore[operator]
        except Unknown as error:
            answers = [OrderUncertain(self.clock(), order.tag, request, str(error))]
        except Unreachable as error:
            self.alert(error)
            answers = [self.refusal(order, error.reason or Reason.ORD_NOT_PLACED, str(error))]
        if isinstance(order, PlaceOrder):
            self.gate.answered(order, answers)
        self.tell(record, *answers)

    async def look(self, record: Record, asked: Reconcile) -> None:
        try:
            answer: Message = await self.venue.snapshot(asked.since, self.clock(), asked.day or 0)
        except Unreachable as error:
            self.alert(error)
            reason = error.reason or Reason.REC_QUERY_FAILED
            answer = QueryFailed(self.clock(), str(error), reason)
        except Unknown as error:
            answer = QueryFailed(self.clock(), str(error))
        self.tell(record, answer)

    def alert(self, error: Unreachable) -> None:
        """A refused login: nothing can be sent, not even an exit, until a person mends it."""
        if isinstance(error, Unauthorised):
            log.error("the venue refuses our login, look at it now", why=str(error))

    def tell(self, record: Record, *answers: Message) -> None:
        for answer in answers:
            self.bus.post("gateway", answer, record.seq)

    def refusal(self, order: Asked, reason: Reason, why: str) -> OrderRejected:
        return OrderRejected(self.clock(), order.tag, REQUEST[type(order)], 0, why, reason)


def reduces(order: Asked) -> bool:
    """May be sent without a log: it can only make the account safer."""
    return not isinstance(order, PlaceOrder) or order.purpose is not Purpose.ENTRY
