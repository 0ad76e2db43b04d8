"""Feed each actor the inputs it had, and compare its answers with those it gave.

A replay ends at nothing; a fold is the same walk with the answers dropped, and leaves the stages
as they were when the log ended. A stage with `learn`, which moves its memory as `on` does and says
nothing, is not asked in a fold for what the log says that it answered. What a fold finds unanswered
at the end of a log was cut off by a crash, and is posted before anything new. An answer that the
log lacks further up is a difference like any other: actors have their turns in the order of the
log, so there it was never given. What serves the model alone was not at work in a run whose
strategy asks none: it learns, unheard.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from actors.pipeline import routes
from core.messages import ActorFailed, Message, Record, RunStarted, Stage

SERVANTS = ("features", "inference")  # of the model


class Difference(Struct, frozen=True, gc=False):
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

    answers: list[Record]  # in the order of their causes
    causes: list[int]  # of these, and one more that no record reaches
    failed: set[tuple[str, int]]  # actor and record: left out for that actor
    reached: dict[str, int]  # the latest record that each actor has surely come to


def replay(
    stages: Mapping[str, Stage], records: Iterable[Record], again: bool = True
) -> Iterator[Difference]:
    """Walk the log in order of `seq`; records an actor failed on are left out for that actor.

    `again`: ask every stage once more, also one that could just learn."""
    records = list(records)
    told = past(stages, records)
    takers = {
        kind: [(name, stages[name].on, getattr(stages[name], "learn", None)) for name in names]
        for kind, names in routes(stages).items()
    }
    answers, causes, failed, here = told.answers, told.causes, told.failed, 0
    idle: tuple[str, ...] = ()
    for record in records:
        seq, message, first = record.seq, record.message, here
        if type(message) is RunStarted:
            idle = () if message.settings.signals.strategy == "model" else SERVANTS
        while causes[here] <= seq:
            here += 1
        answered = answers[first:here] if here > first else None
        for name, on, learn in takers.get(type(message), ()):
            if failed and (name, seq) in failed:
                continue
            if name in idle:
                (learn or on)(message)
                continue
            recorded: list[Message] = []
            if answered:
                recorded = [r.message for r in answered if (r.actor, r.cause) == (name, seq)]
                if learn and recorded and not again:
                    learn(message)
                    continue
            replayed = on(message)
            if replayed != recorded:
                last = seq >= told.reached[name]
                yield Difference(seq, name, message, recorded, replayed, last)


def past(stages: Mapping[str, Stage], records: Sequence[Record]) -> Past:
    """An actor has come to any record that one of them answered: they have their turns in order.

    One that failed may be behind the others for the rest of its run: its own answers tell.
    """
    answers: list[Record] = []
    failed: set[tuple[str, int]] = set()
    others, own, behind = 0, dict.fromkeys(stages, 0), dict[str, int]()
    for record in records:
        actor, cause, message = record.actor, record.cause, record.message
        if cause is not None and actor in own:
            answers.append(record)
            own[actor], others = max(own[actor], cause), max(others, cause)
        if isinstance(message, RunStarted):
            behind.clear()
        elif isinstance(message, ActorFailed):
            failed.add((message.actor, message.seq))
            behind.setdefault(message.actor, others)
    reached = {name: max(own[name], behind.get(name, others)) for name in stages}
    answers.sort(key=attrgetter("cause"))  # nearly in order already
    causes = [*map(attrgetter("cause"), answers), records[-1].seq + 1 if records else 0]
    return Past(answers, causes, failed, reached)
