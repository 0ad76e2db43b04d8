"""One run of the daemon: actors at work between the start of recovery and the proof of flatness."""

import asyncio
import gc
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from msgspec import UNSET, Struct

from actors.pipeline import routes
from core.clock import SECOND, Clock
from core.config import Config
from core.errors import EXIT_LOG, EXIT_NOT_FLAT, EXIT_OK, LogError
from core.messages import (
    Agreed,
    Alert,
    Approved,
    Bar,
    Command,
    FeedState,
    Fill,
    Flat,
    Halted,
    Hold,
    Intent,
    Message,
    PlaceOrder,
    Pulse,
    Refused,
    RunEnded,
    RunStarted,
    StateChanged,
    TradeClosed,
)
from core.reasons import Reason
from daemon import health, watches
from daemon.actor import Actor
from daemon.bus import Bus, Inbox
from daemon.gateway import TAKES, Gateway
from daemon.golive import Override
from daemon.pager import Pager
from daemon.report import Tally
from daemon.snapshots import Snapshots
from daemon.stopping import Stopping
from daemon.supervisor import Build, Supervisor, contained
from daemon.wiring import Stages
from storage.wal import Wal
from venues.base import Venue
from venues.topstepx.protocol import END_OF_TAPE

log = structlog.get_logger("tradebot")
SHOWN = (Intent, Approved, Refused, PlaceOrder, Fill, TradeClosed, StateChanged)
TOLD = (Halted, StateChanged, Agreed, FeedState, Flat)
GRAVE = (Reason.RISK_OVERSTAYED, Reason.RISK_CLOCK_SKEW, Reason.SYS_LOOP_LAG)
RECENT = 12  # decisions kept for the view


class Ended(Struct, frozen=True):
    why: str
    code: int
    balance: Any


class Session:
    def __init__(
        self, config: Config, venue: Venue, wal: Wal, clock: Clock, stages: Stages, tally: Tally,
        build: Build, stopping: Stopping, last: Bar | None,
    ) -> None:  # fmt: skip
        self.config, self.venue, self.wal, self.clock = config, venue, wal, clock
        self.stages, self.tally, self.build = stages, tally, build
        depth = config.supervisor.inbox_depth
        self.inboxes = {name: Inbox(name, depth) for name in (*stages, "gateway")}
        table = routes(stages)
        for kind in TAKES:  # before all others: an order does not wait for those who note it
            table[kind] = ["gateway", *table.get(kind, ())]
        self.bus = Bus(table, self.inboxes, wal)
        self.snapshots = Snapshots(wal, stages, self.inboxes, tally, config.log, last)
        self.bus.stamps[Bar] = tally.latency.bar
        self.bus.watches += [tally.watch, self.snapshots.watch, self.watch]
        self.pager = Pager(config.paging)
        self.bus.watches += [self.pager.watch, watches.Sight().watch]
        self.stopping = stopping
        self.flat: asyncio.Future[Flat] = asyncio.get_running_loop().create_future()
        self.ready = False
        self.recent: deque[tuple[str, Message]] = deque(maxlen=RECENT)
        self.held: Hold | None = None  # the newest decision to do nothing
        self.price: float | None = None
        self.overrides: list[Override] = []  # of the gate, on which a live start stands

    async def run(self, start: RunStarted, unanswered: list[tuple[str, int, Message]]) -> Ended:
        """Trade until told to stop, then flatten. `unanswered`: what a crash cut off the log."""
        for actor, cause, message in unanswered:
            self.bus.post(actor, message, cause)
        self.bus.post("main", start)
        for said in self.overrides:
            why = f"{said.item}, on {said.at}: {said.why}"
            self.bus.post("operator", Command(self.clock(), "override", said.by, why))
        tasks = [asyncio.create_task(work, name=name) for name, work in self.works().items()]
        ender = asyncio.create_task(self.end(), name="end")
        self.wal.watch(lambda error: self.stopping.say(f"log failed: {error}", "wal"))
        done, _ = await asyncio.wait([*tasks, ender], return_when=asyncio.FIRST_COMPLETED)
        while ender not in done and not any(task.exception() for task in done):
            rest = [task for task in [*tasks, ender] if not task.done()]
            done, _ = await asyncio.wait(rest, return_when=asyncio.FIRST_COMPLETED)
        for task in [*tasks, ender]:
            task.cancel()
        results = await asyncio.gather(*tasks, ender, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
        ended = results[-1]
        assert isinstance(ended, Ended)
        return ended

    def works(self) -> dict[str, Any]:
        supervisor = Supervisor(
            self.bus, self.wal, Path(self.config.paths.wal), self.config.supervisor, self.clock,
            self.stages, self.build,
        )  # fmt: skip
        actors = [Actor(name, stage, self.inboxes[name]) for name, stage in self.stages.items()]
        gateway = Gateway(
            self.venue, self.inboxes["gateway"], self.bus, self.wal, self.clock,
            self.tally.latency, self.stages["risk"].memory.state,  # type: ignore[attr-defined]
        )  # fmt: skip
        lag, told = self.config.supervisor.lag_max_s, (self.bus, self.clock)
        return {
            **{actor.name: supervisor.keep(actor) for actor in actors},
            "gateway": contained("gateway", gateway.run()),
            "pulse": contained("pulse", self.pulse()),
            "snapshots": contained("snapshots", self.snapshots.keep()),
            "disk": contained("disk", watches.disk(*told, self.wal.directory, self.config.log)),
            "wall": contained("wall", watches.wall(*told, self.config.feed)),
            "loop": contained("loop", watches.loop(*told, self.config.supervisor)),
            "kill": contained("kill", watches.kill(*told, Path(self.config.paths.state))),
            "pager": contained("pager", self.pager.run()),
            "health": contained("health", health.watch(self.inboxes, self.wal, lag, self.starting)),
        }

    def starting(self) -> bool:
        return not (self.ready or self.stopping.told)

    async def pulse(self) -> None:
        """The clock as messages, one for each second that begins."""
        last = self.clock() // SECOND
        speed = getattr(self.clock, "reaction", 1.0)
        while True:
            now = self.clock()
            if now // SECOND > last:
                last = now // SECOND
                self.bus.post("clock", Pulse(last * SECOND))
            await asyncio.sleep(max(0.001, ((last + 1) * SECOND - now) / SECOND / speed))

    async def end(self) -> Ended:
        """Wait for the word to stop, flatten, prove it, say so."""
        why, by = await self.stopping.wait()
        health.notify("STOPPING=1")
        log.info("stopping", why=why, by=by)
        self.bus.post("main", Command(self.clock(), "stop", by, why))
        limit, flat = self.config.supervisor.stop_timeout_s, None
        with suppress(TimeoutError):
            flat = await asyncio.wait_for(self.flat, limit)
        book = self.stages["recovery"].memory.book  # type: ignore[attr-defined]
        alive = len(book.alive)
        reason = Reason.SYS_CLEAN_CLOSE if flat else Reason.SYS_NOT_FLAT
        balance = flat.balance if flat else None
        ended = RunEnded(self.clock(), why, book.position.size, alive, balance, reason)
        seq = self.bus.post("main", ended)
        self.bus.closed = True  # nothing may follow a clean close in the log
        code = EXIT_OK if flat else EXIT_NOT_FLAT
        try:
            await self.wal.durable(seq)
        except LogError:
            code = EXIT_LOG
        return Ended(why, code, balance)

    def watch(self, actor: str, message: Message, seq: int) -> None:
        kind = type(message)
        if isinstance(message, Bar):
            self.price = message.close
        elif isinstance(message, Hold):
            self.held = message
        elif isinstance(message, SHOWN):
            self.recent.append((actor, message))
        if isinstance(message, Agreed) and not self.ready:
            self.ready = True
            gc.freeze()  # what the start built stays: a full collection would stop us for 80 ms
            health.notify("READY=1\nSTATUS=ready")
            log.info("ready", position=message.position, unknown=message.unknown)
        if isinstance(message, Flat) and self.stopping.told and not self.flat.done():
            self.flat.set_result(message)
        if isinstance(message, FeedState) and message.why == END_OF_TAPE:
            self.stopping.say(END_OF_TAPE, "gateway")
        if isinstance(message, Alert):
            log.critical("ALERT, acknowledge with tradebot ack", of=message.of, what=message.text)
        if isinstance(message, TOLD):
            grave = getattr(message, "reason", None) in GRAVE
            (log.error if grave else log.info)(kind.__name__, **told(message))


def told(message: Message) -> dict[str, Any]:
    rows: Mapping[str, Any] = {name: getattr(message, name) for name in message.__struct_fields__}
    return {name: str(value) for name, value in rows.items() if name != "at" and value is not UNSET}
