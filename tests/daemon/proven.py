"""Evidence that is enough, and a folder in which every item is let pass by a person."""

import hashlib
from datetime import UTC, datetime

from daemon import golive
from daemon.build import build
from daemon.golive import Evidence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STRATEGY = "a strategy"
MODEL = hashlib.sha256(b"a model").hexdigest()
ENOUGH = {
    "sharpe": 1.5, "calmar": 0.8, "folds": 16.0, "accuracy": 0.65, "over_always_flat": 0.01,
    "balanced_accuracy_low": 0.4, "days": 15.0, "sessions": 11.0, "tests": 5.0, "failed": 0.0,
    "features_p99_ms": 0.2, "path_p99_ms": 1.0, "percent": 95.0,
}  # fmt: skip


def evidence(name, **changes):
    """What passes the gate, with those fields changed."""
    item = golive.ITEMS[name]
    fields = {
        "item": name, "at": "2026-11-20T10:00:00+00:00", "commit": "abc", "how": item.how,
        "of": item.of, "sha256": build() if item.of == golive.BUILD else MODEL,
        "values": {key: ENOUGH[key] for key, _, _ in item.rules},
        "strategy": STRATEGY if item.of == golive.MODEL else "",
    }  # fmt: skip
    return Evidence(**(fields | changes))


def prove(folder):
    for name in golive.ITEMS:
        golive.write(folder / f"{name}.json", evidence(name))


def let_pass(folder, model=""):
    """For tests of what comes after the gate."""
    for name in golive.ITEMS:
        golive.override(folder, name, "a test", "it trades with a simulator", build(), model)
    return folder
