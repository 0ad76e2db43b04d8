"""The three streams, whoever started us: closed, full, gone, or of another alphabet.

What is said may be lost; what is done, and the exit code that tells of it, may not.
"""

import os
import sys
from io import TextIOWrapper
from typing import TextIO


class Answer(TextIOWrapper):
    """Standard output. Words that nobody takes are lost from then on, and nothing else."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self.lose(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self.lose(error)

    def lose(self, error: OSError) -> None:
        self.lost = self.lost or error
        silence(self)


def prepare() -> None:
    """A stream that is closed goes nowhere: the next file or socket would take its number, and
    libuv aborts on one of them. A letter that a stream cannot spell is spelt out."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
            os.set_inheritable(getattr(sys, name).fileno(), True)
    was = sys.stdout
    assert isinstance(was, TextIOWrapper)
    encoding, how = was.encoding, (was.line_buffering, was.write_through)
    sys.stdout = Answer(was.detach(), encoding, "backslashreplace", None, *how)


def unheard(stream: TextIO) -> OSError | None:
    """Why it took no more, if that is so."""
    return getattr(stream, "lost", None)


def silence(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
