"""The hub protocol: any fragmentation gives the same records, hostile bytes give `Malformed`."""

import contextlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.topstepx import signalr
from venues.topstepx.signalr import Malformed, Splitter, decode, greeting

RECORDS = [b"{}", b'{"type":6}', '{"type":1,"target":"é\u2028"}'.encode(), b"", b'{"type":7}']


@given(st.lists(st.integers(0, 60), max_size=8))
def test_fragments_make_the_same_records(cuts):
    stream = b"".join(record + b"\x1e" for record in RECORDS)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    splitter = Splitter()
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert [record for piece in pieces for record in splitter.feed(piece)] == RECORDS


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6] * 2, [b"x" * 11 + b"\x1e"]])
def test_a_record_without_end_is_refused(chunks):
    splitter = Splitter(limit=10)
    with pytest.raises(Malformed, match="more than 10 bytes"):
        for chunk in chunks:
            splitter.feed(chunk)


def test_many_short_records_are_no_long_one():
    assert len(Splitter(limit=10).feed(b"x" * 10 + b"\x1e" + b"y\x1e" * 1000)) == 1001


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b"1", b"{", b"{}", b'{"type":"1"}', b'{"type":1.5}', b'{"type":NaN}',
        b'{"type":1,"target":5}', b'{"type":1,"target":null}', b'{"type":1,"arguments":{}}',
        b'{"type":1}{', b'{"type":1,"target":"\xff"}', b'{"type":1,"target":"\\ud800"}',
        b'{"type":1,"target":"\xed\xa0\x80"}', b"[" * 100_000,
        b'{"type":1,"arguments":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":1,"x":' + b'{"a":' * 100_000, b'{"type":' + b"9" * 5000 + b"}",
        b"<html>502</html>", b"\x00" * 100, "{\u202e}".encode(),
        b'{"type":1,"target":"a","target":"b"}', b'{"type":1,"arguments":[1],"arguments":[]}',
    ],
)  # fmt: skip
def test_what_is_no_record_is_malformed(raw):
    with pytest.raises(Malformed) as refused:
        decode(raw)
    assert str(refused.value).isascii() and str(refused.value).isprintable()


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw):
    for read in (decode, greeting):
        with contextlib.suppress(Malformed):
            read(raw)


def test_arguments_are_left_as_they_came():
    record = decode(b'{"type":1,"target":"GatewayQuote","arguments":["CON",{"bestBid":6715.25}]}')
    assert (record.type, record.target) == (signalr.INVOCATION, "GatewayQuote")
    assert [bytes(argument) for argument in record.arguments] == [b'"CON"', b'{"bestBid":6715.25}']


def test_a_completion_without_result_is_no_failure():
    record = decode(b'{"type":3,"invocationId":"2","result":null}')
    assert (record.type, record.invocation_id, record.error) == (signalr.COMPLETION, "2", None)


def test_the_handshake_is_answered_with_nothing_or_an_error():
    assert greeting(b"{}").error is None
    assert greeting(b'{"error":"no such protocol"}').error == "no such protocol"


def test_what_we_send_is_one_record_each():
    call = signalr.invocation("7", "SubscribeOrders", [4711])
    assert json.loads(signalr.HANDSHAKE.rstrip("\x1e")) == {"protocol": "json", "version": 1}
    assert json.loads(signalr.KEEP_ALIVE.rstrip("\x1e")) == {"type": 6}
    sent = json.loads(call.rstrip("\x1e"))
    assert sent == {
        "type": 1, "invocationId": "7", "target": "SubscribeOrders", "arguments": [4711],
        "headers": {},
    }  # fmt: skip
    assert [text.count("\x1e") for text in (call, signalr.HANDSHAKE, signalr.KEEP_ALIVE)] == [1] * 3


def test_foreign_text_cannot_break_a_line():
    assert signalr.plain("a\nb\x1b[31m\u202e\ud800") == r"a\nb\x1b[31m\u202e\ud800"
    assert len(signalr.plain("x" * 10_000)) == 200
