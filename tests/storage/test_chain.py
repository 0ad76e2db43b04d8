"""Segments hold together by seq, crc and sha256: no file can be lost, changed or swapped unseen."""

import hashlib
import re
import zlib

import pytest

from storage.chain import Corrupt
from storage.line import GENESIS
from storage.segments import read
from tests import build
from tests.storage.logs import append, open_wal


def three_segments(directory):
    wal = open_wal(directory)
    for _ in range(2):
        append(wal, build.bar())
        wal._turn()
    append(wal, build.bar())
    wal.close()
    return sorted(directory.glob("*.jsonl"))


def test_the_names_of_the_files_tell_order_and_first_record(tmp_path):
    names = [path.name for path in three_segments(tmp_path)]
    assert names == [f"{n:06d}-{first:012d}.jsonl" for n, first in ((1, 1), (2, 4), (3, 7))]
    assert [line.seq for line in read(tmp_path)] == list(range(1, 9))
    assert [line.seq for line in read(tmp_path, after_seq=5)] == [6, 7, 8]
    assert not list(read(tmp_path, after_seq=8))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda files: files[1].unlink(), "the next segment is missing"),
        (lambda files: files[0].unlink(), "records 1 to 3 are gone"),
        (lambda files: cut_last_line(files[0]), "the segment before this one has no end"),
        (lambda files: files[0].write_bytes(files[0].read_bytes()[:-1]), "before the last"),
        (lambda files: files[1].write_bytes(b"x" + files[1].read_bytes()), "before the last"),
        (lambda files: files[2].rename(files[2].with_name("000003-000000000009.jsonl")), "opens"),
    ],
)
def test_a_log_with_a_changed_segment_is_corrupt(tmp_path, change, why):
    change(three_segments(tmp_path))
    with pytest.raises(Corrupt, match=why):
        list(read(tmp_path))


def cut_last_line(path):
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def reseal(files):
    """Mend every prev and crc, as a forger would."""
    prev = GENESIS.encode()
    for path in files:
        forged = b""
        for raw in path.read_bytes().splitlines():
            body = re.sub(rb'"prev":"[0-9a-f]{8}"', b'"prev":"%b"' % prev, raw[:-18], count=1)
            prev = b"%08x" % zlib.crc32(body)
            forged += body + b',"crc":"%b"}\n' % prev
        path.write_bytes(forged)


def forge(path):
    """Another volume in the log."""
    path.write_bytes(path.read_bytes().replace(b'"volume":41', b'"volume":42'))


def close_again(path):
    """Mend the sha256 in the SegmentClosed of a forged segment too."""
    *before, _ = path.read_bytes().splitlines(keepends=True)
    sha = hashlib.sha256(b"".join(before)).hexdigest().encode()
    path.write_bytes(re.sub(rb'"sha256":"\w+"', b'"sha256":"%b"' % sha, path.read_bytes()))


def test_a_forger_who_mends_every_crc_is_betrayed_by_the_sha256(tmp_path):
    files = three_segments(tmp_path)
    reseal(files)
    assert len(list(read(tmp_path))) == 8, "mending what is whole changes nothing"
    forge(files[0])
    reseal(files)
    with pytest.raises(Corrupt, match="changed before it was closed"):
        list(read(tmp_path))
    close_again(files[0])
    reseal(files)
    with pytest.raises(Corrupt, match="changed after it was closed"):
        list(read(tmp_path))


def test_old_segments_may_be_archived(tmp_path):
    three_segments(tmp_path)[0].unlink()
    assert [line.seq for line in read(tmp_path, after_seq=3)] == [4, 5, 6, 7, 8]
