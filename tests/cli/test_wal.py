import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main
from cli.wal import growing
from core.errors import EXIT_DIFFERENCE, EXIT_OK, EXIT_USAGE
from storage.segments import segments
from tests import build
from tests.storage.logs import append, fill_log, open_wal

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests/golden/wal-v1"


def run(capsys, *words):
    code = main(["wal", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def cut(directory, count):
    (path,) = directory.glob("*.jsonl")
    os.truncate(path, path.stat().st_size - count)


def test_verify_counts_what_is_there(capsys):
    code, out, err = run(capsys, "verify", "--wal", GOLDEN)
    assert (code, err) == (EXIT_OK, "")
    assert out == f"{GOLDEN}: clean: 2 segments, 41 records, seq 1 to 41\n"


def test_verify_changes_nothing(tmp_path, capsys):
    fill_log(tmp_path, 9)
    cut(tmp_path, 9)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    run(capsys, "verify", "--wal", tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_verify_tells_torn_from_corrupt_with_file_and_offset(tmp_path, capsys):
    lines = fill_log(tmp_path, 9)
    (path,) = tmp_path.glob("*.jsonl")
    cut(tmp_path, 9)
    code, out, _ = run(capsys, "verify", "--wal", tmp_path)
    assert code == EXIT_DIFFERENCE
    assert "torn: 1 segments, 8 records, seq 1 to 8" in out
    assert f"{path}:{sum(map(len, lines[:8]))}: the last" in out
    path.write_bytes(b"".join(lines[:3] + lines[4:]))
    code, out, _ = run(capsys, "verify", "--wal", tmp_path, "--json")
    assert code == EXIT_DIFFERENCE
    answer = json.loads(out)
    assert (answer["state"], answer["records"]) == ("corrupt", 3)
    assert answer["where"].startswith(f"{path}:{sum(map(len, lines[:3]))}: seq 5 follows 3")


@pytest.mark.parametrize("verb", ["tail", "stats"])
def test_what_was_not_all_read_is_told_and_is_exit_1(tmp_path, capsys, verb):
    lines = fill_log(tmp_path, 9)
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(b"".join(lines[:3] + lines[4:]))
    code, out, err = run(capsys, verb, "--wal", tmp_path, "--json")
    found = json.loads(out)
    assert (len(found["records"]) if verb == "tail" else sum(found["actor"].values())) == 3
    assert code == EXIT_DIFFERENCE and "seq 5 follows 3" in err and err.count("\n") == 1
    path.write_bytes(b"".join(lines)[:-1])  # what a kill cut off is no damage
    assert run(capsys, verb, "--wal", tmp_path)[0] == EXIT_OK


def test_half_a_line_of_a_live_daemon_is_no_damage(tmp_path, capsys):
    wal = open_wal(tmp_path)
    append(wal, build.pulse())
    wal.writer.hurry()
    while wal.writer.durable < wal.seq:
        pass
    (path,) = tmp_path.glob("*.jsonl")
    with path.open("ab") as stream:
        stream.write(b'{"v":1,"se')
    code, out, _ = run(capsys, "verify", "--wal", tmp_path)
    assert code == EXIT_OK
    assert "open: 1 segments, 2 records" in out and "a daemon is writing" in out
    code, out, err = run(capsys, "tail", "--wal", tmp_path)
    assert out.count("\n") == 2 and not err
    wal.close()


def test_tail_shows_the_newest_with_their_numbers(capsys):
    code, out, _ = run(capsys, "tail", "--wal", GOLDEN, "-n", 3)
    assert code == EXIT_OK
    last = out.splitlines()
    assert len(last) == 3
    assert last[-1].split() == [
        "2026-11-20", "20:33:46.123", "41", "risk", "RunEnded", "SYS_CLEAN_CLOSE", "why=SIGTERM",
        "position=0", "open_orders=0", "balance=1014.16",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("--kind", "Fill"), ["Fill"]),
        (("--reason", "ORD_CANCEL_INTENT"), ["CancelOrder", "ModifyOrder"]),
        (("--actor", "wal"), ["SegmentOpened", "SegmentClosed", "SegmentOpened"]),
        (("--actor", "wal", "--reason", "SYS_PULSE"), []),
        (("-n", "0"), []),
    ],
)
def test_tail_filters_over_all_segments(capsys, words, kinds):
    _, out, _ = run(capsys, "tail", "--wal", GOLDEN, *words, "--json")
    assert [record["kind"] for record in json.loads(out)["records"]] == kinds


def test_a_refusal_shows_the_rule_with_its_number_and_limit(capsys):
    _, out, _ = run(capsys, "tail", "--wal", GOLDEN, "--kind", "Refused")
    assert "RISK_DAILY_LOSS:12.50/50.00" in out


def test_stats_count_reasons_kinds_actors_and_runs(capsys):
    code, out, _ = run(capsys, "stats", "--wal", GOLDEN, "--json")
    counts = json.loads(out)
    assert code == EXIT_OK
    assert counts["reason"]["SYS_SEGMENT"] == 3 and counts["kind"]["Fill"] == 1
    assert counts["actor"] == {"risk": 38, "wal": 3}
    assert counts["run"]["01JD"]["records"] == 41
    _, out, _ = run(capsys, "stats", "--wal", GOLDEN)
    assert "by reason" in out and "SYS_SEGMENT" in out


@pytest.mark.parametrize("verb", ["verify", "tail", "stats"])
def test_where_no_log_is_none_is_called_clean(tmp_path, capsys, verb):
    for nothing in (tmp_path / "nowhere", tmp_path):
        code, out, err = run(capsys, verb, "--wal", nothing)
        assert code == EXIT_USAGE and not out
        assert err.count("\n") == 1 and "no such log" in err


def test_the_directory_comes_from_the_configuration(tmp_path, capsys, monkeypatch):
    shutil.copytree(GOLDEN, tmp_path / "elsewhere")
    monkeypatch.setenv("TRADEBOT_PATHS_WAL", str(tmp_path / "elsewhere"))
    code, out, _ = run(capsys, "verify", "--config", ROOT / "config.toml")
    assert code == EXIT_OK and "elsewhere: clean" in out


def test_a_tail_that_follows_shows_records_as_they_come_and_turns_the_page(tmp_path):
    wal = open_wal(tmp_path)
    append(wal, build.command(why="before"))
    wal.writer.hurry()
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; from cli.main import main; main(sys.argv[1:])",
         "wal", "tail", "-f", "--kind", "Command", "--wal", str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as following:  # fmt: skip
        assert "before" in following.stdout.readline()
        wal._turn()
        append(wal, build.command(why="after"))
        wal.writer.hurry()
        assert "after" in following.stdout.readline()
        following.kill()
    wal.close()


def test_a_tail_that_follows_loses_no_record_where_the_page_is_turned(tmp_path, monkeypatch):
    wal, real = open_wal(tmp_path), segments

    def say(*words):
        for why in words:
            if why == "turn":
                wal._turn()
            else:
                append(wal, build.command(why=why))
        wal.writer.hurry()
        while wal.writer.durable < wal.seq:
            pass

    def turned(directory):
        """The writer goes on between the end of a page and a look for the next one."""
        if wal.order == 1:
            say("last", "turn", "after")
        return real(directory)

    def nothing_more(seconds):
        raise EOFError

    say("before")
    (page,) = segments(tmp_path)
    monkeypatch.setattr("cli.wal.segments", turned)
    monkeypatch.setattr("cli.wal.time.sleep", nothing_more)
    lines = (line.message for line in growing(tmp_path, page, 0) if line.kind == "Command")
    assert [next(lines).why for _ in range(3)] == ["before", "last", "after"]
    wal.close()


def test_a_tail_that_follows_goes_on_with_the_log_of_the_next_account(tmp_path, monkeypatch):
    """As each sim run begins one: the last is moved aside, and the new file has its name."""
    accounts = iter("bc")

    def another(seconds):
        wal = open_wal(tmp_path, account=next(accounts) * 64)
        append(wal, build.command(why="after"))
        wal.close()

    wal = open_wal(tmp_path)
    append(wal, build.command(why="before, in so many words that the new log is shorter" * 9))
    wal.close()
    (page,) = segments(tmp_path)
    monkeypatch.setattr("cli.wal.time.sleep", another)
    lines = (line.message for line in growing(tmp_path, page, 0) if line.kind == "Command")
    assert [next(lines).why[:6] for _ in range(3)] == ["before", "after", "after"]
