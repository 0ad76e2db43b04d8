import json
import os
import shutil

import pytest

from cli.main import main
from core.errors import EXIT_LOG, EXIT_OK
from storage.disk import Disk
from storage.segments import read, segments
from tests.cli.test_wal import GOLDEN


@pytest.fixture
def log(tmp_path):
    return shutil.copytree(GOLDEN, tmp_path / "wal")


def pack(capsys, directory, *words):
    code = main(["wal", "pack", "--wal", str(directory), *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_pack_compresses_all_but_the_newest_and_tells_each(capsys, log):
    lines, (old, new) = list(read(log)), [file.path for file in segments(log)]
    size = old.stat().st_size
    code, out, err = pack(capsys, log)
    packed = log / f"{old.name}.gz"
    less = packed.stat().st_size
    assert (code, less < size / 3, old.exists(), new.exists()) == (EXIT_OK, True, False, True)
    assert out == f"{log}: 1 segments packed, {size:,} to {less:,} bytes\n"
    assert err == f"{old.name}: {size:,} to {less:,} bytes\n"
    assert packed.stat().st_mode & 0o777 == 0o600
    assert list(read(log)) == lines
    assert main(["wal", "verify", "--wal", str(log)]) == EXIT_OK


def test_pack_again_finds_nothing_to_do(capsys, log):
    pack(capsys, log)
    code, out, err = pack(capsys, log, "--json")
    assert (code, err) == (EXIT_OK, "")
    assert json.loads(out) == {"packed": 0, "bytes_before": 0, "bytes_after": 0}


def test_a_disk_that_is_too_full_is_told_in_a_line(capsys, log, monkeypatch):
    def full(*_):
        raise OSError(28, os.strerror(28))

    lines = list(read(log))
    monkeypatch.setattr(Disk, "write", full)
    code, out, err = pack(capsys, log)
    assert (code, out) == (EXIT_LOG, "")
    assert "is not packed, and whole as it was: [Errno 28] No space left" in err
    assert list(read(log)) == lines
