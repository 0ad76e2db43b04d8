"""Program messages: pretty on a terminal, JSON lines elsewhere, always on stderr, no secrets."""

import logging
import sys
from typing import Any

import structlog


def start(json_only: bool, quiet: bool = False) -> None:
    """`quiet` keeps warnings and errors only, for a terminal that shows the live view."""
    pretty = sys.stderr.isatty() and not json_only
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if quiet else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
