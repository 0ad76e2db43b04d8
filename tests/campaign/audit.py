"""Harm, counted from outside: the gateway's ledger is the truth, the log is what we say of it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from actors.replay import replay
from core.messages import (
    Fill,
    Flat,
    Halted,
    OrderRejected,
    PlaceOrder,
    RunEnded,
    RunStarted,
)
from core.reasons import Reason
from core.terms import Purpose, Request
from daemon import wiring
from daemon.snapshots import remembered, restore
from storage import snapshot
from storage.wal import read

NAKED_S = 2.0
WORKING, STOP = 1, 4  # the gateway's order status and type
ROWS = ("lost", "dup", "drift", "naked", "breach", "mute", "replay", "end")


class Truth:
    """The ledger, line by line."""

    def __init__(self, path: Path) -> None:
        self.lines = [json.loads(raw) for raw in path.read_bytes().splitlines()]

    def rows(self, kind: str) -> list[dict]:
        return [line for line in self.lines if line["kind"] == kind]

    def fills(self) -> dict[int, dict]:
        return {line["trade"]["id"]: line for line in self.rows("fill")}

    def tags(self) -> Counter:
        """How many orders the venue made for each tag."""
        made = {line["order"]["id"]: line["order"]["customTag"] for line in self.rows("order")}
        return Counter(tag for tag in made.values() if tag)

    def positions(self) -> Iterator[int]:
        for line in self.rows("position"):
            row = line["position"]
            yield row["size"] * {1: 1, 2: -1}.get(row["type"], 0)

    def balance(self) -> Decimal:
        start = self.rows("start")[0]
        return Decimal((self.rows("balance") or [start])[-1]["balance"])

    def naked_s(self) -> float:
        """The longest time that a position stood without a working stop, wall seconds."""
        held, stops, since, worst = 0, set(), None, 0.0
        for line in self.lines:
            if line["kind"] == "position":
                held = line["position"]["size"]
            if line["kind"] == "order":
                row = line["order"]
                working = row["status"] == WORKING and row["type"] == STOP
                (stops.add if working else stops.discard)(row["id"])
            if since is not None:
                worst = max(worst, (line["wall"] - since) / 1e9)
            bare = held and not stops
            since = (since or line["wall"]) if bare else None
        return worst


def harm(
    truth: Truth, wal: Path, kept: Iterable[tuple[Path, bytes]], allowed: int = 1
) -> list[tuple[str, str]]:
    """What went wrong in one chain, as (row, sentence).

    `kept`: what the log was at each crash; `allowed`: contracts."""
    found = [("lost", f"{path.name} lost what was written") for path, was in kept
             if not path.read_bytes().startswith(was)]  # fmt: skip
    lines = list(read(wal))
    records = [line.record for line in lines]
    messages = [record.message for record in records]
    found += [("mute", f"seq {line.seq} {line.kind} has no reason")
              for line in lines if not line.reason]  # fmt: skip
    found += [*lost(truth, messages), *doubled(truth, messages), *drifted(truth, messages)]
    naked = truth.naked_s()
    if naked > NAKED_S:
        found.append(("naked", f"{naked:.2f} s without a stop"))
    most = max((abs(size) for size in truth.positions()), default=0)
    if most > allowed:
        found.append(("breach", f"held {most} contracts"))
    return [*found, *unlike(records), *resumed(records, wal)]


def lost(truth: Truth, messages: list) -> Iterator[tuple[str, str]]:
    booked = {message.trade_id for message in messages if isinstance(message, Fill)}
    meant = {message.tag for message in messages if isinstance(message, PlaceOrder)}
    for trade in truth.fills().keys() - booked:
        yield "lost", f"fill {trade} is not in the log"
    for tag in truth.tags():
        if tag.removesuffix("-SL").removesuffix("-TP") not in meant:
            yield "lost", f"order {tag} is not in the log"


def doubled(truth: Truth, messages: list) -> Iterator[tuple[str, str]]:
    asked = Counter(
        line["body"]["customTag"] for line in truth.rows("request")
        if line["endpoint"] == "Order/place"
    )  # fmt: skip
    placed = [message for message in messages if isinstance(message, PlaceOrder)]
    refused = {
        message.tag for message in messages
        if isinstance(message, OrderRejected) and message.request is Request.PLACE
    }  # fmt: skip
    entries = Counter(
        order.intent for order in placed
        if order.purpose is Purpose.ENTRY and order.tag not in refused
    )  # fmt: skip
    tags = Counter(order.tag for order in placed)
    for what, counts in (
        ("requests", asked), ("orders", truth.tags()), ("intents", entries), ("records", tags)
    ):  # fmt: skip
        for name, count in counts.items():
            if count > 1:
                yield "dup", f"{count} {what} of {name}"


def drifted(truth: Truth, messages: list) -> Iterator[tuple[str, str]]:
    fills = {message.trade_id: message for message in messages if isinstance(message, Fill)}
    held = sum(fill.side * fill.size for fill in fills.values())
    venue = ([0, *truth.positions()])[-1]
    if held != venue:
        yield "drift", f"the log holds {held}, the venue {venue}"
    for message in messages:
        if isinstance(message, Halted):
            yield "drift", f"halted: {message.reason} {message.why}"
    if min(fills, default=0) < 0:
        yield "drift", "a fill was made up"
    told = [message.balance for message in messages if isinstance(message, Flat)]
    if told and told[-1] != truth.balance():
        yield "drift", f"balance {told[-1]}, the venue's {truth.balance()}"


def unlike(records: list) -> Iterator[tuple[str, str]]:
    """Does this code, fed with the log, answer as the log says?"""
    starts = [r.message for r in records if isinstance(r.message, RunStarted)]
    if not starts:
        return
    for found in replay(wiring.thinking(starts[0].settings, None), records):
        if not found.unanswered:
            kind = type(found.input).__name__
            yield "replay", f"{found.actor} answers seq {found.seq} {kind} otherwise"


def resumed(records: list, wal: Path) -> Iterator[tuple[str, str]]:
    """Does the newest snapshot with the records after it lead where the whole log leads?"""
    starts = [r.message for r in records if isinstance(r.message, RunStarted)]
    found, _ = snapshot.latest(wal)
    if not starts or found is None:
        return
    short = wiring.thinking(starts[0].settings, None)
    restore(short, found.state["stages"])
    wiring.fold(short, [record for record in records if record.seq > found.seq])
    full = wiring.thinking(starts[0].settings, None)
    wiring.fold(full, records)
    ours, theirs = remembered(short), remembered(full)
    for name in ours:
        if ours[name] != theirs[name]:
            yield "replay", f"{name} differs by the snapshot of {found.seq}"


def closed(wal: Path) -> str | None:
    """Why the log does not end with a clean close; None if it does."""
    *_, last = [None, *read(wal)]
    message = last.message if last else None
    clean = isinstance(message, RunEnded) and message.reason is Reason.SYS_CLEAN_CLOSE
    return None if clean else f"the log ends with {type(message).__name__}"
