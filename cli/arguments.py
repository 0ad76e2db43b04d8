"""Command lines. What is wrong with one is one line, as every other error of the user."""

import argparse
from collections.abc import Callable
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import UsageError


class Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}: see {self.prog} --help")


def between(least: int, most: int, kind: type[int] | type[float]) -> Callable[[str], int | float]:
    """A `type=` of argparse: a number of this kind from `least` to `most`."""

    def read(text: str) -> int | float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"{text}: expected {what} from {least} to {most}")
        return value

    return read


def zoned(words: Arguments) -> None:
    """Give it `--zone`."""
    words.add_argument(
        "--zone", type=zone, default="UTC", metavar="ZONE",
        help="of stamps that name none, as America/Chicago; default: UTC",
    )  # fmt: skip


def zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        why = f"{name}: no such zone: expected the like of America/Chicago"
        raise argparse.ArgumentTypeError(why) from None
    return name
