"""A million records recovered without a snapshot: read and verified alone, then as a start does it,
folded while they are read. What the fold takes is the difference.

The log is the stored one of a real run again and again, each copy a little later than the one
before and a run of its own. RECORDS in the environment asks for another number.
"""

import logging
import os
import re
import resource
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import msgspec
import structlog
from msgspec.structs import replace

from core.clock import wall
from core.messages import Logged, Message, Record, RunStarted, SegmentOpened
from daemon import wiring
from daemon.report import Latency, Tally
from daemon.snapshots import resume
from storage.segments import read
from storage.wal import QUEUE_MAX, Wal
from tests.build import CONFIG
from tests.data.stored import unpack

MOVED = re.compile(r'("(?:segment|venue_id|trade_id)":|\b(?=\d{19}\b))([1-9]\d*)')
RECORDS = int(os.environ.get("RECORDS", "1000000"))


def copies(stored: list[Record], wal: Wal) -> Iterator[Record]:
    """The records as they follow in this log, each with its cause."""
    span = stored[-1].message.at - stored[0].message.at
    (run,) = {r.message.run for r in stored if isinstance(r.message, RunStarted)}
    seqs: dict[int, int] = {}
    for copy in range(RECORDS // len(stored) + 1):
        for one in stored:
            seqs[one.seq] = wal.seq + 1
            message = moved(one.message, copy, span, run)
            yield Record(wal.seq + 1, one.actor, one.cause and seqs[one.cause], message)


def moved(message: Message, copy: int, span: int, run: str) -> Message:
    """The message as a run of its own would have logged it: later, with ids of its own."""
    more = {"segment": copy, "venue_id": copy * 10**10, "trade_id": copy * 10**10}

    def later(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + (more[found[1][1:-2]] if found[1] else copy * span)}"

    text = msgspec.json.encode(message).decode().replace(run, f"{copy:08x}")
    return msgspec.json.decode(MOVED.sub(later, text), type=Logged)


def write(directory: Path, stored: list[Record]) -> None:
    wal = Wal.open(
        directory, run="01JD", account="a", settings=replace(CONFIG.log, ballast_mb=0),
        clock=time.time_ns,
    )  # fmt: skip
    for record in copies(stored, wal):
        wal.append(record)
        while len(wal.writer.queue) > QUEUE_MAX // 2:
            wal.writer.hurry()
            time.sleep(0.001)
        if wal.seq >= RECORDS:
            break
    wal.close()


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as name:
        stored = [line.record for line in read(unpack("whole", Path(name, "stored")))]
        write(Path(name, "wal"), [r for r in stored if not isinstance(r.message, SegmentOpened)])
        size = sum(path.stat().st_size for path in Path(name, "wal").glob("*.jsonl")) / 2**20
        told = timed("read", lambda: deque(read(Path(name, "wal")), maxlen=0))
        lines = islice(read(Path(name, "wal")), 100)
        some = [line.record for line in lines]
        rules = next(r.message.settings for r in some if isinstance(r.message, RunStarted))
        stages = [wiring.thinking(rules, wiring.load_model(CONFIG, wall())) for _ in range(2)]
        wiring.fold(stages[0], some)  # loads compiled code and model
        log, tally = SimpleNamespace(directory=Path(name, "wal"), seq=RECORDS), Tally(Latency())
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        told |= timed("recovered", lambda: resume(log, stages[1], tally))  # type: ignore[arg-type]
    rates = {f"read{unit}_records_per_s": RECORDS / told[f"read{unit}_s"] for unit in ("", "_cpu")}
    for unit in ("_s", "_cpu_s"):
        told[f"fold{unit}"] = told[f"recovered{unit}"] - told[f"read{unit}"]
    rates["fold_records_per_s"] = RECORDS / told["fold_s"]
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"records": float(RECORDS), "mib": size, "rss_mib": rss, **told, **rates}


def timed(what: str, work: Callable[[], object]) -> dict[str, float]:
    """Seconds by the clock, and of the processor alone, where others are at work beside it."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {f"{what}_s": time.perf_counter() - wall, f"{what}_cpu_s": time.process_time() - cpu}
