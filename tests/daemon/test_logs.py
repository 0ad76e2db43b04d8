"""What a log line shows is text: no letter of it moves the cursor or begins another line (S3)."""

import json
import logging
import os
import sys
from contextlib import suppress
from threading import Thread

import pytest
import structlog

from daemon import logs

HOSTILE = [
    "\x1b[31mred", "a\nlevel=error", "a\r\nb", "\x00", "\x07", "\x9b2J", "\u202eabc", "\u2028x",
    "\ud800", "tab\there", "\x1b]0;title\x07", "\x7f", "\u200b", "\ufeff",
]  # fmt: skip


@pytest.fixture(autouse=True)
def as_before():
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_is_shown_escaped(text, pretty, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: pretty)
    logs.start(json_only=False)
    structlog.get_logger("test").warning("heard", why=text)
    shown = capsys.readouterr().err
    assert shown.endswith("\n") and shown.count("\n") == 1
    if pretty:  # the colours are our own
        assert text not in shown and ascii(text)[1:-1] in shown.replace("\\\\", "\\")
    else:
        assert shown[:-1].isprintable() and json.loads(shown)["why"] == text


def test_a_traceback_keeps_its_lines_and_nothing_else(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.start(json_only=False)
    try:
        raise ValueError("\x1b[2Jgone")
    except ValueError:
        structlog.get_logger("test").error("failed", exc_info=True)
    shown = capsys.readouterr().err
    assert "\x1b[2J" not in shown and r"\x1b[2Jgone" in shown
    assert shown.count("\n") > 2


def test_what_a_library_complains_of_is_a_line_like_ours(capsys, monkeypatch):
    monkeypatch.setattr(logging.root, "handlers", [])
    logs.start(json_only=True)
    try:
        raise ValueError("not a header")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling %s", "a request")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"]) == ("Error handling a request", "error")
    assert told["of"] == "aiohttp.server" and "ValueError: not a header" in told["exception"]


@pytest.mark.parametrize("pretty", [True, False])
def test_a_line_that_nobody_takes_stops_nothing(pretty, monkeypatch):
    """A full disk, a terminal that is gone, a pipe whose reader is."""
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(full, "isatty", lambda: pretty, raising=False)
        monkeypatch.setattr(sys, "stderr", full)
        logs.start(json_only=False)
        for _ in range(3):
            structlog.get_logger("test").error("heard", why="x" * 10_000)
        with suppress(OSError):
            full.close()


def test_who_takes_no_output_stops_nothing_and_gets_it_later(monkeypatch):
    """A terminal after Ctrl-S, a pipe whose reader hangs."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    with suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 512)
    os.set_blocking(write, True)
    with open(write, "w") as stuck:
        monkeypatch.setattr(sys, "stderr", stuck)
        logs.start(json_only=True)
        said = Thread(target=structlog.get_logger("test").error, args=("heard",), daemon=True)
        said.start()
        said.join(5)
        went_on = not said.is_alive()
        shown = b""
        while b"heard" not in shown:
            shown += os.read(read, 1 << 16)
        assert went_on
        said.join(5)
    os.close(read)
