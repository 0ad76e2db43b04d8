"""tradebot explain: why something was done, or not: the chain of causes of a record, in words."""

import argparse
import json
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cli.arguments import Arguments
from cli.logs import near, within
from core import config as configs
from core.clock import SECOND
from core.errors import EXIT_OK, UsageError
from core.messages import (
    Approved,
    CancelOrder,
    ClosePosition,
    Fill,
    Hold,
    Intent,
    ModifyOrder,
    PlaceOrder,
    Record,
    Refused,
    TradeClosed,
)
from core.terms import Purpose
from daemon.margins import flip
from daemon.sentences import checks, moment, sentence
from storage.chain import Segment
from storage.segments import begun
from venues.topstepx.protocol import nanoseconds

DECISIONS = (Hold, Intent, Refused)
Told = tuple[Record, str]  # a record, and what would have flipped its verdict
FOLLOWING_MAX = 30
DAY = 86_400 * SECOND


def parser() -> Arguments:
    words = Arguments(prog="tradebot explain", description=__doc__)
    words.add_argument("seq", nargs="?", type=int, metavar="SEQ", help="number of a record")
    words.add_argument("--order", metavar="ID", help="an order by its tag or the venue's id")
    words.add_argument("--at", metavar="TIME", help="the decision of a moment, e.g. 23:41:07")
    words.add_argument("--config", default="config.toml", metavar="F")
    words.add_argument("--wal", metavar="DIR")
    words.add_argument("--json", action="store_true")
    return words


def main(argv: list[str]) -> int:
    given = parser().parse_args(argv)
    if sum(x is not None for x in (given.seq, given.order, given.at)) != 1:
        raise UsageError("name one of SEQ, --order ID, --at TIME")
    records, at = around(Path(given.wal or configs.load(Path(given.config)).paths.wal), given)
    by_seq, up = {record.seq: record for record in records}, answered(records)
    found = find(records, by_seq, given, at)
    why, then = (
        [(record, flipped(record, by_seq)) for record in part]
        for part in (causes(found, by_seq, up), effects(found, records, up))
    )
    if given.json:
        told = {"why": [plain(*row) for row in why], "then": [plain(*row) for row in then]}
        print(json.dumps({"seq": found.seq, **told}))
    else:
        print("\n".join(spoken(why, then)))
    return EXIT_OK


def around(directory: Path, given: argparse.Namespace) -> tuple[list[Record], int]:
    """The records to look at, and the moment that is meant, if one is."""
    files, at = begun(directory), 0
    if given.at is not None:
        at = instant(given.at, *reach(directory, files))
        openings = (next(within(directory, files, i, i + 1), None) for i in range(len(files)))
        place = bisect([opened.message.at if opened else at + 1 for opened in openings], at) - 1
    elif given.order is not None:
        parts = ((i, within(directory, files, i, i + 1)) for i in reversed(range(len(files))))
        place = next((i for i, part in parts if any(told_of(r, given.order) for r in part)), 0)
    else:
        place = bisect([file.first for file in files], given.seq) - 1
    return near(directory, files, max(place, 0)), at


def reach(directory: Path, files: list[Segment]) -> tuple[int, int]:
    """The first and the last moment of a log."""
    parts = [within(directory, files, place, place + 1) for place in {0, len(files) - 1}]
    times = [record.message.at for part in parts for record in part]
    if not times:
        raise UsageError("the log is empty")
    return min(times) // SECOND * SECOND, max(times)


def told_of(record: Record, name: str) -> bool:
    """Is that order, or its entry, named in it?"""
    tag = getattr(record.message, "tag", "")
    return tag in (name, stem(name)) or str(getattr(record.message, "venue_id", "")) == name


def stem(tag: str) -> str:
    return tag.removesuffix("-SL").removesuffix("-TP")


def find(
    records: list[Record], by_seq: dict[int, Record], given: argparse.Namespace, at: int
) -> Record:
    if given.seq is not None:
        if given.seq not in by_seq:
            raise UsageError(f"no record {given.seq} in this log")
        return by_seq[given.seq]
    if given.order is not None:
        return find_order(records, given.order)
    decided = [r for r in records if isinstance(r.message, DECISIONS) and r.message.at <= at]
    if not decided:
        raise UsageError(f"nothing was decided up to {moment(at)}")
    return decided[-1]


def find_order(records: list[Record], name: str) -> Record:
    """The order's own record; a leg or a venue id leads to the order that made it."""
    tags = {name, stem(name)}
    named = [r for r in records if name and str(getattr(r.message, "venue_id", "")) == name]
    for record in named:
        tag = getattr(record.message, "tag", "")
        tags |= {tag, stem(tag)}
    asked = [r for r in records if getattr(r.message, "tag", None) in tags - {""}]
    asked = asked or [r for r in named if isinstance(r.message, Fill)] or named
    placed = [r for r in asked if isinstance(r.message, PlaceOrder)]
    if not asked:
        raise UsageError(f"no order {name} in this log")
    return (placed or asked)[0]


def instant(text: str, first: int, last: int) -> int:
    """An ISO time, or a time of day on the last day of the log that has it; UTC."""
    days = [datetime.fromtimestamp(at // SECOND, UTC) for at in range(first, last + DAY, DAY)]
    isos = [text.replace(" ", "T")] if "-" in text else [f"{day:%Y-%m-%d}T{text}" for day in days]
    for at in (stamp_of(iso, text) for iso in reversed(isos)):
        if first <= at <= last:
            return at
    raise UsageError(f"{text} is not in this log: it has {moment(first)} to {moment(last)}")


def stamp_of(iso: str, text: str) -> int:
    try:
        return nanoseconds(iso)
    except ValueError:
        raise UsageError(f"{text} is no time: expected HH:MM:SS or ISO") from None


def answered(records: list[Record]) -> dict[int, int]:
    """Of each record the one that it answers: the logged cause; for an entry that had to wait its
    approval, not what it waited for; for what the venue told unasked, the last request for that
    order. An order without a tag is the venue's of a close, until the next entry."""
    up: dict[int, int] = {}
    admitted: dict[str, int] = {}
    asked: dict[str, int] = {}
    for record in records:
        seq, message, tag = record.seq, record.message, getattr(record.message, "tag", None)
        if record.cause is not None:
            up[seq] = record.cause
        elif record.actor == "gateway" and tag in asked:
            up[seq] = asked[tag]
        match message:
            case Approved(intent=intent):
                admitted[intent.id] = seq
            case PlaceOrder(tag=name):
                asked |= {name: seq, f"{name}-SL": seq, f"{name}-TP": seq}
                if message.purpose is Purpose.ENTRY:
                    asked.pop("", None)
                    approval = admitted.get(message.intent, 0)
                    up |= {seq: approval} if approval not in (0, *above(seq, up)) else {}
            case ClosePosition(tag=name):
                asked |= {name: seq, "": seq}
            case ModifyOrder(tag=name) | CancelOrder(tag=name):
                asked[name] = seq
    return up


def above(seq: int, up: dict[int, int]) -> Iterator[int]:
    while seq in up:
        seq = up[seq]
        yield seq


def causes(found: Record, by_seq: dict[int, Record], up: dict[int, int]) -> list[Record]:
    """From the record up to the market event that began it, oldest first."""
    return [by_seq[seq] for seq in (found.seq, *above(found.seq, up)) if seq in by_seq][::-1]


def effects(found: Record, records: list[Record], up: dict[int, int]) -> list[Record]:
    """What followed from it, and what the venue then told about its order."""
    answers: dict[int | None, list[Record]] = defaultdict(list)
    for record in records:
        answers[up.get(record.seq)].append(record)
    after, queue = [], [found]
    while queue and len(after) < FOLLOWING_MAX:
        followed = answers.get(queue.pop(0).seq, [])
        after += followed
        queue += followed
    return sorted({r.seq: r for r in [*after, *_of_order(found, after, records)]}.values(),
                  key=lambda r: r.seq)  # fmt: skip


def _of_order(found: Record, after: list[Record], records: list[Record]) -> list[Record]:
    placed = [r.message.tag for r in (found, *after) if isinstance(r.message, PlaceOrder)]
    tags = {name for tag in placed for name in (tag, f"{tag}-SL", f"{tag}-TP")}
    told = [r for r in records if getattr(r.message, "tag", None) in tags]
    told = [r for r in told if r.seq > found.seq]
    seqs = {r.seq for r in told}
    return told + [r for r in records if isinstance(r.message, TradeClosed) and r.cause in seqs]


def flipped(record: Record, by_seq: dict[int, Record]) -> str:
    cause = by_seq.get(record.cause or 0)
    return flip(record.message, cause.message if cause else None)


def plain(record: Record, change: str) -> Any:
    words = {"text": sentence(record.message), "checks": checks(record.message), "flip": change}
    reason = getattr(record.message, "reason", "")
    return {
        "seq": record.seq, "actor": record.actor, "cause": record.cause, "reason": reason,
        "kind": type(record.message).__name__, **words,
        "message": msgspec.to_builtins(record.message),
    }  # fmt: skip


def spoken(why: list[Told], then: list[Told]) -> list[str]:
    heads = ("why:", why), ("then:", then)
    return [row for head, part in heads if part for row in (head, *_lines(part))]


def _lines(part: list[Told]) -> Iterator[str]:
    for record, change in part:
        message = record.message
        head = f"  {record.seq:>8} {moment(message.at)} {record.actor:<10}"
        yield f"{head} {sentence(message)} [{getattr(message, 'reason', '')}]"
        yield from (f"{'':>46}{text}" for text in (*checks(message), change) if text)
