"""Program messages: pretty on a terminal, JSON lines elsewhere, always on stderr, no secrets."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog


class Unfailing:
    """stderr, of which no failure stops what trades: its disk full, its reader gone."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


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
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Unfailing())),
        cache_logger_on_first_use=False,
    )


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
