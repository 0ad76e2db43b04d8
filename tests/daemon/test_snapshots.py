"""A snapshot is a shortcut: with the records after it, it leads where the whole log leads.

POINTS in the environment says at how many points of each stored log that is tried, DAMAGED how
often the newest snapshots are, HASHSEEDS under how many hash seeds each stored log is folded.
`python -m tests.daemon.test_snapshots LOG...` prints to what each of these logs folds.
"""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from actors.risk import Risk
from cli.logs import records_of
from core.clock import wall
from core.messages import Record, RunStarted
from daemon import wiring
from daemon.bus import Inbox
from daemon.report import Latency, Tally
from daemon.snapshots import Snapshots, remembered, restore, resume
from storage.snapshot import arrays, canonical, latest, names, save, sha256
from tests.build import CONFIG, SETTINGS, command, run_started
from tests.daemon.parts import LOG, until, wal
from tests.data.stored import NAMES, unpack

ROOT = Path(__file__).parents[2]
POINTS = int(os.environ.get("POINTS", "6"))
DAMAGED = int(os.environ.get("DAMAGED", "4"))
HASHSEEDS = int(os.environ.get("HASHSEEDS", "2"))


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
    asked = build()
    wiring.fold(asked, records, again=True)
    assert hash_of(asked) == hash_of(whole)
    for point in random.Random(5).sample(range(len(records)), POINTS):
        first, second = build(), build()
        wiring.fold(first, records[:point])
        restore(second, arrays(json.loads(canonical(remembered(first)))))
        wiring.fold(second, records[point:])
        assert hash_of(second) == hash_of(whole), point


@pytest.mark.parametrize(("ahead", "again"), [(1, True), (500, False)])
def test_a_start_reads_along_and_where_that_saw_too_little_reads_all(
    tmp_path, monkeypatch, ahead, again
):
    records = records_of(unpack("killed", tmp_path))
    build, folds, fold = fresh(records), [], wiring.fold
    whole, tally = build(), Tally(Latency())
    cut = [(d.actor, d.seq, m) for d in fold(whole, records) for m in d.unanswered]
    for record in records:
        tally.count(record.actor, record.message)
    said = []
    monkeypatch.setattr("daemon.snapshots.health.notify", said.append)
    monkeypatch.setattr("daemon.snapshots.SAID", 100)
    monkeypatch.setattr("daemon.snapshots.AHEAD", ahead)
    monkeypatch.setattr(wiring, "fold", lambda *of, **how: folds.append(how) or fold(*of, **how))
    stages, counts = build(), Tally(Latency())
    found = resume(SimpleNamespace(directory=tmp_path, seq=10**9), stages, counts)
    assert folds == [{"ahead": ahead}, {}][: 1 + again]
    assert hash_of(stages) == hash_of(whole) and found.cut == cut
    assert (counts.kinds, counts.trips) == (tally.kinds, tally.trips)
    assert [words.split()[-2] for words in said] == [
        f"{count:,}" for count in range(100, len(records) + 1, 100)
    ]  # systemd would take a start that says nothing for one that hangs
    assert said and all(words.startswith("EXTEND_TIMEOUT_USEC=") for words in said)


def test_what_is_oldest_before_a_snapshot_is_oldest_after_it():
    """What is kept for a while goes oldest first: booked trades, wishes, orders that ended."""
    stages, again = ({"risk": Risk(SETTINGS)} for _ in range(2))
    memory = stages["risk"].memory
    memory.book.trades = {number: number for number in (9, 10, 100, 2)}
    memory.controls.past.ids = dict.fromkeys(("f00d-i9", "f00d-i10", "aaaa-i1"))
    restore(again, arrays(json.loads(canonical(remembered(stages)))))
    back = again["risk"].memory
    assert list(back.book.trades) == [9, 10, 100, 2]
    assert list(back.controls.past.ids) == ["f00d-i9", "f00d-i10", "aaaa-i1"]


async def test_a_snapshot_of_another_build_is_passed_over(tmp_path, monkeypatch):
    """What that one did not know of would be taken for nothing, and its words for ours."""
    with wal(tmp_path) as log:
        for message in (run_started(settings=SETTINGS), command(name="pause")):
            log.append(Record(log.seq + 1, "test", None, message))
        for build, seq in ((None, log.seq), ("another", 0)):
            if build:
                monkeypatch.setattr("daemon.snapshots.folding", lambda: "another")
            stages = {"risk": Risk(SETTINGS)}  # it never heard of the pause
            await Snapshots(log, stages, {}, Tally(Latency()), LOG, None).take()
            monkeypatch.undo()
            assert resume(log, stages, Tally(Latency())).seq == seq
    assert stages["risk"].memory.paused


async def test_snapshots_wait_for_who_is_rebuilt_and_end_with_who_is_given_up(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("daemon.snapshots.PERIOD_S", 0.0)
    inbox, limits = Inbox("risk", 9), replace(LOG, snapshot_records=1)
    with wal(tmp_path) as log:
        kept = Snapshots(
            log, {"risk": Risk(SETTINGS)}, {"risk": inbox}, Tally(Latency()), limits, None
        )
        inbox.stuck_at = 1.0
        keeping = asyncio.create_task(kept.keep())
        log.append(Record(log.seq + 1, "test", None, command(name="pause")))
        for _ in range(9):
            await asyncio.sleep(0)
        assert not names(tmp_path)
        inbox.stuck_at = None
        await until(lambda: names(tmp_path))
        inbox.stuck_at = 2.0
        log.append(Record(log.seq + 1, "test", None, command(name="resume")))
        inbox.close()
        await asyncio.wait_for(keeping, 5)
        assert len(names(tmp_path)) == 1


def spoil(path, chance):
    """What may become of a file: gone, empty, half, zeroed, a bit flipped, another's content."""
    content = bytearray(path.read_bytes())
    where = chance.randrange(len(content))
    kind = chance.choice(("gone", "cut", "zeros", "flip", "strange"))
    path.unlink()
    if kind == "gone":
        return
    if kind == "flip":
        content[where] ^= 1 << chance.randrange(8)
    strange = b'{"v":1,"seq":9,"state":{},"state_sha256":""}\n'
    torn = {"cut": content[:where], "zeros": bytes(len(content)), "strange": strange}
    path.write_bytes(torn.get(kind, content))


@pytest.mark.parametrize("newest", [1, 2, 3])
def test_whatever_becomes_of_the_newest_an_older_one_or_the_log_leads_there(tmp_path, newest):
    records = records_of(unpack("killed", tmp_path / "wal"))
    build = fresh(records)
    points = [len(records) * part // 4 for part in (1, 2, 3)]
    whole, chance = build(), random.Random(newest)
    for since, end in pairwise([0, *points, len(records)]):
        wiring.fold(whole, records[since:end])
        if end in points:
            save(tmp_path / "good", end, remembered(whole), kept=3)
    for _ in range(DAMAGED):
        kept = Path(shutil.copytree(tmp_path / "good", tmp_path / "kept"))
        for path in names(kept)[:newest]:
            spoil(path, chance)
        found, _ = latest(kept)
        stages = build()
        if found is not None:
            restore(stages, found.state)
        wiring.fold(stages, records[found.seq if found else 0 :])
        assert found is None or found.seq in points
        assert hash_of(stages) == hash_of(whole)
        shutil.rmtree(kept)


@pytest.mark.parametrize("name", NAMES)
def test_a_fold_leads_to_the_same_state_under_any_hash_seed(tmp_path, name):
    """In processes of their own: sets and dicts are ordered otherwise in each."""
    unpack(name, tmp_path)
    seeds = random.Random(name).sample(range(2**32), HASHSEEDS)
    hashes = {
        subprocess.run(
            [sys.executable, "-m", "tests.daemon.test_snapshots", str(tmp_path)], cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": str(seed)}, check=True, text=True,
            capture_output=True,
        ).stdout
        for seed in seeds
    }  # fmt: skip
    assert len(hashes) == 1 and len(hashes.pop().strip()) == 64


if __name__ == "__main__":
    for LOG in sys.argv[1:]:
        RECORDS = records_of(Path(LOG))
        FOLDED = fresh(RECORDS)()
        wiring.fold(FOLDED, RECORDS)
        print(hash_of(FOLDED))
