"""Feed each actor the inputs it had, and compare its answers with those it gave.

A replay ends at nothing; a fold is the same walk with the answers dropped, and leaves the stages
as they were when the log ended. A stage with `learn`, which moves its memory as `on` does and says
nothing, is not asked in a fold for what the log says that it answered. What a fold finds unanswered
at the end of a log was cut off by a crash, and is posted before anything new. An answer that the
log lacks further up is a difference like any other: actors have their turns in the order of the
log, so there it was never given. What serves the model alone was not at work in a run whose
strategy asks none: it learns, unheard. So does who was given up, to the end of its run: what it did
not say for hours is too much for any start to post.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from msgspec import Struct
from msgspec.structs import replace

from actors.pipeline import routes
from core.messages import ActorFailed, Halted, Message, Record, RunStarted, Stage
from core.reasons import Reason

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


class Late(Exception):
    """An answer that comes longer after its cause than was looked ahead."""


class Told:
    """What the log tells of its actors, as far as it was read.

    An actor has come to any record that one of them answered: they have their turns in order. One
    that failed may be behind the others for the rest of its run: its own answers tell.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.answers: dict[int, list[Record]] = {}  # by their causes
        self.failed: set[tuple[str, int]] = set()  # actor and record: left out for that actor
        self.own = dict.fromkeys(names, 0)  # the latest that each has answered
        self.behind: dict[str, int] = {}
        self.broke: dict[str, int] = {}  # the record that each last failed on
        self.given_up: set[tuple[str, int]] = set()  # of those, who was then left as it was
        self.others = 0
        self.walked = 0  # records up to here have been replayed

    def read(self, records: list[Record]) -> None:
        own, answers, others, walked = self.own, self.answers, self.others, self.walked
        for record in records:
            actor, cause, message = record.actor, record.cause, record.message
            if cause is not None and actor in own:
                if cause <= walked:
                    raise Late
                answers.setdefault(cause, []).append(record)
                own[actor], others = max(own[actor], cause), max(others, cause)
            if isinstance(message, RunStarted):
                self.behind.clear()
            elif isinstance(message, ActorFailed):
                if 0 < message.seq <= walked:  # a tick has none
                    raise Late
                self.failed.add((message.actor, message.seq))
                self.behind.setdefault(message.actor, others)
                self.broke[message.actor] = message.seq
            elif isinstance(message, Halted) and message.reason is Reason.SYS_ESCALATE:
                self.give_up(message.why)
        self.others = others

    def give_up(self, why: str) -> None:
        for name, seq in self.broke.items():
            if why.startswith(f"actor {name} keeps failing"):
                if 0 < seq <= self.walked:
                    raise Late
                self.given_up.add((name, seq))

    def reached(self, name: str) -> int:
        """The latest record that this actor has surely come to."""
        return max(self.own[name], self.behind.get(name, self.others))


def blocks(told: Told, records: Iterable[Record], size: int | None) -> Iterator[list[Record]]:
    """The records, a block at a time, of which each is let go when the next has been read."""
    rest = iter(records)
    before = list(islice(rest, size))
    told.read(before)
    while before:
        now = list(islice(rest, size))
        told.read(now)
        yield before
        told.walked, before = before[-1].seq, now


def replay(
    stages: Mapping[str, Stage], records: Iterable[Record], again: bool = True,
    ahead: int | None = None,
) -> Iterator[Difference]:  # fmt: skip
    """Walk the log in order of `seq`; records an actor failed on are left out for that actor.

    `again`: ask every stage once more, also one that could just learn. `ahead`: hold no more than
    twice so many records at once; raises Late if an answer is farther from its cause."""
    told, found = Told(stages), list[Difference]()
    takers = {
        kind: [(name, stages[name].on, getattr(stages[name], "learn", None)) for name in names]
        for kind, names in routes(stages).items()
    }
    answers, failed = told.answers, told.failed
    idle, gone = tuple[str, ...](), set[str]()
    for record in chain.from_iterable(blocks(told, records, ahead)):
        seq, message = record.seq, record.message
        if type(message) is RunStarted:
            idle = () if message.settings.signals.strategy == "model" else SERVANTS
            gone.clear()
        answered = answers.pop(seq, None)
        for name, on, learn in takers.get(type(message), ()):
            if failed and (name, seq) in failed:
                gone |= {name} if (name, seq) in told.given_up else set()
                continue
            if name in idle or name in gone:
                (learn or on)(message)
                continue
            recorded: list[Message] = []
            if answered:
                recorded = [r.message for r in answered if r.actor == name]
                if learn and recorded and not again:
                    learn(message)
                    continue
            replayed = on(message)
            if replayed != recorded:
                found.append(Difference(seq, name, message, recorded, replayed))
    for each in found:
        yield replace(each, last=each.seq >= told.reached(each.actor))
