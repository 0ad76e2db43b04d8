"""What a run needs of the machine: Python, packages, a clock that is set, disks that sync."""

import ctypes
import importlib.metadata
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from core.config import Config

PACKAGES = (
    "aiohttp", "msgspec", "numba", "numpy", "onnxruntime", "orjson", "pyarrow", "rich",
    "signalrcore", "structlog", "uvloop",
)  # fmt: skip
PYTHON_MIN = (3, 11)
SYNC_SLOW_S = 0.05  # of one fsync: an order waits for one before it leaves
SYNCS = 5
STA_UNSYNC = 0x40  # adjtimex(2): no time service has set the clock lately


class Row(Struct, frozen=True):
    state: str  # ok, warn or FAIL
    check: str
    says: str
    do: str = ""


def program() -> Iterator[Row]:
    number = ".".join(map(str, sys.version_info[:3]))
    good = sys.version_info >= PYTHON_MIN
    yield Row("ok" if good else "FAIL", "python", number, "" if good else "use 3.11 or newer")
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Row("FAIL", "packages", f"missing: {', '.join(missing)}", "run `make` once more")
    else:
        yield Row("ok", "packages", ", ".join(found))


def clock() -> Row:
    """Does time only go forward, and does a time service hold the wall's clock?"""
    reads = [time.monotonic_ns() for _ in range(1000)]
    if any(later < earlier for earlier, later in pairwise(reads)):
        return Row("FAIL", "clock", "the monotonic clock goes back", "use another machine")
    kernel = (ctypes.c_byte * 256)()  # struct timex, all zero: only asks
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.adjtimex(ctypes.byref(kernel)) < 0:
        return Row("warn", "clock", "the kernel does not tell", "see that a time service runs")
    if ctypes.c_int.from_buffer(kernel, 40).value & STA_UNSYNC:
        do = "run chrony or systemd-timesyncd, if not the machine around this one does"
        return Row("warn", "clock", "no time service has set it", do)
    return Row("ok", "clock", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, held by a time service")


def disks(config: Config) -> Iterator[Row]:
    for name, wanted in (("state", config.paths.state), ("wal", config.paths.wal)):
        yield disk(f"disk {name}", Path(wanted), config)


def disk(check: str, wanted: Path, config: Config) -> Row:
    """Room, and how long a sync takes, tried on a file that never gets a name."""
    place = next(one for one in (wanted.absolute(), *wanted.absolute().parents) if one.exists())
    try:
        took = max(syncs(place))
    except OSError as error:
        return Row("FAIL", check, f"{place}: {error.strerror}", "let this user write there")
    free_mb = shutil.disk_usage(place).free >> 20
    says = f"{wanted}: {free_mb:,} MB free, slowest of {SYNCS} syncs {took * 1e3:.1f} ms"
    if took > config.log.sync_timeout_s:
        return Row("FAIL", check, says, "slower than log.sync_timeout_s: use another disk")
    if free_mb < config.log.ballast_mb:
        return Row("FAIL", check, says, "no room for log.ballast_mb: free some")
    if free_mb < config.log.free_min_mb:
        return Row("warn", check, says, "under log.free_min_mb: free some")
    if took > SYNC_SLOW_S:
        return Row("warn", check, says, "each order waits for one: use a faster disk")
    return Row("ok", check, says)


def syncs(place: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=place) as file:
        for _ in range(SYNCS):
            file.write(bytes(512))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            yield time.perf_counter() - began
