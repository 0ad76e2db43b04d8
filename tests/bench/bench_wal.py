"""The log: the cost of `append`, the wait of `durable` beside a bare fdatasync, how late the loop
is with and without some thousand records a second, the pace of replay.

The bare write, the bare fdatasync and `durable` take turns on the same directory (the current one,
not /tmp, which may be memory), so that a busy disk is busy for each of them.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import uvloop

from core.messages import Record
from storage.wal import Wal, read
from tests.build import CONFIG, bar, hold, place_order, prediction

ROUNDS, BURST, REPLAYED, TURNS = 500, 40, 100_000, 3_000


def percentiles(samples: list[float]) -> tuple[float, float]:
    cuts = quantiles(samples, n=100)
    return cuts[49], cuts[98]


async def appends(wal: Wal, messages: list, count: int) -> list[float]:
    """Microseconds of each append, with the writer's thread at work beside it."""
    taken = []
    for number in range(count):
        record = Record(wal.seq + 1, "signals", wal.seq, messages[number % len(messages)])
        start = time.perf_counter_ns()
        wal.append(record)
        taken.append((time.perf_counter_ns() - start) / 1e3)
        if number % BURST == 0:
            await asyncio.sleep(0.001)
    await wal.durable(wal.seq)
    return taken


async def durables(wal: Wal, directory: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of a bare append with fdatasync, and of `append` with `durable`, in turn."""
    fd = os.open(directory / "bare", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    line, bare, full = b"x" * 420 + b"\n", [], []
    for _ in range(ROUNDS):
        start = time.perf_counter_ns()
        os.write(fd, line)
        os.fdatasync(fd)
        bare.append((time.perf_counter_ns() - start) / 1e6)
        start = time.perf_counter_ns()
        wal.append(Record(wal.seq + 1, "executor", wal.seq, place_order()))
        await wal.durable(wal.seq)
        full.append((time.perf_counter_ns() - start) / 1e6)
    os.close(fd)
    return bare, full


async def turns(wal: Wal, messages: list, records: int) -> list[float]:
    """Milliseconds by which a turn of the loop due in one comes late, each with so many records."""
    late = []
    for _ in range(TURNS):
        start = time.perf_counter_ns()
        for number in range(records):
            wal.append(Record(wal.seq + 1, "signals", wal.seq, messages[number]))
        await asyncio.sleep(0.001)
        late.append((time.perf_counter_ns() - start) / 1e6 - 1)
    return late


def replay(directory: Path) -> float:
    start = time.perf_counter()
    count = sum(1 for _ in read(directory))
    return count / (time.perf_counter() - start)


async def measure(directory: Path) -> dict[str, float]:
    wal = Wal.open(
        directory / "wal", run="01JD", account="a", settings=CONFIG.log, clock=time.time_ns
    )
    messages = [bar(), prediction(), hold()] * 16 + [place_order()]
    await appends(wal, messages, 2_000)
    append_p50, append_p99 = percentiles(await appends(wal, messages, REPLAYED))
    bare, full = await durables(wal, directory)
    quiet, logging = await turns(wal, messages, 0), await turns(wal, messages, 5)
    wal.close()
    (bare_p50, bare_p99), (durable_p50, durable_p99) = percentiles(bare), percentiles(full)
    return {
        "append_p50_us": append_p50, "append_p99_us": append_p99,
        "durable_p50_ms": durable_p50, "durable_p99_ms": durable_p99,
        "fdatasync_p50_ms": bare_p50, "fdatasync_p99_ms": bare_p99,
        "durable_by_fdatasync_p50": durable_p50 / bare_p50,
        "turn_late_quiet_p99_ms": percentiles(quiet)[1],
        "turn_late_logging_p99_ms": percentiles(logging)[1],
        "replay_records_per_s": replay(directory / "wal"),
    }  # fmt: skip


def run() -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        return uvloop.run(measure(Path(directory)))  # as the daemon does
