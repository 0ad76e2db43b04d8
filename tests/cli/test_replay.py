"""A log decided again: no difference, or each difference and exit 1."""

import json
import shutil

import pytest
from msgspec.structs import replace

from core.messages import Intent
from tests.storage.logs import open_wal


def rewritten(records, folder, change):
    """The same log, in which the strategy wished for something else."""
    wal = open_wal(folder, run="r1", segment_mb=64)
    for record in records:
        wal.append(change(record))
    wal.close()


def test_a_log_of_this_code_has_no_difference(tradebot, log):
    folder, records = log
    assert tradebot("replay", "--wal", folder) == (
        0, f"{len(records) + 1} records, 0 differences\n", "",
    )  # fmt: skip
    out = tradebot("replay", "--wal", folder, "--json")[1]
    assert json.loads(out) == {"records": len(records) + 1, "differences": [], "cut_off": 0}


def test_an_answer_this_code_would_not_give_is_shown_and_exits_1(tradebot, log, tmp_path):
    wish = next(r for r in log[1] if isinstance(r.message, Intent))

    def change(record):
        other = replace(wish.message, confidence=0.123)
        return replace(record, message=other) if record is wish else record

    rewritten(log[1], tmp_path, change)
    code, out, _ = tradebot("replay", "--wal", tmp_path)
    assert code == 1 and f"record {wish.cause}, actor signals" in out
    assert '"confidence":0.123' in out.split("recorded")[1].split("replayed")[0]
    code, out, _ = tradebot("replay", "--wal", tmp_path, "--json")
    found = json.loads(out)["differences"]
    assert code == 1 and found[0]["actor"] == "signals" and len(found[0]["replayed"]) == 1


def test_what_a_crash_cut_off_is_counted_and_no_difference(tradebot, log, tmp_path):
    wish = next(r for r in log[1] if isinstance(r.message, Intent))
    rewritten([r for r in log[1] if r.seq < wish.seq], tmp_path, lambda record: record)
    code, out, _ = tradebot("replay", "--wal", tmp_path)
    assert code == 0 and "0 differences, 1 answers cut off by the end of the log" in out


@pytest.mark.parametrize(("name", "says"), [("none", "no such log"), ("file", "no such log")])
def test_no_log_is_one_line(tradebot, tmp_path, name, says):
    (tmp_path / "file").write_text("")
    code, out, err = tradebot("replay", "--wal", tmp_path / name)
    assert (code, out, err.count("\n")) == (2, "", 1) and says in err


def test_a_damaged_log_is_refused_with_its_place(tradebot, log, tmp_path):
    shutil.copytree(log[0], tmp_path / "wal")
    (segment,) = (tmp_path / "wal").glob("*.jsonl")
    raw = segment.read_bytes()
    segment.write_bytes(raw[:9000] + bytes([raw[9000] ^ 1]) + raw[9001:])
    code, out, err = tradebot("replay", "--wal", tmp_path / "wal")
    assert (code, out, err.count("\n")) == (74, "", 1) and f"{segment}:" in err
