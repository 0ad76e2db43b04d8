from decimal import Decimal
from math import inf, nan

import pytest

from core.errors import LogError
from core.messages import LOGGED, Record
from storage.line import draft
from storage.plain import PLAIN, Plain, encoded, soon
from storage.segments import read
from tests import build
from tests.storage.logs import append, open_wal

FLOATS = [
    *(build.bar(**{name: bad}) for name in ("open", "close", "ask") for bad in (nan, inf)),
    build.features(values=(0.0, nan)), build.features(atr=-inf),
    build.prediction(probabilities=(0.1, nan, 0.9)), build.prediction(bid=inf),
    build.intent(confidence=nan), build.refused(intent=build.intent(confidence=nan)),
]  # fmt: skip


@pytest.mark.parametrize("message", [m for m in build.EVERY if type(m) in PLAIN], ids=repr)
def test_encoded_later_is_the_same_line(message):
    record = Record(7, "risk", 6, message)
    made = soon(record, build.AT, "01JD")
    assert isinstance(made, Plain)
    assert encoded(made) == draft(record, build.AT, "01JD")


def test_everything_else_is_encoded_at_once():
    others = [m for m in build.EVERY if type(m) not in PLAIN]
    assert {type(m) for m in others} | PLAIN.keys() == set(LOGGED)
    for message in others:
        record = Record(7, "risk", 6, message)
        assert soon(record, build.AT, "01JD") == draft(record, build.AT, "01JD")


@pytest.mark.parametrize("message", FLOATS, ids=repr)
def test_a_number_that_is_not_finite_is_refused_at_once(message):
    with pytest.raises(LogError, match="only finite numbers"):
        soon(Record(7, "risk", 6, message), build.AT, "01JD")


async def test_what_the_writer_cannot_encode_ends_the_log(tmp_path, capsys):
    wal = open_wal(tmp_path)
    good = append(wal, build.hold())
    await wal.durable(good)
    append(wal, build.intent(price=Decimal("NaN")))
    with pytest.raises(LogError, match="Intent holds NaN"):
        await wal.durable(append(wal, build.command(why="to stderr")))
    wal.close()
    assert "to stderr" in capsys.readouterr().err
    assert [line.seq for line in read(tmp_path)][-1] == good
