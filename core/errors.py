"""Failures the user can mend: one line that says what, where, and what to do; and exit codes."""

EXIT_OK = 0  # done and flat
EXIT_DIFFERENCE = 1  # differences, or a failed check
EXIT_USAGE = 2
EXIT_INTERNAL = 70
EXIT_NOT_FLAT = 73  # stopped with a position
EXIT_LOG = 74  # log input or output failed
EXIT_LOCKED = 75  # another daemon holds the lock
EXIT_CONFIG = 78  # configuration refused


class TradebotError(Exception):
    """Ends the program with `code` and its text as the one line on stderr."""

    code = EXIT_INTERNAL


class ConfigError(TradebotError):
    code = EXIT_CONFIG


class LogError(TradebotError):
    """The log cannot be written or must not be trusted."""

    code = EXIT_LOG


class LockedError(TradebotError):
    code = EXIT_LOCKED


class UsageError(TradebotError):
    code = EXIT_USAGE


class DifferenceError(TradebotError):
    code = EXIT_DIFFERENCE
