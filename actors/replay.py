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


class Past(Struct):
    """What the log tells of its actors."""

    answers: dict[tuple[str, int], list[Message]]  # by actor and cause
    failed: set[tuple[str, int]]  # actor and record: left out for that actor
    reached: dict[str, int]  # the latest record that each actor has surely come to


def replay(stages: Mapping[str, Stage], records: Iterable[Record]) -> Iterator[Difference]:
    """Walk the log in order of `seq`; records an actor failed on are left out for that actor."""
    records = list(records)
    told = past(stages, records)
    takers = {
        kind: [(name, stages[name].on) for name in names] for kind, names in routes(stages).items()
    }
    for record in records:
        seq, message = record.seq, record.message
        for name, on in takers.get(type(message), ()):
            if (name, seq) in told.failed:
                continue
            replayed = on(message)
            recorded = told.answers.get((name, seq), [])
            if replayed != recorded:
                last = seq >= told.reached[name]
                yield Difference(seq, name, message, recorded, replayed, last)


def past(stages: Mapping[str, Stage], records: Iterable[Record]) -> Past:
    """An actor has come to any record that one of them answered: they have their turns in order.

    One that failed may be behind the others for the rest of its run: its own answers tell.
    """
    answers: dict[tuple[str, int], list[Message]] = defaultdict(list)
    failed: set[tuple[str, int]] = set()
    others, own, behind = 0, dict.fromkeys(stages, 0), dict[str, int]()
    for record in records:
        actor, cause, message = record.actor, record.cause, record.message
        if cause is not None and actor in own:
            answers[actor, cause].append(message)
            own[actor] = max(own[actor], cause)
            others = max(others, cause)
        kind = type(message)
        if kind is RunStarted:
            behind.clear()
        elif kind is ActorFailed:
            assert isinstance(message, ActorFailed)
            failed.add((message.actor, message.seq))
            behind.setdefault(message.actor, others)
    reached = {name: max(own[name], behind.get(name, others)) for name in stages}
    return Past(answers, failed, reached)
