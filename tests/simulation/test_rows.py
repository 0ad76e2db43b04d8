"""A seed of each row of the plan does no harm; a failing disk fails as the plan says it does."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.disk import Disk
from tests.simulation import disk as disks
from tests.simulation.points import NAMES
from tests.simulation.rows import ROWS

ROOT = Path(__file__).parents[2]
FIRST = int(os.environ.get("FIRST", "1"))
SLOW = {"V9", "Q1"}  # up to twenty minutes without a venue; a year: in a campaign only
# Seeds that did harm once. By names: a bare position whose own stop was refused; legs that a close
# left behind; an exit and a close at once after a restart, twice; a target filled beside a close;
# a start that died of a log in which the market's actor had failed on a tick. What has a safeguard
# of its own since is in ablation.toml.
FOUND = [("R1", 1), ("V9", 2), ("H2", 39), ("C3", 105), ("C4", 121), ("C4", 1009),
         ("W4", 3007), ("H3", 20118), ("X1", 6), ("V8", 80044), ("V2", 25239),
         ("V8", 90217), ("V4Q", 94057), ("X1", 94001)]  # fmt: skip


@pytest.mark.parametrize("rows", [list(ROWS)[1::2], list(ROWS)[2::2]], ids=["odd", "even"])
def test_no_row_does_harm(rows):
    harmless(",".join(row for row in rows if row not in SLOW), FIRST)


@pytest.mark.parametrize(("row", "seed"), FOUND)
def test_what_was_found_once_stays_mended(row, seed):
    harmless(row, seed)


def harmless(rows, seed):
    command = [sys.executable, "-m", "tests.simulation", "--row", rows, "--first", str(seed)]
    done = subprocess.run(
        [*command, "--seeds", "1", "--jobs", "1"], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_an_unknown_row_is_refused():
    command = [sys.executable, "-m", "tests.simulation", "--row", "Z9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no such row: Z9" in done.stderr


def test_there_are_sixty_moments_to_die_at_and_each_once():
    assert len(NAMES) == len(set(NAMES)) >= 60


@pytest.fixture
def platter(monkeypatch):
    for name, real in disks.REAL.items():
        monkeypatch.setattr(Disk, name, real)  # and put back at the end
    made = disks.Platter("test")
    made.install()
    return made


def test_a_sync_that_failed_covers_nothing_and_a_second_is_told(platter, tmp_path):
    disk, path = Disk(), tmp_path / "log"
    fd = disk.create(path)
    os.write(fd, b"one")
    platter.trouble = disks.Trouble(errno.EIO, platter.calls + 1)
    with pytest.raises(OSError, match="Input/output"):
        disk.fdatasync(fd)
    disk.fdatasync(fd)  # says that all is well, as kernels do
    assert platter.trouble.struck == ["fdatasync", "second sync"]
    platter.power_cut()
    assert not path.exists() or len(path.read_bytes()) <= 3
    assert platter.safe.get(path, 0) == (len(path.read_bytes()) if path.exists() else 0)


@pytest.mark.parametrize("stays", [True, False])
def test_a_full_disk_takes_more_when_the_ballast_goes(platter, tmp_path, stays):
    disk, ballast = Disk(), tmp_path / "ballast"
    disk.close(disk.create(ballast))
    fd = disk.create(tmp_path / "log")
    platter.trouble = disks.Trouble(errno.ENOSPC, platter.calls + 1, stays)
    with pytest.raises(OSError, match="No space"):
        disk.write(fd, b"one")
    disk.unlink(ballast)
    for _ in range(5):
        assert disk.write(fd, b"x") == 1
    if stays:
        with pytest.raises(OSError, match="No space"):
            disk.write(fd, b"x")
    disk.close(fd)
