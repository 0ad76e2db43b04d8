"""Feed each actor the inputs it had, and compare its answers with those it gave.

A replay ends at nothing; a fold is the same walk with the answers dropped, and leaves the stages
as they were when the log ended. What a fold finds unanswered at the end of a log was cut off by a
crash, and is posted before anything new.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from actors.pipeline import routes
from core.messages import ActorFailed, Message, Record, Stage


class Difference(Struct, frozen=True):
    """One input that this code answers otherwise than the log says."""

    seq: int
    actor: str
    input: Message
    recorded: list[Message]
    replayed: list[Message]

    @property
    def unanswered(self) -> list[Message]:
        """What is missing at the end of the recorded answers, if they are else the same."""
        size = len(self.recorded)
        return self.replayed[size:] if self.replayed[:size] == self.recorded else []


def replay(stages: Mapping[str, Stage], records: Iterable[Record]) -> Iterator[Difference]:
    """Walk the log in order of `seq`; records an actor failed on are left out for that actor."""
    records = list(records)
    answers: dict[tuple[str, int | None], list[Message]] = defaultdict(list)
    failed: set[tuple[str, int]] = set()
    for record in records:
        answers[record.actor, record.cause].append(record.message)
        if isinstance(record.message, ActorFailed):
            failed.add((record.message.actor, record.message.seq))
    table = routes(stages)
    for record in records:
        for name in table.get(type(record.message), ()):
            if (name, record.seq) in failed:
                continue
            replayed = stages[name].on(record.message)
            recorded = answers.get((name, record.seq), [])
            if replayed != recorded:
                yield Difference(record.seq, name, record.message, recorded, replayed)
