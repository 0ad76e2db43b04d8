"""Program messages: pretty on a terminal, JSON lines elsewhere, always on stderr, no secrets."""

import logging
import sys
from collections import deque
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from threading import Event, Thread
from typing import Any, TextIO, cast

import structlog

WAITING_MAX = 1000  # texts that may wait to be taken; what comes then is lost
PATIENCE_S = 0.05


class Aside:
    """What is said goes out by a thread of its own, so that no failure of it stops what trades.

    The disk behind it may be full, its reader gone, or its terminal wait after a Ctrl-S. A flush
    waits for a moment, and not at all while what was said before has not gone out.
    """

    def __init__(self, stream: Callable[[], TextIO]) -> None:
        self.stream, self.waiting = stream, deque[str]()
        self.wake, self.out, self.stuck = Event(), Event(), False
        self.thread: Thread | None = None

    def write(self, text: str) -> int:
        if len(self.waiting) < WAITING_MAX:
            self.waiting.append(text)
        return len(text)

    def flush(self) -> None:
        if self.thread is None:
            self.thread = Thread(target=self.run, name="aside", daemon=True)
            self.thread.start()
        self.out.clear()
        self.wake.set()
        if not self.stuck:
            self.stuck = not self.out.wait(PATIENCE_S)

    def run(self) -> None:
        while self.wake.wait():
            self.wake.clear()
            with suppress(OSError, ValueError):
                while self.waiting:
                    self.stream().write(self.waiting.popleft())
                self.stream().flush()
            self.stuck = False
            self.out.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream(), name)


class Library(logging.Handler):
    """What a library complains of, as a message of ours: one line, and waited for by nobody."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(record.levelno // 10 * 10, logging.CRITICAL)
        said = structlog.get_logger("library")
        said.log(level, record.getMessage(), of=record.name, exc_info=record.exc_info)


def start(json_only: bool, quiet: bool = False) -> None:
    """`quiet` keeps warnings and errors only, for a terminal that shows the live view."""
    pretty = sys.stderr.isatty() and not json_only
    renderers: list[Any] = (
        [printable, structlog.dev.ConsoleRenderer()]
        if pretty
        else [structlog.processors.JSONRenderer()]  # escapes by itself
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if quiet else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Aside(lambda: sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[Library()], level=logging.WARNING)


def printable(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """No text moves the cursor or begins a line; only a traceback has lines."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if key == "exception" else [value]
            event[key] = "\n".join(map(escaped, lines))
    return event


def escaped(text: str) -> str:
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
