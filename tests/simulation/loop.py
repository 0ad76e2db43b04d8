"""An event loop whose time is its own and whose order of task steps is a seed's.

Nothing waits: when no task can go on, the time jumps to the next timer. Steps of tasks that are
ready together are shuffled; callbacks of transports are not, as asyncio relies on their order.
Everything runs for a *process*, which can be killed between two steps: nothing of it runs any more.
"""

import asyncio
import contextvars
import random
import time
from collections.abc import Callable
from typing import Any

PROCESS: contextvars.ContextVar[str] = contextvars.ContextVar("process", default="world")
WALL = 1_795_453_200_000_000_000  # 2026-11-23T17:00:00Z
STEP_NS = 20_000  # at most, of one round of the loop


class Time:
    """What the time functions say instead of the machine's."""

    def __init__(self) -> None:
        self.ns, self.wall = 1_000_000_000, WALL

    def install(self) -> None:
        """From now on for this whole interpreter; call it before anything of ours is imported."""
        time.monotonic = time.perf_counter = lambda: self.ns / 1e9
        time.monotonic_ns = time.perf_counter_ns = lambda: self.ns
        time.time = lambda: (self.wall + self.ns) / 1e9
        time.time_ns = lambda: self.wall + self.ns


class Numbered:
    """Sets of these are in an order that does not depend on where they lie in memory."""

    count = 0

    def number(self) -> int:
        if "number_of_birth" not in self.__dict__:
            Numbered.count += 1
            self.number_of_birth = Numbered.count
        return self.number_of_birth


class Task(asyncio.tasks._PyTask):
    __hash__ = Numbered.number


class Deadlock(Exception):
    """Nothing can ever happen again."""


class Idle:
    """A selector with nothing to select: waiting is the time passing."""

    def __init__(self, clock: Time) -> None:
        self.clock = clock

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        self.clock.ns += int(timeout * 1e9) + 1 if timeout > 0 else 0
        return []

    def close(self) -> None:
        pass


class Loop(asyncio.BaseEventLoop):
    def __init__(self, clock: Time, seed: int | str) -> None:
        super().__init__()
        self.clock, self.rng = clock, random.Random(f"steps {seed}")
        self._selector = Idle(clock)
        self.dead: set[str] = set()
        self.frozen: dict[str, list[asyncio.Handle]] = {}  # process -> what it would have done
        self.kept: list[object] = []  # tasks of the dead: their clean-up must never run
        self.rounds = 0
        self.set_task_factory(self.make)

    def make(self, loop: Any, coroutine: Any, **more: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = Task(coroutine, loop=loop, **more)
        task._log_destroy_pending = False
        self.kept.append(task)
        return task

    def kill(self, process: str) -> None:
        """Nothing of this process runs any more, not even its clean-up."""
        self.dead.add(process)
        for handle in (*self._ready, *self._scheduled):
            if handle._context.get(PROCESS) == process:
                handle.cancel()

    def freeze(self, process: str) -> None:
        """As SIGSTOP does: the time goes on, and what comes for it waits."""
        self.frozen[process] = []

    def thaw(self, process: str) -> None:
        self._ready.extend(self.frozen.pop(process))

    def lives(self, context: contextvars.Context | None) -> bool:
        here = PROCESS.get() if context is None else context.get(PROCESS, "world")
        return here not in self.dead

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        if not self.lives(context):
            return asyncio.Handle(callback, args, self, context)
        return super().call_soon(callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None):
        if not self.lives(context):
            return asyncio.TimerHandle(when, callback, args, self, context)
        return super().call_at(when, callback, *args, context=context)

    def _run_once(self) -> None:
        self.rounds += 1
        self.clock.ns += self.rng.randrange(1, STEP_NS)
        ready = self._ready
        places = [n for n, handle in enumerate(ready) if stepping(handle)]
        if len(places) > 1:
            mixed = [ready[n] for n in places]
            self.rng.shuffle(mixed)
            for n, handle in zip(places, mixed, strict=True):
                ready[n] = handle
        super()._run_once()

    def run_in_executor(self, executor: Any, work: Callable[..., Any], *args: Any) -> Any:
        """At once: there are no threads here."""
        future = self.create_future()
        try:
            future.set_result(work(*args))
        except Exception as error:  # noqa: BLE001
            future.set_exception(error)
        return future

    def _process_events(self, events: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class Held:
    """Keeps from running what belongs to a frozen process."""

    run = asyncio.Handle._run

    @staticmethod
    def install() -> None:
        def run(handle: Any) -> None:
            frozen = getattr(handle._loop, "frozen", None)
            if frozen and (held := frozen.get(handle._context.get(PROCESS))) is not None:
                held.append(handle)
            else:
                Held.run(handle)

        asyncio.Handle._run = run


def stepping(handle: Any) -> bool:
    return isinstance(getattr(handle._callback, "__self__", None), asyncio.tasks._PyTask)
