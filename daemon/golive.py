"""The go-live gate: what must be proven before real orders, of this build and this model.

Evidence is a folder of JSON files, one an item: when, by which commit and command, of what (the
sha256 of the build, or of the model's manifest and of what the strategy makes of it), and the
values that were measured. Whether they are enough is judged here, never told by the file. An item
that is not met is overridden only by a named person with a reason, for this build and model, and
each such word goes into the log.
"""

import hashlib
import json
import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from core.errors import ConfigError, UsageError
from core.settings import Settings
from daemon.logs import escaped
from storage.disk import Disk, write_file

OVERRIDES = "overrides"
# What wishes, when and how much. Limits only forbid, and a walk may have to set one aside.
WISHES = ("instrument", "bars", "signals", "stops", "sizing", "session")
BUILD, MODEL = "build", "model"
FINE = ("tests", ">=", 1.0), ("failed", "<=", 0.0)  # of an item that tests prove
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip

Rule = tuple[str, str, float]


class Item(Struct, frozen=True):
    what: str
    of: str  # what it was measured on, and must be the same now
    rules: tuple[Rule, ...]  # all must hold: value, comparison, bound
    how: str  # to make the evidence


TESTS = "python -m tests.evidence"
ITEMS: dict[str, Item] = {
    "walk_forward": Item(
        "the stitched tests of a walk-forward earn enough for their risk", MODEL,
        (("sharpe", ">", 1.0), ("calmar", ">", 0.5), ("folds", ">=", 1.0)),
        "tradebot walk-forward --evidence",
    ),
    "skill": Item(
        "it foresees better than always FLAT, and than chance by a 95 % bound", MODEL,
        (("accuracy", ">", 0.52), ("over_always_flat", ">", 0.0),
         ("balanced_accuracy_low", ">", 1 / 3)),
        "tradebot walk-forward --evidence",
    ),
    "paper": Item(
        "two weeks of paper trading", MODEL, (("days", ">=", 14.0), ("sessions", ">=", 8.0)),
        "tradebot gate --log DIR",
    ),
    "limits": Item("every risk limit holds", BUILD, FINE, TESTS),
    "end_of_day": Item("flat at the end of the day", BUILD, FINE, TESTS),
    "latency": Item(
        "features and model answer in time", BUILD,
        (("features_p99_ms", "<", 5.0), ("path_p99_ms", "<", 10.0)), TESTS,
    ),
    "lookahead": Item("no feature or label sees what is not yet known", BUILD, FINE, TESTS),
    "coverage": Item("the tests run the code", BUILD, (("percent", ">", 80.0),), TESTS),
    "reconnection": Item("lost connections come back, and nothing is sent twice", BUILD, FINE,
                         TESTS),
    "kill_switch": Item("a kill flattens, and outlives a restart", BUILD, FINE, TESTS),
}  # fmt: skip


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    item: str
    at: str  # ISO, UTC
    commit: str
    how: str  # the command
    of: str  # "build" or "model"
    sha256: str
    values: dict[str, float | None]
    strategy: str = ""  # of a model: what made wishes of its predictions
    data: str = ""  # name and sha256 of the bars, for the reader


class Override(Struct, frozen=True, forbid_unknown_fields=True):
    item: str
    at: str
    by: str
    why: str
    build: str
    model: str


class Finding(Struct, frozen=True):
    item: str
    met: bool
    why: str  # what was measured, or what is wrong with it
    override: Override | None

    @property
    def open(self) -> bool:
        return not self.met and self.override is None


def strategy_of(settings: Settings) -> str:
    """sha256 of all that makes a wish of a prediction."""
    parts = [getattr(settings, name) for name in WISHES]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def judge(folder: Path, build: str, model: str, strategy: str, now: datetime) -> list[Finding]:
    """Every item of the list, against this build, this model (empty: none is used) and strategy."""
    return [
        Finding(name, *judged(folder / f"{name}.json", name, build, model, strategy, now),
                overridden(folder, name, build, model))
        for name in ITEMS
    ]  # fmt: skip


def judged(
    path: Path, name: str, build: str, model: str, strategy: str, now: datetime
) -> tuple[bool, str]:
    item = ITEMS[name]
    found = load(path, Evidence)
    if found is None:
        return False, f"no evidence: {item.how}"
    if isinstance(found, str):
        return False, found
    subject = build if item.of == BUILD else model
    if (found.item, found.of) != (name, item.of):
        return False, f"{path.name} is of {found.item} and {found.of}"
    if not subject or found.sha256 != subject:
        return False, f"measured on another {item.of}, {found.sha256[:12]}: {item.how}"
    if item.of == MODEL and found.strategy != strategy:
        return False, f"measured with another strategy, {', '.join(WISHES)}: {item.how}"
    if moment(found.at) is None or moment(found.at) > now:  # type: ignore[operator]
        return False, f"dated {found.at}"
    told = ", ".join(f"{key} {shown(found.values.get(key))}" for key, _, _ in item.rules)
    broken = [rule for rule in item.rules if not holds(found.values, rule)]
    wanted = ", ".join(f"{key} {sign} {bound:g}" for key, sign, bound in broken)
    told += f", over {found.data}" if found.data else ""
    return not broken, told if not broken else f"{told}: wanted {wanted}"


def holds(values: dict[str, float | None], rule: Rule) -> bool:
    key, sign, bound = rule
    value = values.get(key)
    return value is not None and math.isfinite(value) and COMPARE[sign](value, bound)


def shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def load(path: Path, kind: type[Any]) -> Any:
    """What the file holds; None if there is none, and a sentence if it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path.name} cannot be read: {error.strerror}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"{path.name} is no evidence: {error}"


def overridden(folder: Path, name: str, build: str, model: str) -> Override | None:
    found = load(folder / OVERRIDES / f"{name}.json", Override)
    if not isinstance(found, Override) or found.item != name:
        return None
    same = (found.build, found.model) == (build, model)
    return found if same and found.by.strip() and found.why.strip() else None


def override(folder: Path, name: str, by: str, why: str, build: str, model: str) -> None:
    """Let one item pass, in a person's name. Raises UsageError."""
    if name not in ITEMS:
        raise UsageError(f"{name}: not an item of the gate: {', '.join(ITEMS)}")
    if not by.strip() or not why.strip():
        raise UsageError("an override needs --by NAME and --why TEXT")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    by, why = escaped(by), escaped(why)  # each on its line, where the log is read
    write(folder / OVERRIDES / f"{name}.json", Override(name, now, by, why, build, model))


def write(path: Path, told: Struct) -> None:
    """Whole or not at all: another process may read it. Raises UsageError."""
    text = json.dumps(msgspec.to_builtins(told), indent=2, allow_nan=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode(), Disk())
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None


def refuse_unproven(folder: Path, build: str, model: str, strategy: str) -> list[Override]:
    """Raises ConfigError while an item is open; the overrides that a live start stands on."""
    found = judge(folder, build, model, strategy, datetime.now(UTC))
    if missing := [finding.item for finding in found if finding.open]:
        raise ConfigError(f"run.mode: live is not proven: {', '.join(missing)}: see tradebot gate")
    return [f.override for f in found if not f.met and f.override is not None]
