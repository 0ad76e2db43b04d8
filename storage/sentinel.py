"""The kill switch as a file of its own, so that no torn end of the log can forget a kill.

`state/KILL` is there: killed. What stands in it is for people; even an empty file kills.
"""

from pathlib import Path

from storage.disk import Disk, make_directory, write_file
from storage.line import stamp

NAME = "KILL"
TEXT_MAX = 1000  # letters of it that are read: a record must hold them


def create(state: Path, by: str, why: str, ns: int, disk: Disk | None = None) -> Path:
    """Durable when this returns. Raises OSError."""
    disk = disk or Disk()
    make_directory(state, disk)
    text = f"by {by}\nwhy {why}\nat {stamp(ns)}\n"
    write_file(state / NAME, text.encode(errors="replace"), disk)
    return state / NAME


def read(state: Path) -> str | None:
    """Who killed it, why and when, on one line; None if nobody did. Unreadable is killed too."""
    try:
        content = (state / NAME).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"not readable: {error}"
    line = ", ".join(content.split("\n")).strip(", ")[:TEXT_MAX]
    return "".join(one if one.isprintable() else "?" for one in line)


def remove(state: Path, disk: Disk | None = None) -> None:
    """Re-arm, durably."""
    disk = disk or Disk()
    disk.unlink(state / NAME)
    disk.fsync_dir(state)
