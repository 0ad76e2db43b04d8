"""A file that calls itself a tape is one, or is refused in a line that names it."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import UsageError
from core.instruments import INSTRUMENTS
from storage.tape import COLUMNS, Tape, about, packed, read, read_of

NO_WORDS = [b"no JSON", b"[1]", b"null", b"\xff", b"{}"]
NO_TICK = [b'{"tick": "none"}', b'{"tick": 0}', b'{"tick": "NaN"}', b'{"tick": [1]}']


def file(folder, told):
    table = pa.table({name: pa.array([1], kind) for name, kind in COLUMNS.items()})
    path = folder / "made.parquet"
    pq.write_table(table.replace_schema_metadata({"tradebot": told}), path)
    return path


@pytest.mark.parametrize("told", [*NO_WORDS, *NO_TICK])
def test_a_tape_that_tells_no_tick_is_refused(tmp_path, told):
    with pytest.raises(UsageError, match=r"made\.parquet: not a tape"):
        read(file(tmp_path, told))


def test_what_a_tape_tells_is_read_without_its_rows(tmp_path):
    path = file(tmp_path, b'{"tick": "0.25", "parts": 3}')
    assert read(path).tick == 0.25 and about(path)["parts"] == 3


@pytest.mark.parametrize(("told", "read_as", "refused"), [
    (b'{"tick": "0.01", "symbol": "BTC"}', "ETH", "a tape of BTC, not of ETH"),
    (b'{"tick": "0.01", "symbol": "BTC"}', "BTC", ""),
    (b'{"tick": "0.25", "symbol": "ES"}', "MES", ""),  # traded as its micro
    (b'{"tick": "0.25"}', "MES", ""),
    (b'{"tick": "0.25"}', "MGC", "its tick is 0.25, MGC's is 0.10"),
])  # fmt: skip
def test_a_tape_is_traded_as_what_it_holds(tmp_path, told, read_as, refused):
    path, instrument = file(tmp_path, told), INSTRUMENTS[read_as]
    if not refused:
        assert read_of(path, instrument).tick == float(instrument.tick)
        return
    with pytest.raises(UsageError, match=f"{refused}: set instrument.symbol"):
        read_of(path, instrument)


def test_no_byte_that_changed_on_the_disk_changes_a_tape(tmp_path):
    """Without sums another price was read without a word. What tells nothing may change."""
    columns = {
        name: np.arange(1, 1001, dtype=kind.to_pandas_dtype()) for name, kind in COLUMNS.items()
    }
    path, content = (
        tmp_path / "made.parquet",
        packed(Tape({"symbol": "ES", "tick": "0.25"}, columns)),
    )
    refused = 0
    for at in range(0, len(content), 97):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        try:
            told = read(path).columns
        except UsageError:
            refused += 1
        else:
            assert all(np.array_equal(told[name], columns[name]) for name in COLUMNS), at
    assert refused > 10
