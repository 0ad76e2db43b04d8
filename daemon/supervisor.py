"""Keep the actors alive: each has a task that waits for its failure.

A failed actor is rebuilt from the log while the others go on; one that keeps failing stops trade.

This is the only place that catches everything, because whatever a stage raises must end in a
record, a fence and a decision. A pipeline actor over its budget halts trading; a critical one
ends the process, since the account is safe with its stops at the venue and a restart recovers.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import structlog

from core.clock import Clock
from core.config import Supervisor as Limits
from core.errors import TradebotError
from core.messages import (
    ActorFailed,
    Bar,
    Command,
    Halted,
    Record,
    RunStarted,
    Stage,
    StateChanged,
)
from core.reasons import Reason
from daemon.actor import Actor
from daemon.bus import Bus
from daemon.snapshots import last_bar, newest, restore
from daemon.turns import Turns
from daemon.wiring import CRITICAL, Stages, fold
from storage.snapshot import Snapshot
from storage.wal import Wal, read

log = structlog.get_logger("supervisor")
Build = Callable[[str, Bar | None], Stage]  # of an actor's name and the last bar
T = TypeVar("T")
GRAVE = (Command, StateChanged, Halted)  # a critical actor that misses one of these halts all


class Escalated(TradebotError):
    """A critical actor failed more often than its budget allows, or what has no stage failed."""


async def contained(name: str, work: Awaitable[T]) -> T:
    """Await what cannot be rebuilt: its failure ends the process, and a restart recovers."""
    try:
        return await work
    except Exception as error:
        cause = error
        while isinstance(cause, ExceptionGroup):
            cause = cause.exceptions[0]
        if not isinstance(cause, TradebotError):
            log.error("failed", part=name, exc_info=cause)
            text = f"{type(cause).__name__}: {cause}"[:500]
            cause = Escalated(f"{name} failed: {text}: restart to recover")
    raise cause


class Supervisor:
    def __init__(
        self, bus: Bus, wal: Wal, directory: Path, limits: Limits, clock: Clock,
        stages: Stages, build: Build,
    ) -> None:  # fmt: skip
        self.bus, self.wal, self.directory = bus, wal, directory
        self.limits, self.clock = limits, clock
        self.stages, self.build = stages, build
        self.turns = Turns(bus)
        self.failures: dict[str, deque[float]] = {}
        self.faulty: dict[str, set[int]] = {}  # actor -> the records it failed on in this run

    async def keep(self, actor: Actor) -> None:
        """Rebuild the actor after each failure within the budget, until cancelled."""
        while True:
            actor.failure = asyncio.get_running_loop().create_future()
            self.turns.join(actor)
            if not await self.failed(actor, await actor.failure):
                return

    async def failed(self, actor: Actor, error: Exception) -> bool:
        """Record it and rebuild; False when this actor stays down."""
        times = self.failures.setdefault(actor.name, deque())
        times.append(time.monotonic())
        while times[0] < times[-1] - self.limits.restart_window_s:
            times.popleft()
        seq = actor.record.seq if actor.record else 0
        text = f"{type(error).__name__}: {error}"[:500]
        log.error("actor failed", actor=actor.name, record=seq, error=text, count=len(times))
        self.bus.post(
            "supervisor", ActorFailed(self.clock(), actor.name, seq, text, len(times)), seq or None
        )
        missed = type(actor.record.message) if actor.record else None
        limits, critical = self.limits, actor.name in CRITICAL
        most = limits.critical_restarts_max if critical else limits.restarts_max
        if len(times) > most or missed is RunStarted:
            return self.escalate(actor, text)
        if critical and missed in GRAVE:
            self.halt(f"actor {actor.name} missed record {seq}: {text}")
        actor.stage = self.stages[actor.name] = await self.rebuild(actor.name, seq)
        return True

    def escalate(self, actor: Actor, text: str) -> bool:
        if actor.name in CRITICAL:
            raise Escalated(f"actor {actor.name} keeps failing: {text}: restart to recover")
        actor.inbox.close()
        self.halt(f"actor {actor.name} keeps failing: {text}")
        return False

    def halt(self, why: str) -> None:
        self.bus.post("supervisor", Halted(self.clock(), why, "supervisor", Reason.SYS_ESCALATE))

    async def rebuild(self, name: str, seq: int) -> Stage:
        """A new stage, brought from the newest snapshot up to the record that the old one failed
        on, without that one: of a log of months the whole would take minutes.

        The market is not folded: what it takes is not logged, and it goes on from the last bar.
        """
        faulty = self.faulty.setdefault(name, set())
        faulty.add(seq)
        last = self.wal.seq if name == "market" else seq - 1
        await self.wal.durable(last)
        found, records = await asyncio.to_thread(self._until, last, frozenset(faulty))
        bars = (r.message for r in reversed(records) if isinstance(r.message, Bar))
        stage = self.build(name, next(bars, last_bar(found) if found else None))
        if name != "market":
            if found and name in found.state["stages"]:
                restore({name: stage}, {name: found.state["stages"][name]})
            fold({name: stage}, records)
        return stage

    def _until(self, last: int, faulty: frozenset[int]) -> tuple[Snapshot | None, list[Record]]:
        """A snapshot, and the log from there to `last`: behind it the writer is at work."""
        found, records = newest(self.directory, self.stages, last), []
        for line in read(self.directory, after_seq=found.seq if found else 0):
            if line.seq not in faulty:
                records.append(line.record)
            if line.seq >= last:
                break
        return found, records
