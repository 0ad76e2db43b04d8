"""The state of the stages at one seq, so that a start need not fold the whole log.

`snap-000000048213.json` holds {v, seq, state, state_sha256} and is written whole or not at all. A
snapshot is a shortcut, never the truth: a bad one is passed over for an older one, or for the log.
Take one only of a seq that is durable. The state is plain JSON data with text as keys; numpy arrays
may stand anywhere in it and come back bit for bit.
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.errors import LogError
from storage.disk import Disk, make_directory, write_file

VERSION = 1
_NAME = re.compile(r"snap-(\d{12})\.json")


class Snapshot(NamedTuple):
    seq: int  # the last record that is in it
    state: dict[str, Any]


def save(
    directory: Path, seq: int, state: dict[str, Any], kept: int, disk: Disk | None = None
) -> Path:
    """Write it durably, then remove all but the newest `kept`. Raises LogError."""
    disk = disk or Disk()
    path = directory / f"snap-{seq:012d}.json"
    try:
        body = canonical(state)
    except (TypeError, ValueError) as error:
        raise LogError(f"snapshot of {seq}: no plain data: {error}") from None
    whole = f'{{"v":{VERSION},"seq":{seq},"state":{body},"state_sha256":"{sha256(body)}"}}\n'
    try:
        make_directory(directory, disk)
        write_file(path, whole.encode(), disk)
        for old in names(directory)[kept:]:
            disk.unlink(old)
        disk.fsync_dir(directory)
    except OSError as error:
        raise LogError(f"snapshot of {seq}: {error}") from None
    return path


def latest(directory: Path) -> tuple[Snapshot | None, list[str]]:
    """The newest one that holds, and what is wrong with each newer one."""
    bad: list[str] = []
    for path in names(directory):
        try:
            return load(path), bad
        except LogError as error:
            bad.append(str(error))
    return None, bad


def load(path: Path) -> Snapshot:
    """One snapshot. Raises LogError when it does not hold."""
    try:
        whole = json.loads(path.read_bytes())
        version, seq, state = whole["v"], whole["seq"], whole["state"]
        held = whole["state_sha256"] == sha256(canonical(state))
    except OSError as error:
        raise LogError(f"{path}: {error}") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise LogError(f"{path}: not a snapshot") from None
    if version != VERSION:
        raise LogError(f"{path}: version {version} is not this program's {VERSION}")
    if not held or path.name != f"snap-{seq:012d}.json":
        raise LogError(f"{path}: changed since it was written")
    return Snapshot(seq, arrays(state))


def names(directory: Path) -> list[Path]:
    """The snapshots that are there, the newest first."""
    if not directory.is_dir():
        return []
    return sorted((p for p in directory.iterdir() if _NAME.fullmatch(p.name)), reverse=True)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(state: dict[str, Any]) -> str:
    """The one way to write this state. Keys keep their order: what is oldest is forgotten first."""
    return json.dumps(state, separators=(",", ":"), allow_nan=False, default=as_plain)


def as_plain(value: object) -> dict[str, Any]:
    """An array as its dtype, shape and bytes."""
    if not isinstance(value, np.ndarray) or value.dtype.hasobject:
        raise TypeError(f"{type(value).__name__} {value!r:.60}")
    content = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"__array__": content, "dtype": value.dtype.str, "shape": list(value.shape)}


def arrays(value: Any) -> Any:
    """The state again, from what `as_plain` made of it."""
    if isinstance(value, list):
        return [arrays(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "__array__" not in value:
        return {key: arrays(item) for key, item in value.items()}
    flat = np.frombuffer(base64.b64decode(value["__array__"]), dtype=np.dtype(value["dtype"]))
    return flat.reshape(value["shape"]).copy()
