import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from core.errors import LogError
from storage import sentinel
from storage.disk import Disk
from storage.snapshot import arrays, canonical, latest, load, save
from tests.build import AT

STATE = {
    "bars": {"close": 5000.25, "open": [1, 2.5, None, True, "é"]},
    "features": {"ring": np.array([[1.5, np.nan], [-0.0, np.inf]]), "at": 3},
}


def same(one, other):
    return canonical(one) == canonical(other)


def test_a_snapshot_comes_back_bit_for_bit(tmp_path):
    save(tmp_path, 7, STATE, kept=3)
    found, bad = latest(tmp_path)
    assert found.seq == 7 and not bad
    assert same(found.state, STATE)
    ring = found.state["features"]["ring"]
    assert ring.tobytes() == STATE["features"]["ring"].tobytes() and ring.flags.writeable


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, min_side=0)))
def test_every_array_keeps_type_shape_and_bytes(array):

    back = arrays(json.loads(canonical({"a": array})))["a"]
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_the_newest_are_kept(tmp_path):
    for seq in (5, 10_000, 20_000, 300):
        save(tmp_path, seq, STATE, kept=3)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "snap-000000000300.json", "snap-000000010000.json", "snap-000000020000.json",
    ]  # fmt: skip


@pytest.mark.parametrize("bad", [0, 1, 2, 3])
def test_bad_ones_are_named_and_passed_over(tmp_path, bad):
    for seq in (1, 2, 3):
        save(tmp_path, seq, {"a": seq}, kept=3)
    for path in sorted(tmp_path.iterdir(), reverse=True)[:bad]:
        path.write_bytes(path.read_bytes()[:-20])
    found, wrong = latest(tmp_path)
    assert len(wrong) == bad and all("not a snapshot" in line for line in wrong)
    assert (found and found.state) == (None if bad == 3 else {"a": 3 - bad})


def test_no_flipped_bit_changes_what_is_read(tmp_path):
    path = save(tmp_path, 7, STATE, kept=3)
    content = path.read_bytes()
    for bit in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.unlink()
        path.write_bytes(damaged)
        try:
            found = load(path)
        except LogError:
            continue
        assert found.seq == 7 and same(found.state, STATE), bit


def test_no_directory_is_no_snapshot(tmp_path):
    assert latest(tmp_path / "none") == (None, [])


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}, np.array([object()])])
def test_what_would_not_come_back_is_refused(tmp_path, value):
    with pytest.raises(LogError, match="no plain data"):
        save(tmp_path, 1, {"a": value}, kept=3)
    assert not list(tmp_path.iterdir())


class Dying(Disk):
    """The power goes at the k-th operation: it and all later ones do nothing."""

    def __init__(self, at):
        self.left = at

    def step(self):
        self.left -= 1
        if self.left < 0:
            raise OSError("dead")

    def fdatasync(self, fd):
        self.step()

    def rename(self, source, target):
        self.step()
        source.rename(target)

    def unlink(self, path):
        self.step()
        path.unlink(missing_ok=True)

    def fsync_dir(self, path):
        self.step()


@pytest.mark.parametrize("at", range(6))
def test_a_crash_at_any_step_leaves_the_old_or_the_new(tmp_path, at):
    save(tmp_path, 1, {"a": 1}, kept=1)
    with pytest.raises(LogError, match="dead"):
        save(tmp_path, 2, {"a": 2}, kept=1, disk=Dying(at))
    found, bad = latest(tmp_path)
    assert not bad and found.state in ({"a": 1}, {"a": 2})
    save(tmp_path, 3, {"a": 3}, kept=1)
    assert latest(tmp_path)[0].state == {"a": 3}


def test_a_kill_stays_until_it_is_removed(tmp_path):
    state = tmp_path / "state"
    assert sentinel.read(state) is None
    sentinel.create(state, "ada", "loss of 300 dollars", AT)
    expected = "by ada, why loss of 300 dollars, at 2026-11-20T20:33:46.123456789Z"
    assert sentinel.read(state) == expected
    sentinel.remove(state)
    assert sentinel.read(state) is None


def test_an_empty_file_kills_too(tmp_path):
    (tmp_path / "KILL").touch()
    assert sentinel.read(tmp_path) is not None


@pytest.mark.parametrize("why", ["caf\udce9", "x" * 100_000])
def test_no_text_of_a_kill_is_too_much(tmp_path, why):
    sentinel.create(tmp_path, "ada", why, AT)
    assert len((sentinel.read(tmp_path) or "").encode()) < 10_000
