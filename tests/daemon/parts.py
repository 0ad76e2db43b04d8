"""What the tests of the daemon are made of: a real log, a bus on it, a scripted venue."""

import asyncio
from contextlib import contextmanager

from msgspec.structs import replace

from actors.pipeline import routes
from core.messages import Pulse, Record
from core.terms import Request
from daemon.bus import Bus, Inbox
from storage.disk import Disk
from storage.wal import Wal
from tests import build

RUN = "f00d"
LOG = replace(build.CONFIG.log, ballast_mb=0, group_s=0.01, sync_timeout_s=0.3)


@contextmanager
def wal(folder, settings=LOG, disk=None):
    log = Wal.open(
        folder, run=RUN, account="a" * 64, settings=settings, clock=lambda: build.AT,
        disk=disk or Disk(),
    )  # fmt: skip
    try:
        yield log
    finally:
        log.close()


class Memory:
    """A journal that keeps what it is told."""

    def __init__(self):
        self.records = []

    @property
    def seq(self):
        return len(self.records)

    def append(self, record):
        self.records.append(record)

    @property
    def messages(self):
        return [record.message for record in self.records]


def bus(stages, journal, depth=100, **more):
    """The bus of these stages; `more`: name of an actor without a stage -> what it takes."""
    table = routes(stages)
    for name, takes in more.items():
        for kind in takes:
            table.setdefault(kind, []).append(name)
    return Bus(table, {name: Inbox(name, depth) for name in (*stages, *more)}, journal)


class Stage:
    """Answers each message of `takes` by what `rule` says."""

    def __init__(self, takes, rule=lambda message: []):
        self.takes, self.rule, self.heard = takes, rule, []

    def on(self, message):
        self.heard.append(message)
        return self.rule(message)


class Venue:
    """Answers each request with what is next in `script`: messages, an exception, or a wait."""

    def __init__(self, *script):
        self.script, self.sent = list(script), []

    async def run(self, post):
        await asyncio.Event().wait()

    async def ready(self):
        pass

    async def answer(self, order, at):
        self.sent.append(order)
        what = self.script.pop(0) if self.script else []
        if isinstance(what, Exception):
            raise what
        return what

    place = cancel = modify = close_position = answer

    async def snapshot(self, since, at, day=0):
        answers = await self.answer(Request.PLACE, at)
        return answers[0]


def record(seq, message=None, actor="executor"):
    return Record(seq, actor, None, message or build.pulse())


def ticks(count):
    return [Pulse(build.AT + number) for number in range(count)]


async def until(what, limit_s=5.0):
    """Let the loop run until it is so."""
    async with asyncio.timeout(limit_s):
        while not what():
            await asyncio.sleep(0)
