"""Where the log left off: the stages folded from the newest good snapshot and the records after it.

A snapshot is taken when no actor has anything waiting, so that every stage stands at the same
record. It is a shortcut only: without any, the fold begins at the first record. One that other
folding code took is passed over: what a stage remembers is its own, and a fold brings it to what
this one does.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from actors.features import Catalogue
from actors.replay import Difference, Late
from core.config import Log
from core.errors import LogError
from core.messages import Bar, Message, Record, Stage, TradeClosed
from core.settings import Settings
from daemon import health, wiring
from daemon.build import folding
from daemon.bus import Inbox
from daemon.report import Tally
from storage import snapshot
from storage.wal import Line, Wal, read

log = structlog.get_logger("tradebot")
PERIOD_S = 1.0  # also until no actor waits to be rebuilt
SAID = 100_000  # records read between two words of it
AHEAD = 20_000  # records: no actor that works is so far behind


class Resumed(Struct):
    last: Bar | None  # the grid of bars goes on from here
    cut: list[tuple[str, int | None, Message]]  # answers that a crash cut off the log
    seq: int  # the snapshot that was used; 0 none


def resume(wal: Wal, stages: wiring.Stages, tally: Tally) -> Resumed:
    """Bring stages and tally to the end of the log."""
    found = newest(wal.directory, stages, wal.seq)
    last, seq, before = None, 0, remembered(stages)
    if found is not None:
        before = found.state["stages"]
        restore(stages, before)
        recount(tally, found.state["tally"])
        last, seq = last_bar(found), found.seq
    lines = enumerate(read(wal.directory, after_seq=seq), 1)

    def told() -> Iterator[Record]:
        nonlocal last
        for count, line in lines:
            record = line.record
            if not count % SAID:
                log.info("reading the log", records=count)
                health.more_time(f"reading the log: {count:,} records")
            tally.count(record.actor, record.message)
            last = record.message if isinstance(record.message, Bar) else last
            yield record

    cut: list[tuple[str, int | None, Message]] = []
    for difference in folded(stages, before, told, lambda: read(wal.directory, after_seq=seq)):
        if not difference.unanswered:
            log.warning("this code would have answered otherwise", record=difference.seq)
        cut += [(difference.actor, difference.seq, m) for m in difference.unanswered]
    return Resumed(last, cut, seq)


def newest(directory: Path, stages: wiring.Stages, until: int) -> snapshot.Snapshot | None:
    """The one to go on from: of this folding code and these stages, of no record behind `until`."""
    found, bad = ours(directory)
    for text in bad:
        log.warning("a snapshot is bad, an older one or the log serves", why=text)
    if found is None or found.seq > until:
        return None
    same = set(found.state["stages"]) == {name for name in stages if remembers(name, stages[name])}
    return found if same else None


def ours(directory: Path) -> tuple[snapshot.Snapshot | None, list[str]]:
    """The newest snapshot that is whole, if this code took it; what is wrong with newer ones."""
    found, bad = snapshot.latest(directory)
    return (found if found and own(found) else None), bad


def own(found: snapshot.Snapshot) -> bool:
    """This code would have folded the same."""
    return bool(found.state.get("build") == folding())


def before(directory: Path, at: int) -> snapshot.Snapshot | None:
    """The newest one that this code took no later than with that moment's bar."""
    for path in snapshot.names(directory):
        try:
            found = snapshot.load(path)
        except LogError:
            continue
        if own(found) and (bar := last_bar(found)) and bar.at <= at:
            return found
    return None


def settings_of(found: snapshot.Snapshot) -> Settings:
    return msgspec.convert(found.state["stages"]["risk"]["settings"], Settings, str_keys=True)


def last_bar(found: snapshot.Snapshot) -> Bar | None:
    return msgspec.convert(found.state["last"], Bar | None)


def folded(
    stages: wiring.Stages, before: dict[str, Any], told: Callable[[], Iterator[Record]],
    lines: Callable[[], Iterator[Line]],
) -> list[Difference]:  # fmt: skip
    """Fold while reading: a million records at once fit no cache, and not every memory. Where an
    actor was farther behind the others than is looked ahead, once more with all of them, from what
    the stages remembered `before`."""
    try:
        return wiring.fold(stages, told(), ahead=AHEAD)
    except Late:
        deque(told(), maxlen=0)  # the rest is counted, too
        restore(stages, before)
        return wiring.fold(stages, [line.record for line in lines()])


class Snapshots:
    def __init__(
        self, wal: Wal, stages: wiring.Stages, inboxes: dict[str, Inbox], tally: Tally, limits: Log,
        last: Bar | None,
    ) -> None:  # fmt: skip
        self.wal, self.stages, self.inboxes = wal, stages, inboxes
        self.tally, self.limits = tally, limits
        self.last = last
        self.taken = wal.seq
        self.build = folding()  # now: its files may be another's when a snapshot is taken

    def watch(self, actor: str, message: Message, seq: int) -> None:
        if type(message) is Bar:
            self.last = message

    async def keep(self) -> None:
        """Take one each `snapshot_records`, until cancelled or an actor is given up: from then on
        that one stands at an older record than the others."""
        while not any(inbox.closed for inbox in self.inboxes.values()):
            await asyncio.sleep(PERIOD_S)
            due = self.wal.seq - self.taken >= self.limits.snapshot_records
            if due and not any(inbox.busy for inbox in self.inboxes.values()):
                await self.take()

    async def take(self) -> None:
        """All stages at this record. A snapshot that fails costs a longer fold, nothing else."""
        seq = self.taken = self.wal.seq
        state = {
            "build": self.build,
            "stages": remembered(self.stages),
            "tally": counted(self.tally),
            "last": msgspec.to_builtins(self.last),
        }
        try:
            await self.wal.durable(seq)
            kept = self.limits.snapshots_kept
            await asyncio.to_thread(snapshot.save, self.wal.directory, seq, state, kept)
        except LogError as error:
            log.warning("no snapshot", why=str(error))


def remembered(stages: wiring.Stages) -> dict[str, Any]:
    """What each stage that remembers anything remembers, as plain data and arrays."""
    plain: dict[str, Any] = {}
    for name, stage in stages.items():
        if isinstance(stage, Catalogue):
            plain[name] = stage.state()
        elif remembers(name, stage):
            plain[name] = msgspec.to_builtins(stage.memory, str_keys=True)  # type: ignore[attr-defined]
    return plain


def remembers(name: str, stage: Stage) -> bool:
    """Not the market: it takes raw ticks, which no log has, and begins anew."""
    kept = isinstance(stage, Catalogue) or getattr(stage, "memory", None) is not None
    return kept and name != "market"


def restore(stages: wiring.Stages, plain: dict[str, Any]) -> None:
    for name, state in plain.items():
        stage: Stage = stages[name]
        if isinstance(stage, Catalogue):
            stage.restore(state)
        else:
            kind = type(stage.memory)  # type: ignore[attr-defined]
            stage.memory = msgspec.convert(state, kind, str_keys=True)  # type: ignore[attr-defined]


def counted(tally: Tally) -> dict[str, Any]:
    return {
        "kinds": dict(tally.kinds),
        "reasons": dict(tally.reasons),
        "signals": tally.signals,
        "trips": msgspec.to_builtins(tally.trips),
    }


def recount(tally: Tally, plain: dict[str, Any]) -> None:
    tally.kinds, tally.reasons = Counter(plain["kinds"]), Counter(plain["reasons"])
    tally.signals = plain["signals"]
    tally.trips = msgspec.convert(plain["trips"], list[TradeClosed])
