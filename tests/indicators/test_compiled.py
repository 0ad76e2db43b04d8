"""Machine code that lies on disk is the code that stands in the files, or it is made anew."""

import errno
import importlib
import sys

import pytest
from numba import config
from numba.core.caching import IndexDataCacheFile

CONSTANT = "LIMIT = {}\n"
CALLEE = """
from indicators.compiled import compiled
@compiled
def add(x):
    return x + {}
"""
CALLER = """
from indicators.compiled import compiled
from kernels_state import LIMIT
from kernels_inner import add
@compiled
def total(x):
    return add(x) + LIMIT
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Writes the three files and imports them, as a process that starts then would."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "kernels_outer.py").write_text(CALLER)
    names = ("kernels_state", "kernels_inner", "kernels_outer")

    def load(limit=100, step=1):
        (tmp_path / "kernels_state.py").write_text(CONSTANT.format(limit))
        (tmp_path / "kernels_inner.py").write_text(CALLEE.format(step))
        for name in names:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        return importlib.import_module(names[-1]).total

    yield load
    for name in names:
        sys.modules.pop(name, None)


def kept(tmp_path, ending):
    return sorted((tmp_path / "cache").rglob(f"kernels_outer.total*.{ending}"))


def test_what_was_compiled_once_is_read_back(load):
    first, again = load(), load()
    assert (first(1), again(1)) == (102, 102)
    assert sum(again.stats.cache_hits.values()) == 1
    assert not again.stats.cache_misses


@pytest.mark.parametrize(("changed", "expected"), [({"limit": 200}, 202), ({"step": 5}, 106)])
def test_a_change_in_another_file_is_not_answered_by_old_code(load, changed, expected):
    assert load()(1) == 102
    assert load(**changed)(1) == expected


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_a_file_that_lost_its_end_is_compiled_anew(load, tmp_path, ending, left):
    assert load()(1) == 102
    (file,) = kept(tmp_path, ending)
    file.write_bytes(file.read_bytes()[:left])
    assert load()(1) == 102
    again = load()
    assert again(1) == 102
    assert not again.stats.cache_misses  # mended


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_file_whose_blocks_never_reached_the_disk_is_compiled_anew(load, tmp_path, ending):
    assert load()(1) == 102
    (file,) = kept(tmp_path, ending)
    raw = file.read_bytes()
    file.write_bytes(raw[: len(raw) // 2].ljust(len(raw), b"\0"))
    assert load()(1) == 102


def test_where_nothing_can_be_written_each_start_compiles(load, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file, no directory")
    monkeypatch.setattr("numba.core.caching._CacheLocator.ensure_cache_path", refused)
    assert load()(1) == 102


def refused(self):
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_full_disk_keeps_nothing_and_stops_nobody(load, monkeypatch):
    def full(self, name, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_save_data", full)
    assert load()(1) == 102
