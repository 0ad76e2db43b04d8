"""`tradebot collect` over real sockets: what the gateway told is on the tape, also after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage import recording, tape
from storage.tape import TRADE, read
from tests.cli.conftest import ROOT


def collecting(out, tape_file, *words):
    command = [
        sys.executable, "-m", "cli.main", "collect", "--config", str(ROOT / "config.toml"),
        "--tape", str(tape_file), "--out", str(out), *words,
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env, cwd=ROOT)


def trades(path):
    """Sides apart: the gateway tells one where the tape did not know it."""
    columns = tape.read(path).columns
    chosen = columns["kind"] == TRADE
    return list(zip(*(columns[c][chosen].tolist() for c in ("at", "price", "size")), strict=True))


def parts(out):
    return sorted(out.glob("*.part"))


def until(found, limit_s=60):
    limit = time.monotonic() + limit_s
    while not found():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_tape_played_to_its_end_is_recorded_whole(tmp_path, tape):
    with collecting(
        tmp_path / "out", tape, "--speed", "60", "--part-s", "0.5", "--json"
    ) as process:
        said, errors = process.communicate(timeout=90)
    told = json.loads(said)
    (made,) = told["tapes"]
    assert process.returncode == 0, errors
    assert trades(made) == trades(tape) and not parts(tmp_path / "out")
    assert told["events"] > 2 * len(trades(tape)) // 2


def test_the_wire_is_up_for_as_long_as_the_tape_was_played(tmp_path, tape):
    with collecting(tmp_path / "out", tape, "--speed", "0", "--json") as process:
        said, _ = process.communicate(timeout=90)
    (made,) = json.loads(said)["tapes"]
    (up, _), *_, (down, last) = read(Path(made)).about["links"]
    rows = trades(made)
    assert last == 0 and up <= rows[0][0] and rows[-1][0] <= down < rows[-1][0] + 3600 * 10**9


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_what_was_recorded_before_its_end_is_kept(tmp_path, tape, number):
    out = tmp_path / "out"
    with collecting(out, tape, "--speed", "10", "--part-s", "0.2") as process:
        until(lambda: len(parts(out)) > 2)
        process.send_signal(number)
        said, errors = process.communicate(timeout=20)
    (made,) = recording.join(out) if number == signal.SIGKILL else out.glob("*.parquet")
    kept, all_of_it = trades(made), trades(tape)
    assert 0 < len(kept) < len(all_of_it) and kept == all_of_it[: len(kept)]
    assert process.returncode == (-9 if number == signal.SIGKILL else 0), errors
    assert not parts(out) and (str(made) in said or number == signal.SIGKILL)


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["--part-s", "0"], 2, "expected a number from 0.1"),
        (["--mode", "live"], 78, "live"),
        (["--out", "/dev/null/x"], 78, "/dev/null/x"),
        (["--config", "none.toml"], 78, "no such file"),
    ],
)
def test_bad_input_is_one_line(tmp_path, tape, words, code, why):
    with collecting(tmp_path / "out", tape, *words) as process:
        said, errors = process.communicate(timeout=60)
    assert (process.returncode, said) == (code, ""), errors
    (line,) = errors.splitlines()
    assert why in line
