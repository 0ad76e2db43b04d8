"""Stories in tests/scenarios/*.jsonl: what is heard, second by second, and each answer to it.

The first line says what the story is about and which settings differ. Each other line is one
message (`in`, a builder of tests/build.py; `with`, what differs from it) at `t` seconds after the
start, and `out`, all that risk, executor and recovery say to it: kind and the fields that matter.
Every story begins with a run that has started, agreed with an empty account, and may trade.
"""

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from actors.executor import Executor
from actors.pipeline import pump
from actors.recovery import Recovery
from actors.risk import Risk
from core.messages import Fill, Logged, Message
from core.terms import VenueOrder
from tests import build

STORIES = sorted((Path(__file__).parent / "scenarios").glob("*.jsonl"))
START = build.AT // build.SECOND * build.SECOND - 5 * 3600 * build.SECOND
PARTS = {"orders": (build.venue_order, VenueOrder), "fills": (build.fill, Fill)}
EMPTY = {"position": 0, "average": None, "orders": [], "fills": []}
PRELUDE = (
    (0, "run_started", {"run": "r1"}),
    (0, "feed_state", {"link": "user"}),
    (0, "feed_state", {"link": "market"}),
    (0, "account_snapshot", {**EMPTY, "balance": "1000.00"}),
    (0, "session_opened", {"trade_date": "2026-11-20"}),
)


def told(default, changes, kind):
    return msgspec.convert({**msgspec.to_builtins(default), **changes}, kind, strict=False)


def message(t, name, changes, settings) -> Message:
    changes = {**changes, "at": START + int(t * build.SECOND)}
    for part, (builder, kind) in PARTS.items():
        rows = [told(builder(at=changes["at"]) if part == "fills" else builder(), row, kind)
                for row in changes.get(part, ())]  # fmt: skip
        changes[part] = msgspec.to_builtins(rows)
    default = getattr(build, name)()
    if name == "intent":
        changes.setdefault("expires_at", changes["at"] + 2 * build.SECOND)
    if name == "run_started":
        return replace(default, at=changes["at"], run=changes["run"], settings=settings)
    return told(default, changes, Logged)


def settings_of(header):
    parts = {
        name: replace(getattr(build.SETTINGS, name), **values)
        for name, values in header.get("settings", {}).items()
    }
    return replace(build.SETTINGS, **parts)


def answers(stages, heard):
    said = [told for _, told in pump(stages, [heard])]
    return [msgspec.to_builtins(answer) for answer in said[1:]]


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_goes_as_it_is_told(path):
    header, *lines = (json.loads(line) for line in path.read_text().splitlines())
    settings = settings_of(header)
    stages = {
        "risk": Risk(settings), "executor": Executor(settings), "recovery": Recovery(settings),
    }  # fmt: skip
    for t, name, changes in PRELUDE:
        answers(stages, message(t, name, changes, settings))
    for number, line in enumerate(lines, 2):
        heard = message(line["t"], line["in"], line.get("with", {}), settings)
        said = answers(stages, heard)
        expected = line["out"]
        wanted = zip(said, expected, strict=False)
        shown = [{key: answer.get(key) for key in want} for answer, want in wanted]
        assert shown == expected, f"line {number}: {line['in']}"
        assert len(said) == len(expected), f"line {number}: {said[len(expected) :]}"


def test_there_are_stories():
    assert len(STORIES) >= 10
