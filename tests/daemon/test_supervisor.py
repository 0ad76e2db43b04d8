import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from msgspec import Struct
from msgspec.structs import replace

from core.errors import EXIT_INTERNAL, EXIT_LOG, LogError
from core.messages import (
    ActorFailed,
    Command,
    Halted,
    Hold,
    Pulse,
    RunStarted,
)
from core.reasons import Reason
from daemon import snapshots
from daemon.actor import Actor
from daemon.supervisor import Escalated, Supervisor, contained
from storage import snapshot
from storage.wal import read
from tests import build
from tests.daemon.parts import Stage, bus, ticks, until, wal

LIMITS = replace(build.CONFIG.supervisor, restarts_max=2)


class Counting(Stage):
    """Its state is the number of pulses; it cannot bear the command `fail`."""

    def __init__(self):
        super().__init__((Pulse, Command))
        self.pulses = 0

    def on(self, message):
        if isinstance(message, Command):
            raise KeyError(message.why)
        self.pulses += 1
        return [build.hold(at=message.at)]


@asynccontextmanager
async def running(folder, names=("signals", "other"), built=Counting):
    """Actors under supervision, on a real log."""
    with wal(folder) as log:
        stages = {name: built() for name in names}
        hub = bus(stages, log)
        posted = []
        hub.watches.append(lambda actor, message, seq: posted.append((actor, message)))
        keeper = Supervisor(
            hub, log, folder, LIMITS, lambda: build.AT, stages, lambda name, last: built()
        )
        actors = {n: Actor(n, stages[n], hub.inboxes[n]) for n in names}
        tasks = {n: asyncio.create_task(keeper.keep(actors[n])) for n in names}
        try:
            yield hub, actors, tasks, posted
        finally:
            for task in tasks.values():
                task.cancel()
                with suppress(asyncio.CancelledError, Escalated):
                    await task


def kinds(posted, kind):
    return [message for _, message in posted if isinstance(message, kind)]


async def test_a_failed_stage_is_rebuilt_from_the_log_and_others_are_unharmed(tmp_path):
    async with running(tmp_path) as (hub, actors, _, posted):
        for tick in ticks(3):
            hub.post("clock", tick)
        await until(lambda: len(kinds(posted, Hold)) == 6)
        other = actors["other"].stage
        hub.inboxes["other"].closed = True  # it does not hear of the bad record
        hub.post("operator", build.command(why="fail"))
        await until(lambda: kinds(posted, ActorFailed))
        hub.inboxes["other"].closed = False
        hub.post("clock", ticks(1)[0])
        await until(lambda: len(kinds(posted, Hold)) == 8)
        assert actors["signals"].stage.pulses == 4
        assert (actors["other"].stage, other.pulses) == (other, 4)
        (failed,) = kinds(posted, ActorFailed)
        assert (failed.actor, failed.count, failed.reason) == ("signals", 1, Reason.SYS_ACTOR_CRASH)
        assert "KeyError" in failed.error and failed.seq > 3


class Kept(Struct):
    pulses: int = 0


class Remembering(Counting):
    """The same, with a memory that a snapshot keeps."""

    def __init__(self):
        self.memory = Kept()
        super().__init__()

    pulses = property(
        lambda self: self.memory.pulses, lambda self, n: setattr(self.memory, "pulses", n)
    )


@pytest.mark.parametrize("build_of, pulses", [(snapshots.folding(), 1004), ("another", 4)])
async def test_a_stage_is_rebuilt_from_the_newest_snapshot_of_this_build(
    tmp_path, build_of, pulses
):
    """What it holds is a thousand pulses more than the log: so it is seen which was read."""
    async with running(tmp_path, ("signals",), Remembering) as (hub, actors, _, posted):
        for tick in ticks(3):
            hub.post("clock", tick)
        await until(lambda: len(kinds(posted, Hold)) == 3)
        await hub.journal.durable(hub.journal.seq)
        state = {"build": build_of, "stages": {"signals": {"pulses": 1003}}, "last": None}
        snapshot.save(tmp_path, hub.journal.seq, state, 3)
        hub.post("operator", build.command(why="fail"))
        hub.post("clock", ticks(1)[0])
        await until(lambda: len(kinds(posted, Hold)) == 4)
        assert actors["signals"].stage.pulses == pulses


async def test_a_record_that_always_fails_is_left_out_of_the_rebuilding(tmp_path):
    async with running(tmp_path, ("signals",)) as (hub, actors, _, posted):
        hub.post("operator", build.command(why="one"))
        hub.post("clock", ticks(1)[0])
        hub.post("operator", build.command(why="two"))
        hub.post("clock", ticks(1)[0])
        await until(lambda: len(kinds(posted, Hold)) == 2)
        assert [failed.count for failed in kinds(posted, ActorFailed)] == [1, 2]
        assert actors["signals"].stage.pulses == 2


async def test_an_actor_over_its_budget_halts_trading_and_stays_down(tmp_path):
    async with running(tmp_path) as (hub, _, tasks, posted):
        hub.inboxes["other"].closed = True
        for _ in range(3):
            hub.post("operator", build.command(why="fail"))
        await until(lambda: kinds(posted, Halted))
        (halted,) = kinds(posted, Halted)
        assert halted.reason is Reason.SYS_ESCALATE and "signals" in halted.why
        await asyncio.wait_for(tasks["signals"], 1)
        for tick in ticks(1000):  # nobody reads them, and nothing overflows
            hub.post("clock", tick)


async def test_a_critical_actor_over_its_budget_ends_the_process(tmp_path):
    async with running(tmp_path, ("risk",)) as (hub, _, tasks, _):
        for _ in range(3):
            hub.post("operator", build.command(why="fail"))
        with pytest.raises(Escalated, match="risk keeps failing: KeyError") as caught:
            await asyncio.wait_for(tasks["risk"], 5)
        assert caught.value.code == EXIT_INTERNAL


async def test_what_has_no_stage_ends_the_process_with_one_line():
    async def group():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    async def fail():
        raise KeyError("x")

    with pytest.raises(Escalated, match="gateway failed: KeyError") as caught:
        await contained("gateway", group())
    assert caught.value.code == EXIT_INTERNAL


async def test_an_error_with_a_code_of_its_own_keeps_it():
    async def fail():
        raise ExceptionGroup("tasks", [LogError("disk")])

    with pytest.raises(LogError) as caught:
        await contained("gateway", fail())
    assert caught.value.code == EXIT_LOG


async def test_a_journal_refusing_a_message_is_the_actors_failure(tmp_path):
    bad = build.features(values=(float("nan"),))
    async with running(tmp_path, ("features",), lambda: Stage((Pulse,), lambda message: [bad])) as (
        hub,
        _,
        _,
        posted,
    ):
        hub.post("clock", ticks(1)[0])
        await until(lambda: kinds(posted, ActorFailed))
        assert "finite" in kinds(posted, ActorFailed)[0].error


async def test_answers_name_the_record_they_answer(tmp_path):
    async with running(tmp_path, ("signals",)) as (hub, _, _, posted):
        seq = hub.post("clock", ticks(1)[0])
        await until(lambda: kinds(posted, Hold))
        last = list(read(tmp_path))[-1] if hub.journal.close() is None else None
        assert (last.actor, last.cause, last.kind) == ("signals", seq, "Hold")


@pytest.mark.parametrize(("name", "halts"), [("risk", 1), ("executor", 1), ("signals", 0)])
async def test_a_critical_actor_that_misses_a_command_halts_trading_and_lives_on(
    tmp_path, name, halts
):
    async with running(tmp_path, (name,)) as (hub, _, tasks, posted):
        hub.post("operator", build.command(why="fail"))
        await until(lambda: kinds(posted, ActorFailed))
        hub.post("clock", ticks(1)[0])
        await until(lambda: kinds(posted, Hold))
        assert [h.reason for h in kinds(posted, Halted)] == [Reason.SYS_ESCALATE] * halts
        assert not tasks[name].done()


async def test_an_actor_that_misses_the_start_of_the_run_ends_the_process(tmp_path):
    def fail(message):
        raise KeyError("run")

    async with running(tmp_path, ("risk",), lambda: Stage((RunStarted,), fail)) as parts:
        hub, _, tasks, _ = parts
        hub.post("main", build.run_started())
        with pytest.raises(Escalated, match="risk keeps failing: KeyError"):
            await asyncio.wait_for(tasks["risk"], 5)
