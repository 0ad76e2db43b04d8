"""How far a long command has come, on stderr where that is a terminal, and nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

COUNTED = ("[progress.description]{task.description}", BarColumn(), TimeRemainingColumn())
SPOKEN = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())


@contextmanager
def counted(
    what: str, total: int | None = None, quiet: bool = False
) -> Iterator[Callable[[int], None]]:
    """Told how much of `total` is done."""
    console = Console(stderr=True)
    shown = console.is_terminal and not quiet
    with Progress(*COUNTED, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def spoken(first: str = "reading") -> Iterator[Callable[[str], None]]:
    """Told what is being done."""
    console = Console(stderr=True)
    off = not console.is_terminal
    with Progress(*SPOKEN, console=console, transient=True, disable=off) as progress:
        task = progress.add_task(first)
        yield lambda words: progress.update(task, description=words)
