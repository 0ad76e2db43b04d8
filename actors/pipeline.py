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
    """Every message of the run with its actor, in order: each event, then all that follows.

    What an event brings about is drained answer by answer, so that each of several bars that close
    at once is decided on before the next, as in the live run.
    """
    table = routes(stages)

    def answers(message: Message) -> Iterator[tuple[str, Message]]:
        for name in table.get(type(message), ()):
            for answer in stages[name].on(message):
                yield name, answer

    for event in tape:
        yield "tape", event
        for first in list(answers(event)):
            pending = deque([first])
            while pending:
                actor, message = pending.popleft()
                yield actor, message
                pending.extend(answers(message))
