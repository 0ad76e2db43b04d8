"""A log decided again: no difference, or each difference and exit 1."""

import json
import shutil

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from actors import guard, risk
from cli.logs import records_of
from core.clock import SECOND
from core.messages import Approved, Bar, Hold, Intent, Pulse, TradeClosed
from daemon import wiring
from daemon.build import folding
from daemon.snapshots import remembered
from storage import snapshot
from storage.line import stamp
from tests.build import flat
from tests.daemon.test_snapshots import fresh
from tests.data.stored import NAMES, unpack
from tests.storage.logs import open_wal


def rewritten(records, folder, change):
    """The same log, in which the strategy wished for something else."""
    wal = open_wal(folder, run="r1", segment_mb=64)
    for record in records:
        wal.append(change(record))
    wal.close()


def test_a_log_of_this_code_has_no_difference_and_no_loose_end(tradebot, log):
    folder, records = log
    bars, wishes = (sum(isinstance(r.message, k) for r in records) for k in (Bar, Intent))
    assert tradebot("replay", "--wal", folder) == (
        0,
        f"{len(records) + 1} records, 0 differences\n"
        f"{bars} Bars, 0 Predictions, {wishes} Intents ended in one reason each, 0 loose ends\n",
        "",
    )  # fmt: skip
    told = json.loads(tradebot("replay", "--wal", folder, "--json")[1])
    assert sum(told["chains"].pop("ends")["Bar"].values()) == bars
    assert told == {
        "records": len(records) + 1, "differences": [], "cut_off": 0,
        "chains": {"loose": [], "cut": 0},
    }  # fmt: skip


# Records that today's code answers otherwise, each on purpose: CHANGELOG.md. An exit that is under
# way at a start is begun anew, by the target; without a mark since the entry, that is its price.
# Drawdowns, told with an approval, count from equity without the 0.42 that closing costs.
CHANGED = {
    "killed": [(364, "risk"), (543, "executor")],
    "traded": [
        (6342, "risk"), (6590, "executor"), (6602, "executor"), (6852, "risk"), (6853, "executor"),
    ],
    "whole": [],
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_log_of_a_real_run_differs_where_it_should_and_has_no_loose_end(
    tradebot, tmp_path, name
):
    code, out, err = tradebot("replay", "--wal", unpack(name, tmp_path), "--json")
    told = json.loads(out)
    assert (code, told["chains"]["loose"], err) == (int(bool(CHANGED[name])), [], "")
    assert [(d["seq"], d["actor"]) for d in told["differences"]] == CHANGED[name]
    assert told["records"] == {"killed": 688, "traded": 7100, "whole": 14_990}[name]
    assert told["cut_off"] == int(name == "traded"), "it was cut behind a prediction"


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_stage_is_told_with_both_answers_and_the_input(
    tradebot, tmp_path, monkeypatch, name
):
    """The mutant plans for a dollar more of loss."""
    planned = guard.planned
    monkeypatch.setattr(guard, "planned", lambda *about: planned(*about) + 1)
    code, out, _ = tradebot("replay", "--wal", unpack(name, tmp_path), "--json")
    told = json.loads(out)
    assert code == 1
    verdicts = [d for d in told["differences"] if d["actor"] == "risk"]
    admitted = [d for d in verdicts if d["recorded"][0]["kind"] == "Approved"]
    assert len(admitted) == {"killed": 2, "traded": 3, "whole": 5}[name]
    for one in admitted:
        assert one["input"]["kind"] == "Intent"
        (then,), (now,) = one["recorded"], one["replayed"]
        assert (then["risk"], now["risk"]) == ("13.34", "14.34")


def test_an_answer_the_log_lacks_in_its_middle_is_a_difference(tradebot, tmp_path, monkeypatch):
    """The mutant says more than the old code did: nothing cut that off."""
    on = risk.Risk.on

    def talkative(stage, message):
        return [*on(stage, message), *([flat()] if isinstance(message, TradeClosed) else [])]

    monkeypatch.setattr(risk.Risk, "on", talkative)
    code, out, _ = tradebot("replay", "--wal", unpack("traded", tmp_path))
    assert code == 1 and "7100 records, 8 differences, 1 answers cut off" in out


@pytest.mark.parametrize("gone", [Hold, Intent, Approved])
def test_a_decision_without_an_answer_is_told_and_exits_1(tradebot, log, tmp_path, gone):
    lost = next(r for r in log[1] if isinstance(r.message, gone))
    rewritten(log[1], tmp_path, lambda r: replace(r, cause=None) if r is lost else r)
    code, out, _ = tradebot("replay", "--wal", tmp_path)
    kind = "Intent" if gone is Approved else "Bar"
    assert code == 1 and f"record {lost.cause}, {kind}: has no answer\n" in out
    assert f"record {lost.seq}, {gone.__name__}: answers record None, which is not there" in out


def test_an_answer_this_code_would_not_give_is_shown_and_exits_1(tradebot, log, tmp_path):
    wish = next(r for r in log[1] if isinstance(r.message, Intent))

    def change(record):
        other = replace(wish.message, confidence=0.123)
        return replace(record, message=other) if record is wish else record

    rewritten(log[1], tmp_path, change)
    code, out, _ = tradebot("replay", "--wal", tmp_path)
    assert code == 1 and f"record {wish.cause}, actor signals\n  input     " in out
    assert '"confidence":0.123' in out.split("recorded")[1].split("replayed")[0]
    code, out, _ = tradebot("replay", "--wal", tmp_path, "--json")
    found = json.loads(out)["differences"]
    assert code == 1 and found[0]["actor"] == "signals" and len(found[0]["replayed"]) == 1


def test_what_a_crash_cut_off_is_counted_and_no_difference(tradebot, log, tmp_path):
    wish = next(r for r in log[1] if isinstance(r.message, Intent))
    rewritten([r for r in log[1] if r.seq < wish.seq], tmp_path, lambda record: record)
    code, out, _ = tradebot("replay", "--wal", tmp_path)
    assert code == 0 and "0 differences, 1 answers cut off by the end of the log" in out


@pytest.mark.parametrize("name", ["none", "file", "."])
def test_no_log_is_one_line(tradebot, tmp_path, name):
    (tmp_path / "file").write_text("")
    code, out, err = tradebot("replay", "--wal", tmp_path / name)
    assert (code, out, err.count("\n")) == (2, "", 1) and "no such log" in err


def test_a_damaged_log_is_refused_with_its_place(tradebot, log, tmp_path):
    shutil.copytree(log[0], tmp_path / "wal")
    (segment,) = (tmp_path / "wal").glob("*.jsonl")
    raw = segment.read_bytes()
    segment.write_bytes(raw[:9000] + bytes([raw[9000] ^ 1]) + raw[9001:])
    code, out, err = tradebot("replay", "--wal", tmp_path / "wal")
    assert (code, out, err.count("\n")) == (74, "", 1) and f"{segment}:" in err


@pytest.fixture
def snapped(tmp_path):
    """A stored log with what a daemon of this code would have kept of it at two moments, at which
    nobody had anything left to say: seq and the time of the last bar."""
    folder = unpack("whole", tmp_path)
    records, found, begin = records_of(folder), [], 0
    stages = fresh(records)()
    for least in (9_000, 12_000):
        seq = next(r.seq for r in records[least:] if isinstance(r.message, Pulse)) - 1
        wiring.fold(stages, records[begin:seq])
        last = next(r.message for r in reversed(records[:seq]) if isinstance(r.message, Bar))
        state = {"build": folding(), "stages": remembered(stages), "last": to_builtins(last)}
        snapshot.save(folder, seq, state, 9)
        begin = seq
        found.append((seq, last.at))
    return folder, found


@pytest.mark.parametrize(("chosen", "seconds"), [(0, 0), (0, 60), (1, 0)])
def test_a_part_of_a_log_is_decided_again_from_the_snapshot_before_it(
    tradebot, snapped, chosen, seconds
):
    folder, found = snapped
    seq, at = found[chosen]
    code, out, err = tradebot("replay", "--wal", folder, "--since", stamp(at + seconds * SECOND))
    assert (code, err) == (0, f"replay: from behind record {seq:,}\n")
    assert out.startswith(f"{14_990 - seq} records, 0 differences\n") and ", 0 loose ends" in out


def test_what_differs_in_that_part_is_told(tradebot, snapped, monkeypatch):
    folder, ((seq, at), _) = snapped
    planned = guard.planned
    monkeypatch.setattr(guard, "planned", lambda *about: planned(*about) + 1)
    found = []
    for words in ((), ("--since", stamp(at))):
        code, out, _ = tradebot("replay", "--wal", folder, "--json", *words)
        found.append([d for d in json.loads(out)["differences"] if d["seq"] > seq])
        assert code == 1
    assert found[0] == found[1] != []


@pytest.mark.parametrize("build", ["", "another"])
def test_where_no_snapshot_before_it_holds_the_whole_log_is_decided_again(
    tradebot, snapped, monkeypatch, build
):
    folder, ((_, at), _) = snapped
    if build:
        monkeypatch.setattr("daemon.snapshots.folding", lambda: build)
    since = stamp(at if build else at - SECOND)
    code, out, err = tradebot("replay", "--wal", folder, "--since", since)
    assert (code, out.split(",")[0]) == (0, "14990 records")
    assert err == "replay: from the beginning, as no snapshot before holds\n"


def test_a_time_that_is_none_is_refused(tradebot, log):
    code, _, err = tradebot("replay", "--wal", log[0], "--since", "yesterday")
    assert (code, "yesterday is no time" in err) == (2, True)
