"""A few days of a year do no harm; what lies on the disk is judged by how it grows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.year import APART, excess, off_line

ROOT = Path(__file__).parents[2]
STEADY = [100 * n for n in range(1, 15)]


@pytest.mark.parametrize("seed", [1])
def test_days_that_follow_each_other_on_one_log_do_no_harm(tmp_path, seed):
    command = [sys.executable, "-m", "tests.simulation", "--row", "Q1", "--first", str(seed)]
    done = subprocess.run(
        [*command, "--seeds", "1", "--jobs", "1", "--keep", str(tmp_path)], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SESSIONS": "5"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    days = {path.name[:6] for path in (tmp_path / "Q1" / str(seed) / "wal").glob("0*.jsonl")}
    assert len(days) >= 5  # each session ends its segment


@pytest.mark.parametrize(("sizes", "log", "state"), [
    (STEADY, True, True),
    ([n * n for n in STEADY], False, False),
    ([min(n, 700) for n in STEADY], False, True),  # a bound was reached
    ([100 * n + 30 * (n % 2) for n in range(1, 15)], True, True),
])  # fmt: skip
def test_a_log_grows_as_the_days_do_and_the_state_no_faster(sizes, log, state):
    assert (off_line(sizes) <= APART) is log
    assert (excess(sizes) <= APART) is state
