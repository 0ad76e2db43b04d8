import errno
import fcntl
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.results import ours, prepare
from core.errors import EXIT_LOCKED, EXIT_USAGE
from storage import lock

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from storage.lock import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def busy(folder):
    """Another process is at work there."""
    words = [sys.executable, "-c", HOLD, folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe) as other:
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


@pytest.mark.parametrize("verb", ["train", "walk-forward", "cross-validate", "optimise"])
def test_results_that_could_not_be_written_stop_the_work_before_it_begins(tradebot, tmp_path, verb):
    """There is no data either, but that is looked for later."""
    taken = tmp_path / "taken"
    taken.touch()
    data = ("--tape", "none.parquet") if verb == "train" else ("none.parquet",)
    code, _, err = tradebot(verb, *data, "--out", taken / "out")
    assert (code, err) == (
        EXIT_USAGE, f"tradebot: {taken / 'out'}: cannot be written: Not a directory\n"
    )  # fmt: skip


def test_a_folder_is_made_and_left_empty(tmp_path):
    prepare(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


PLACES = {
    "backtest": ("--out", "place"), "walk-forward": ("--out", "place"),
    "cross-validate": ("--out", "place"), "wal": ("pack", "--wal", "place"),
    "download": ("topstepx", "MES", "--since", "2025-01-02", "--out", "."),
}  # fmt: skip


@pytest.mark.parametrize("verb", PLACES)
def test_of_two_commands_that_write_one_folder_the_second_is_refused(
    tradebot, tmp_path, monkeypatch, verb
):
    """Else their files are mixed, or what the one had fetched is overwritten by the other."""
    place = tmp_path / "topstepx/MES/1s" if verb == "download" else tmp_path / "place"
    place.mkdir(parents=True)
    (place / "000001-000000000001.jsonl").touch()
    for name in ("TOPSTEPX_USERNAME", "TOPSTEPX_API_KEY"):
        monkeypatch.setenv(name, "x")
    words = [str(tmp_path / word) if word in ("place", ".") else word for word in PLACES[verb]]
    with busy(place):
        code, out, err = tradebot(verb, *words)
    assert (code, out, err.count("\n")) == (EXIT_LOCKED, "", 1)
    assert f"{place}: another command writes here" in err


def test_a_folder_is_free_again_when_its_command_is_over(tmp_path):
    for _ in range(2):
        with ours(tmp_path / "a"):
            pass


def test_where_no_lock_can_be_had_the_work_goes_on(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with lock.alone(tmp_path):
        pass
