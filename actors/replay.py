"""Feed each actor the inputs it had, and compare its answers with those it gave.

A replay ends at nothing; a fold is the same walk with the answers dropped, and leaves the stages
as they were when the log ended. What a fold finds unanswered at the end of a log was cut off by a
crash, and is posted before anything new. An answer that the log lacks further up is a difference
like any other: actors have their turns in the order of the log, so there it was never given.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from actors.pipeline import routes
from core.messages import ActorFailed, Message, Record, RunStarted, Stage


class Difference(Struct, frozen=True):
    """One input that this code answers otherwise than the log says."""

    seq: int
    actor: str
    input: Message
    recorded: list[Message]
    replayed: list[Message]
    last: bool = True  # the log ended before this actor came to anything later

    @property
    def unanswered(self) -> list[Message]:
        """What the end of the log cut off the recorded answers, if they are else the same."""
        size = len(self.recorded)
        return self.replayed[size:] if self.last and self.replayed[:size] == self.recorded else []


def replay(stages: Mapping[str, Stage], records: Iterable[Record]) -> Iterator[Difference]:
    """Walk the log in order of `seq`; records an actor failed on are left out for that actor."""
    records = list(records)
    answers: dict[tuple[str, int | None], list[Message]] = defaultdict(list)
    failed: set[tuple[str, int]] = set()
    for record in records:
        answers[record.actor, record.cause].append(record.message)
        if isinstance(record.message, ActorFailed):
            failed.add((record.message.actor, record.message.seq))
    table, reached = routes(stages), come_to(stages, records)
    for record in records:
        for name in table.get(type(record.message), ()):
            if (name, record.seq) in failed:
                continue
            replayed = stages[name].on(record.message)
            recorded = answers.get((name, record.seq), [])
            if replayed != recorded:
                last = record.seq >= reached[name]
                yield Difference(record.seq, name, record.message, recorded, replayed, last)


def come_to(stages: Mapping[str, Stage], records: Iterable[Record]) -> dict[str, int]:
    """The latest record that each actor has surely come to: one that any of them answered.

    One that failed may be behind the others for the rest of its run: its own answers tell.
    """
    others, own, behind = 0, dict.fromkeys(stages, 0), dict[str, int]()
    for record in records:
        if record.actor in own and record.cause is not None:
            own[record.actor] = max(own[record.actor], record.cause)
            others = max(others, record.cause)
        if isinstance(record.message, RunStarted):
            behind.clear()
        if isinstance(record.message, ActorFailed):
            behind.setdefault(record.message.actor, others)
    return {name: max(own[name], behind.get(name, others)) for name in stages}
