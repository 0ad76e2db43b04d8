"""What the program finds around it in the simulation: chance, threads, locks, ports, all seeded.

`prepare` must come before anything of the program is imported; `Machine` is one seed's.
"""

import asyncio
import contextvars
import gc
import os
import random
import secrets
from collections.abc import Callable
from typing import Any

from tests.simulation.loop import PROCESS, Held, Loop, Numbered, Time

CLOCK = Time()
CHANCE = random.Random()


def prepare() -> None:
    """For the whole interpreter, once."""
    CLOCK.install()
    Held.install()
    from aiohttp.client_proto import ResponseHandler

    ResponseHandler.__hash__ = Numbered.number
    secrets.token_hex = lambda size: CHANCE.randbytes(size).hex()
    secrets.token_urlsafe = lambda size: CHANCE.randbytes(size).hex()
    secrets.randbelow = CHANCE.randrange
    gc.freeze = lambda: None


def freeze(now: Callable[[], None] = gc.freeze) -> None:
    """What is there stays, so that no collection of a seed looks through it."""
    gc.collect()
    now()


class Wake:
    """The lock that the log's thread sleeps on: to release it is to wake that thread."""

    def __init__(self) -> None:
        self.held, self.woken = False, lambda: None

    def acquire(self, timeout: float = -1) -> bool:
        self.held = True
        return True

    def locked(self) -> bool:
        return self.held

    def release(self) -> None:
        self.held = False
        self.woken()


class Thread:
    """The log's writer as timers of the loop: a group a while after it was asked for."""

    def __init__(self, target: Any, name: str, daemon: bool) -> None:
        self.writer, self.alive = target.__self__, False
        self.syncing: int | None = None  # the seq that a slow sync will make durable

    def start(self) -> None:
        self.alive, self.loop = True, asyncio.get_running_loop()
        self.writer.wake.woken = self.hurry
        self.sleep()

    def sleep(self) -> None:
        self.timer = self.loop.call_later(self.writer.group_s, self.work)

    def hurry(self) -> None:
        if self.syncing is None:
            self.timer.cancel()
            self.timer = self.loop.call_later(Machine.now.sync_s(), self.work)

    def work(self) -> None:
        self.writer.wake.held = True
        if not self.alive:
            return
        if slow_s := Machine.now.slow():
            self.begin(slow_s)
        else:
            self.writer.drain()
            self.sleep()

    def begin(self, slow_s: float) -> None:
        """A group that is written now, and long in coming to the disk."""
        writer, told, before = self.writer, self.writer.told, self.writer.durable
        writer.told = lambda: None
        writer.drain()
        self.syncing, writer.durable, writer.told = writer.durable, before, told
        self.timer = self.loop.call_later(slow_s, self.end)

    def end(self) -> None:
        self.writer.durable, self.syncing = self.syncing or 0, None
        self.writer.told()
        self.work()

    def is_alive(self) -> bool:
        return self.alive

    def join(self, timeout: float) -> None:
        self.timer.cancel()
        if self.syncing is not None:
            self.writer.durable = self.syncing
        self.writer.drain()
        self.alive = False


class Threads:
    """Stands for the module `threading` in storage/writer.py."""

    Lock, Thread = Wake, Thread


class Machine:
    now: "Machine"

    def __init__(self, seed: int | str, slow_s: float) -> None:
        from tests.simulation.disk import Platter
        from tests.simulation.eye import Eye, watch
        from tests.simulation.net import Net
        from tests.simulation.points import Points

        Machine.now = self
        CHANCE.seed(f"chance {seed}")
        random.seed(f"jitter {seed}")
        CLOCK.ns = 1_000_000_000
        self.rng = random.Random(f"machine {seed}")
        self.loop = Loop(CLOCK, seed)
        self.net, self.disk = Net(self.loop, seed, slow_s), Platter(seed)
        self.disk.install()
        self.locks: list[int] = []
        self.orders_left, self.ordered = 0, lambda: None  # so many orders until that is called
        self.eye = Eye(self.loop)
        self.points = Points(self)
        self.reached = self.disk.reached = self.points.reached
        self.install()
        watch(self)

    def install(self) -> None:
        import aiohappyeyeballs

        import daemon.main
        import storage.lock
        import storage.wal
        import storage.writer
        import venues.topstepx.simulator.server as server
        from tests.simulation.net import Socket

        aiohappyeyeballs.start_connection = self.net.start_connection
        storage.writer.threading = Threads
        os.close = self.close(getattr(os.close, "real", os.close))
        storage.lock.take = self.take(getattr(storage.lock.take, "real", storage.lock.take))
        storage.wal.Wal.append = self.append(getattr(storage.wal.Wal.append, "real", None))
        daemon.main.commit = lambda: "simulated"
        server.listen = lambda port, buffer: Socket(("127.0.0.1", 39_999))

    def append(self, real: Any) -> Any:
        """Tell of the orders that are logged."""
        from core.messages import ClosePosition, ModifyOrder, PlaceOrder
        from storage.wal import Wal

        real = real or Wal.append

        def append(wal: Any, record: Any) -> None:
            name = type(record.message).__name__
            self.reached(f"before {name}")
            real(wal, record)
            self.eye.logged(wal, record)
            self.reached(f"after {name}")
            if isinstance(record.message, (PlaceOrder, ModifyOrder, ClosePosition)):
                self.orders_left -= 1
                if self.orders_left == 0:
                    self.ordered()

        append.real = real
        return append

    def take(self, real: Any) -> Any:
        def take(directory: Any) -> int:
            fd = real(directory)
            self.locks.append(fd)
            return fd

        take.real = real
        return take

    def close(self, real: Any) -> Any:
        """A lock that is let go of is no longer for the end of its process to free."""

        def close(fd: int) -> None:
            if fd in self.locks:
                self.locks.remove(fd)
            real(fd)

        close.real = real
        return close

    def sync_s(self) -> float:
        return self.disk.sync_s * self.rng.uniform(0.5, 1.5)

    def slow(self) -> float:
        disk = self.disk
        return self.rng.uniform(0.3, 5) if disk.slow and self.rng.random() < disk.slow else 0.0

    def process(self, name: str, work: Any) -> asyncio.Task[Any]:
        """Run `work` as a process of its own."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, name)
        return self.loop.create_task(work, name=name, context=context)

    def crash(self, name: str, power: bool) -> None:
        self.loop.kill(name)
        self.net.bury(name, PROCESS)
        self.disk.power_cut() if power else self.disk.killed()
        for fd in list(self.locks):
            os.close(fd)
