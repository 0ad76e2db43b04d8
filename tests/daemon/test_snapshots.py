"""A snapshot is a shortcut: with the records after it, it leads where the whole log leads.

POINTS in the environment says at how many points of each stored log that is tried.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from cli.replay import records_of
from core.clock import wall
from core.messages import RunStarted
from daemon import wiring
from daemon.snapshots import remembered, restore
from storage.snapshot import arrays, canonical, sha256
from tests.build import CONFIG
from tests.data.stored import NAMES, unpack

ROOT = Path(__file__).parents[2]
POINTS = int(os.environ.get("POINTS", "6"))


def fresh(records):
    """Stages as a start builds them for this log, and how to build them again."""
    started = next(r.message for r in records if isinstance(r.message, RunStarted))
    needs = started.settings.signals.strategy == "model"
    thinker = wiring.load_model(CONFIG, wall()) if needs else None
    return lambda: wiring.thinking(started.settings, thinker)


def hash_of(stages):
    return sha256(canonical(remembered(stages)))


@pytest.mark.parametrize("name", NAMES)
def test_a_snapshot_at_any_point_and_the_rest_lead_where_the_whole_log_leads(tmp_path, name):
    records = records_of(unpack(name, tmp_path))
    build = fresh(records)
    whole = build()
    wiring.fold(whole, records)
    for point in random.Random(5).sample(range(len(records)), POINTS):
        first, second = build(), build()
        wiring.fold(first, records[:point])
        restore(second, arrays(json.loads(canonical(remembered(first)))))
        wiring.fold(second, records[point:])
        assert hash_of(second) == hash_of(whole), point


def test_a_fold_leads_to_the_same_state_under_any_hash_seed(tmp_path):
    """In processes of their own: sets and dicts are ordered otherwise in each."""
    unpack("killed", tmp_path)
    hashes = {
        subprocess.run(
            [sys.executable, "-m", "tests.daemon.test_snapshots", str(tmp_path)], cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(hashes) == 1 and len(hashes.pop().strip()) == 64


if __name__ == "__main__":
    RECORDS = records_of(Path(sys.argv[1]))
    FOLDED = fresh(RECORDS)()
    wiring.fold(FOLDED, RECORDS)
    print(hash_of(FOLDED))
