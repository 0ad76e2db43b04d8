"""Files that others may read: replaced as a whole, and only what is a file."""

import os
from pathlib import Path

import pytest

from storage.disk import write_files


def test_what_cannot_all_be_written_replaces_nothing(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(FileNotFoundError):
        write_files({tmp_path / "a": b"new", tmp_path / "none" / "b": b"new"})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_a_link_still_names_the_file_that_is_replaced(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    write_files({tmp_path / "link": b"new"})
    assert (tmp_path / "link").is_symlink() and (tmp_path / "file").read_text() == "new"


def test_a_device_stays_one_whoever_writes_there(tmp_path):
    """Root could rename a file over it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_files({pipe: b"new"})
    assert (os.read(reader, 9), pipe.is_fifo()) == (b"new", True)
    os.close(reader)


def test_others_may_read_it_as_the_mask_says(tmp_path, request):
    before = os.umask(0o022)
    request.addfinalizer(lambda: os.umask(before))
    write_files({tmp_path / "a": b"new"})
    assert Path(tmp_path / "a").stat().st_mode & 0o777 == 0o644
