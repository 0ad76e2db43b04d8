from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LogError
from core.messages import LOGGED, Record
from storage.line import CLASS, GENESIS, LINE_MAX, decode, encode, holds_record, is_true, stamp
from tests import build
from tests.build import AT, EVERY

NAN, INFINITY = float("nan"), float("inf")


def line(message, seq=7, cause=3):
    return encode(Record(seq, "risk", cause, message), GENESIS, AT, "01JD")[0]


def test_every_holds_one_of_each_logged_kind():
    assert tuple(map(type, EVERY)) == LOGGED


@pytest.mark.parametrize("message", EVERY, ids=lambda m: type(m).__name__)
def test_every_kind_comes_back_as_it_was(message):
    raw = line(message)
    back = decode(raw)
    assert is_true(raw)
    assert back.message == message
    assert (back.seq, back.prev, back.run, back.actor, back.cause) == (
        7,
        GENESIS,
        "01JD",
        "risk",
        3,
    )
    assert (back.kind, back.reason) == (type(message).__name__, message.reason)
    assert back.cls == CLASS[type(message)]
    assert back.ns == AT
    assert raw[-19:-11] == b',"crc":"' and raw[-11:-3].decode() == back.crc and raw[-3:] == b'"}\n'


def test_a_line_reads_as_the_contract_says():
    assert line(build.pulse(), cause=None) == (
        b'{"v":1,"seq":7,"prev":"00000000","ts":"2026-11-20T20:33:46.123456789Z","run":"01JD",'
        b'"actor":"risk","cause":null,"kind":"Pulse","reason":"SYS_PULSE","class":"L",'
        b'"msg":{"kind":"Pulse","at":1795206826123456789,"reason":"SYS_PULSE"},"crc":"7f714d3c"}\n'
    )


@given(st.text())
def test_any_text_is_one_line_of_ascii(text):
    message = build.command(why=text)
    raw = line(message)
    assert raw.isascii() and raw.count(b"\n") == 1
    assert decode(raw).message == message


@pytest.mark.parametrize(
    "message",
    [
        build.bar(open=NAN),
        build.features(values=(0.0, INFINITY)),
        build.prediction(probabilities=(NAN, 0.0, 0.0)),
        build.approved(intent=build.intent(confidence=-INFINITY)),
        build.fill(price=Decimal("NaN")),
        build.mark(price=Decimal("-Infinity")),
        build.run_ended(balance=Decimal("sNaN")),
    ],
    ids=lambda m: type(m).__name__,
)
def test_numbers_that_are_not_finite_are_refused(message):
    with pytest.raises(LogError, match="only finite numbers"):
        line(message)


@pytest.mark.parametrize("text", ["null", "NaN", "Infinity"])
def test_text_that_looks_like_such_a_number_is_not_refused(text):
    message = build.intent(strategy=text)
    assert decode(line(message)).message == message


def test_a_line_longer_than_the_limit_is_refused():
    fits = LINE_MAX - len(line(build.command(why="")))
    assert len(line(build.command(why="x" * fits))) == LINE_MAX
    with pytest.raises(LogError, match="65537 bytes"):
        line(build.command(why="x" * (fits + 1)))


def test_ticks_are_not_logged():
    with pytest.raises(LogError, match="Trade is not logged"):
        line(build.trade())


def test_text_that_is_no_unicode_is_refused():
    with pytest.raises(LogError, match="not Unicode"):
        line(build.command(why="\ud800"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"v":1', b'"v":2', "version 2 is newer"),
        (b'"v":1', b'"v":0', "version 0 does not exist"),
        (b'"Pulse"', b'"Pulsar"', "kind Pulsar is unknown"),
        (b'"SYS_PULSE"', b'"NO_SUCH"', "not a record"),
        (b'"seq":7', b'"seq":"7"', "not a record"),
    ],
)
def test_what_this_program_cannot_read_is_refused_with_the_cause(old, new, why):
    with pytest.raises(LogError, match=why):
        decode(line(build.pulse()).replace(old, new))


@pytest.mark.parametrize("upper", [True, False])
def test_the_crc_is_compared_as_bytes(upper):
    raw = line(build.pulse())
    tail = raw[-11:-3].upper() if upper else raw[-11:-3]
    assert is_true(raw[:-11] + tail + raw[-3:]) is not upper


def test_a_true_line_is_found_behind_a_lost_newline():
    raw = line(build.pulse())
    assert holds_record([b"garbage" + raw])
    assert holds_record([raw[:-1] + raw])
    assert not holds_record([raw[:-1], b"\x00" * 100, raw[5:]])


@given(st.integers(0, 4_000_000_000 * 10**9))
def test_a_stamp_keeps_every_nanosecond(ns):
    raw, _ = encode(Record(1, "risk", None, build.pulse()), GENESIS, ns, "01JD")
    assert decode(raw).ns == ns
    assert len(stamp(ns)) == 30
