import json
import os
import random
from pathlib import Path

import pytest

from core.errors import UsageError
from core.messages import LOGGED, RunEnded, RunStarted
from storage.chain import Chain, Corrupt, Torn
from storage.line import VERSION, decode, encode, is_true
from storage.segments import follow, read, segments, tail
from tests import build
from tests.data.stored import NAMES, unpack
from tests.storage.logs import PLAIN, append, fill_log, open_wal

DAMAGES = int(os.environ.get("DAMAGES", "2000"))  # flips of a bit; a quarter as many bursts
CUTS = int(os.environ.get("CUTS", "40"))  # records of a log that is cut at every byte
GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    return fill_log(tmp_path_factory.mktemp("log"), 200)


def judge(directory, content):
    """What a log of one segment with these bytes is: "whole", "torn" or "corrupt", and how far."""
    path = directory / "000001-000000000001.jsonl"
    path.unlink(missing_ok=True)  # ext4 syncs a file that is overwritten: slow, 5,000 times
    path.write_bytes(content)
    try:
        chain, torn = tail(segments(directory))
    except Corrupt as error:
        assert error.path == path
        return "corrupt", error.offset
    assert torn is None or torn.offset == chain.size
    return ("torn" if torn else "whole"), chain.size


def test_no_part_of_a_line_is_a_record(lines):
    """All 60,000 cuts of 200 records: the test of whole files below takes a part of them."""
    for line in lines:
        assert is_true(line)
        assert not any(is_true(line[:cut]) for cut in range(len(line)))


@pytest.mark.parametrize("first", range(0, len(PLAIN), 4))
def test_a_cut_at_every_byte_leaves_exactly_the_whole_records(tmp_path, first):
    wal = open_wal(tmp_path)
    for message in PLAIN[first : first + 4]:
        append(wal, message)
    wal.close()
    content = (tmp_path / "000001-000000000001.jsonl").read_bytes()
    ends = [0, *(found + 1 for found, byte in enumerate(content) if byte == ord("\n"))]
    for cut in range(len(content)):
        whole = max(end for end in ends if end <= cut)
        assert judge(tmp_path, content[:cut]) == ("whole" if cut in ends else "torn", whole)


def test_a_long_log_cut_at_any_byte_keeps_exactly_what_is_whole(tmp_path):
    """CUTS records, byte by byte: the lines before are read once, each with the cuts after it."""
    lines, chain = fill_log(tmp_path, CUTS), Chain()
    file, *_ = segments(tmp_path)
    file.path.unlink()
    for line in lines:
        with file.path.open("wb", buffering=0) as cut:
            for byte in range(len(line) - 1):
                cut.write(line[byte : byte + 1])
                with pytest.raises(Torn) as torn:
                    list(follow(file, chain, last=True))
                assert torn.value.offset == chain.size
            cut.write(b"\n")
        assert len(list(follow(file, chain, last=True))) == 1
        file.path.unlink()
    assert (chain.count, chain.size) == (CUTS, sum(map(len, lines)))


def start_of(lines, offset):
    """Where the line stands that holds this byte, and whether it is the last."""
    start = 0
    for line in lines:
        if start + len(line) > offset:
            return start, line is lines[-1]
        start += len(line)
    raise AssertionError(offset)


def test_every_flip_of_a_bit_is_found_where_it_is(tmp_path, lines):
    lines, chance = lines[:12], random.Random(1)
    content = b"".join(lines)
    for _ in range(DAMAGES):
        bit = chance.randrange(len(content) * 8)
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        start, is_last = start_of(lines, bit // 8)
        assert judge(tmp_path, bytes(damaged)) == ("torn" if is_last else "corrupt", start), bit


def test_every_burst_of_damage_is_found_where_it_starts(tmp_path, lines):
    lines, chance = lines[:25], random.Random(2)
    content = b"".join(lines)
    for _ in range(DAMAGES // 4):
        offset, length = chance.randrange(len(content)), chance.randint(1, 4096)
        burst = bytes(byte ^ chance.randint(1, 255) for byte in content[offset : offset + length])
        damaged = content[:offset] + burst + content[offset + length :]
        start, _ = start_of(lines, offset)
        reaches_last = offset + length > len(content) - len(lines[-1])
        expected = ("torn" if reaches_last else "corrupt", start)
        assert judge(tmp_path, damaged) == expected, (offset, length)


def swapped(lines, k):
    return [*lines[:k], lines[k + 1], lines[k], *lines[k + 2 :]]


def foreign(lines, k, other):
    return [*lines[:k], other[k], *lines[k + 1 :]]


@pytest.mark.parametrize(
    ("damage", "verdict"),
    [
        (lambda lines, k, other: lines[:k] + lines[k + 1 :], "corrupt"),
        (lambda lines, k, other: [*lines[: k + 1], *lines[k:]], "corrupt"),
        (lambda lines, k, other: swapped(lines, k), "corrupt"),
        (foreign, "corrupt"),
        (lambda lines, k, other: [*lines[:k], bytes(len(lines[k])), *lines[k + 1 :]], "corrupt"),
        (lambda lines, k, other: [*lines[:k], bytes(4096)], "torn"),
        (lambda lines, k, other: [*lines[:k], random.Random(k).randbytes(999)], "torn"),
    ],
    ids=["dropped", "repeated", "swapped", "foreign", "zero hole", "zero tail", "garbage tail"],
)
def test_lines_out_of_place_are_named(tmp_path, lines, damage, verdict):
    """Every place in a log of 40 lines; with more DAMAGES, any place in logs of any length."""
    other = [
        line.replace(b'"run":"01JD"', b'"run":"01JE"') for line in fill_log(tmp_path / "other", 80)
    ]
    chance, more = random.Random(3), DAMAGES // 10 - 200
    lengths = [chance.randint(5, 80) for _ in range(more)]
    places = [(40, k) for k in range(1, 38)] + [(n, chance.randrange(1, n - 2)) for n in lengths]
    for length, k in places:
        whole = lines[:length]
        damaged = damage(whole, k, other)
        found, offset = judge(tmp_path, b"".join(damaged))
        start = sum(map(len, whole[: k + (damaged[k] == whole[k])]))
        assert (found, offset) == (verdict, start), (length, k)


def test_a_record_of_another_run_with_a_true_crc_is_corrupt(tmp_path, lines):
    wal = open_wal(tmp_path / "other", run="01JE")
    for _ in range(10):
        append(wal, build.pulse())
    wal.close()
    (path,) = (tmp_path / "other").glob("*.jsonl")
    strange = path.read_bytes().splitlines(keepends=True)[5]
    found, offset = judge(tmp_path, b"".join([*lines[:5], strange]))
    assert (found, offset) == ("corrupt", sum(map(len, lines[:5])))


def test_damage_after_a_clean_close_is_corrupt_even_at_the_end(tmp_path):
    wal = open_wal(tmp_path)
    append(wal, build.run_ended())
    wal.close()
    (path,) = tmp_path.glob("*.jsonl")
    content = path.read_bytes()
    assert judge(tmp_path, content + b'{"v":1,')[0] == "corrupt"
    assert judge(tmp_path, content[:-1])[0] == "torn"


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("wal-*")), ids=lambda path: path.name)
def test_a_log_of_every_schema_ever_released_is_still_read(golden):
    found = list(read(golden))
    assert [line.seq for line in found] == list(range(1, len(found) + 1))
    assert isinstance(found[-1].message, RunEnded)
    (started,) = [line.message for line in found if isinstance(line.message, RunStarted)]
    assert started.settings.risk.contracts == 1
    assert list(read(golden, after_seq=25)) == found[25:]


def written_again(raw):
    """What the encoder of today makes of the record in this line."""
    line = decode(raw)
    return encode(line.record, line.prev, line.ns, line.run)[0]


def test_the_encoder_of_today_writes_the_golden_log_byte_for_byte():
    """A change that fails here needs a new schema version, and a golden log of its own.

    But settings may grow: a line of a run's start then has keys or sections more.
    """
    files = sorted((GOLDEN / f"wal-v{VERSION}").glob("*.jsonl"))
    lines = [raw for path in files for raw in path.read_bytes().splitlines(keepends=True)]
    assert len(lines) == 41 and list(map(ungrown, lines)) == lines


def ungrown(raw):
    """The line as the encoder writes it now, or as it is if only settings have come to it."""
    again, was = written_again(raw), json.loads(raw)
    if was["kind"] != "RunStarted":
        return again
    now = json.loads(again)
    told = now["msg"]["settings"]
    now["msg"]["settings"] = {
        name: {key: told[name][key] for key in values} if isinstance(values, dict) else told[name]
        for name, values in was["msg"]["settings"].items()
    }
    return raw if now["msg"] == was["msg"] else again


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_log_of_a_real_run_is_read_and_written_byte_for_byte(tmp_path, name):
    (path,) = unpack(name, tmp_path).iterdir()
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    assert [line.seq for line in read(tmp_path)] == list(range(1, len(lines) + 1))
    assert b"".join(map(ungrown, lines)) == content


def test_the_golden_logs_hold_every_kind():
    found = {type(line.message) for golden in GOLDEN.glob("wal-*") for line in read(golden)}
    assert found == set(LOGGED), "make a new one with python -m tests.golden.make"


def test_a_reader_takes_the_growth_of_a_live_log_for_what_it_is(tmp_path, lines):
    path = tmp_path / "000001-000000000001.jsonl"
    path.write_bytes(b"".join(lines[:4]) + lines[4][:50])
    stream = read(tmp_path)
    assert [next(stream).seq for _ in range(4)] == [1, 2, 3, 4]
    with path.open("ab") as writer:
        writer.write(lines[4][50:] + lines[5])
    assert [line.seq for line in stream] == [5, 6]


def test_reading_a_torn_log_gives_all_records_and_then_says_so(tmp_path, lines):
    (tmp_path / "000001-000000000001.jsonl").write_bytes(b"".join(lines[:9]) + lines[9][:50])
    found = []
    with pytest.raises(Torn, match="the last 50 bytes are no record"):
        found.extend(line.seq for line in read(tmp_path))
    stream = read(tmp_path)
    assert [next(stream).seq for _ in range(9)] == list(range(1, 10))


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such log directory"):
        list(read(tmp_path / "nowhere"))
