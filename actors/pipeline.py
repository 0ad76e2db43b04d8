"""The graph of the program, and the way to run it without a loop, a queue or a clock."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from core.messages import Message, Stage

Routes = dict[type[Message], list[str]]


def routes(stages: Mapping[str, Stage]) -> Routes:
    """Who takes what, in the order of `stages`."""
    table: Routes = {}
    for name, stage in stages.items():
        for kind in stage.takes:
            table.setdefault(kind, []).append(name)
    return table


def pump(stages: Mapping[str, Stage], tape: Iterable[Message]) -> Iterator[tuple[str, Message]]:
    """Every message of the run with its actor, in order: each event, then all that follows."""
    table = routes(stages)
    for event in tape:
        pending = deque([("tape", event)])
        while pending:
            actor, message = pending.popleft()
            yield actor, message
            for name in table.get(type(message), ()):
                pending.extend((name, answer) for answer in stages[name].on(message))
