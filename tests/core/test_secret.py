"""A secret shows itself to nobody but the one who reveals it."""

import base64
import copy
import json
import traceback

import msgspec
import orjson
import pytest

from core.secret import Secret

KEY = "CANARY-0123456789"


def test_only_reveal_shows_it():
    secret = Secret(KEY)
    assert secret.reveal() == KEY
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}"]
    shown += [str({"key": secret}), str([secret]), str(dir(secret))]
    assert not [text for text in shown if KEY in text]


@pytest.mark.parametrize(
    "store",
    [json.dumps, orjson.dumps, msgspec.json.encode, msgspec.to_builtins, copy.copy, copy.deepcopy,
     vars],
    ids=lambda store: f"{store.__module__}.{store.__qualname__}",
)  # fmt: skip
def test_it_cannot_be_stored(store):
    with pytest.raises(TypeError) as refused:
        store(Secret(KEY))
    assert KEY not in "".join(traceback.format_exception(refused.value))


def test_it_cannot_be_dumped_by_any_protocol():
    for protocol in range(6):
        with pytest.raises(TypeError):
            Secret(KEY).__reduce_ex__(protocol)


def test_a_traceback_with_locals_does_not_show_it():
    def fail(secret):
        raise ValueError(f"cannot use {secret}")

    try:
        fail(Secret(KEY))
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    text = "".join(line for line in lines if "fail(Secret" not in line)
    assert KEY not in text
    assert base64.b64encode(KEY.encode()).decode() not in text


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret("x")
