"""The whole daemon against the whole gateway, from seeds: see whole.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = int(os.environ.get("SEEDS", "12"))
ROOT = Path(__file__).parents[2]


def run(first, seeds, keep):
    command = [sys.executable, "-m", "tests.simulation", "--first", str(first)]
    return subprocess.run(
        [*command, "--seeds", str(seeds), "--jobs", "1", "--keep", str(keep)], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def logs(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".jsonl", ".json") and path.name not in ("api.json", "watch.json")
    }


@pytest.mark.parametrize("part", range(2))
def test_no_seed_does_harm(tmp_path, part):
    done = run(1 + part * SEEDS // 2, SEEDS // 2, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_the_same_seed_is_the_same_run_to_the_byte(tmp_path):
    seed = 10  # of those with crashes of both kinds
    first, second = run(seed, 1, tmp_path / "first"), run(seed, 1, tmp_path / "second")
    assert "power" in first.stdout and "kill" in first.stdout
    assert first.stdout == second.stdout
    assert logs(tmp_path / "first") == logs(tmp_path / "second")
    assert any("wal-" in name or "wal/" in name for name in logs(tmp_path / "first"))


def test_another_seed_is_another_run(tmp_path):
    one, other = run(10, 1, tmp_path / "one"), run(11, 1, tmp_path / "other")
    assert logs(tmp_path / "one") != logs(tmp_path / "other")
    assert one.stdout != other.stdout
