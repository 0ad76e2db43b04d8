"""Harm, judged while it is done: at each line of the venue's ledger and each record of the log.

The audit at the end looks at the same account once more, as a whole. What is seen here has the
second in which it came, and cannot be made good by what follows.
"""

from collections import deque
from pathlib import Path
from typing import Any

from tests.simulation.loop import PROCESS

BARE_S, STOP_S = 2.0, 0.05  # without a stop; from the word to stop to the last entry
LATE_S = 15.0  # between what the venue shows and our word of it
ANSWERS = ("OrderAccepted", "OrderRejected", "Fill", "NotPlaced")
OPEN, FILLED, PENDING, STOP = 1, 2, 6, 4  # the gateway's order status and type


class Eye:
    def __init__(self, loop: Any, most: int = 1) -> None:
        self.loop, self.most = loop, most
        self.down_until = lambda: 0.0  # of the venue
        self.harms: dict[str, str] = {}  # the first of each kind
        self.orders: dict[int, dict[str, Any]] = {}  # alive at the venue
        self.asked: set[str] = set()  # tags of orders that reached the venue
        self.intents: dict[str, str] = {}  # tag -> the wish it came of
        self.entries: dict[str, int] = {}  # tag -> when it expires; of all that were logged
        self.doubts: dict[str, int] = {}  # tag -> since when nobody knows whether it was placed
        self.known = set[str]()  # tags of which somebody told what came of them
        self.known_s = float("inf")  # within which that is to be found out
        self.absent, self.arrived = set[str](), set[str]()  # tags: proven not to be, seen to be
        self.held, self.bare_at = 0, 0.0
        self.past: deque[tuple[float, int]] = deque([(0.0, 0)], maxlen=400)
        self.agreed, self.begun = False, ""  # the run that has begun
        self.late = False  # its loop is, by its own word
        self.logs: dict[str, Any] = {}  # process -> its log
        self.sent = self.closes = self.crossed = 0  # entries, closes that were done, overshoots
        self.stopped_at, self.woken_at = 0.0, 0  # told to stop; woken, and has not asked since

    def harm(self, row: str, sentence: str) -> None:
        self.harms.setdefault(row, f"{sentence}, second {self.loop.time():.3f}")

    # The venue's ledger.

    def told(self, kind: str, fields: dict[str, Any]) -> None:
        self.still_bare()
        match kind:
            case "position":
                row = fields["position"]
                was, self.held = self.held, row["size"] * {1: 1, 2: -1}.get(row["type"], 0)
                self.crossed += was * self.held < 0
                self.past.append((self.loop.time(), self.held))
            case "order":
                self.ordered(fields["order"])
            case "request" if fields["endpoint"] == "Order/place":
                tag = fields["body"]["customTag"]
                if tag in self.asked:
                    self.harm("dup", f"{tag} was sent twice")
                self.asked.add(tag)
            case "reply" if fields["endpoint"] == "Position/closeContract":
                self.closes += fields.get("code") == 0
        self.exposed()

    def ordered(self, row: dict[str, Any]) -> None:
        self.arrived.add(row["customTag"])
        if row["status"] in (OPEN, PENDING):
            self.orders[row["id"]] = row
        else:
            self.orders.pop(row["id"], None)
        coming = [each for each in self.orders.values() if each["customTag"] in self.entries]
        if len(coming) > 1:
            self.harm("dup", f"{len(coming)} entries alive")

    def left(self, side: int, entries: bool) -> int:
        """Contracts that entries, or stops, of this side may still fill."""
        return sum(
            row["size"] - row["fillVolume"] for row in self.orders.values()
            if row["side"] == (side < 0)
            and (row["customTag"] in self.entries if entries
                 else (row["type"], row["status"]) == (STOP, OPEN))
        )  # fmt: skip

    def exposed(self) -> None:
        for side in (1, -1):
            worst = side * self.held + self.left(side, entries=True)
            if worst > self.most:
                self.harm("breach", f"{worst} contracts held or coming")
        covered = self.left(-1 if self.held > 0 else 1, entries=False)
        if covered >= abs(self.held):
            self.bare_at = 0.0
        elif not self.bare_at:
            self.bare_at = self.loop.time()

    def still_bare(self) -> None:
        """Asked at whatever happens: no timer of ours disturbs the world."""
        if self.bare_at:
            bare_s = self.loop.time() - max(self.bare_at, self.down_until())
            if bare_s > BARE_S:
                self.harm("naked", f"{self.held} held without a stop for {bare_s:.2f} s")

    # The daemon's log and wires.

    def logged(self, wal: Any, record: Any) -> None:
        message, kind = record.message, type(record.message).__name__
        self.logs[PROCESS.get()] = wal
        self.still_bare()
        if not message.reason:
            self.harm("mute", f"{kind} without a reason")
        if kind == "FeedState" and message.link == "loop":
            self.late = not message.up
        if kind == "RunStarted" or (kind == "FeedState" and message.link == "user"):
            self.agreed, self.begun = False, wal.run
        elif kind == "Agreed" and self.begun == wal.run:  # else a crash cut it off, and it is old
            self.agree(message.position)
        elif kind == "AccountSnapshot" and message.at > self.woken_at:
            self.woken_at = 0
        elif kind == "OrderUncertain" and message.tag not in self.known:
            self.doubts.setdefault(message.tag, message.at)
        elif kind in ANSWERS:
            self.known.add(message.tag)  # the hub may tell of it before its answer is given up
            doubted_s = (message.at - self.doubts.pop(message.tag, message.at)) / 1e9
            self.absent |= {message.tag} if kind == "NotPlaced" else set()
            if doubted_s > self.known_s:
                self.harm("end", f"{message.tag} was not known for {doubted_s:.0f} s")
        elif kind == "PlaceOrder" and message.purpose == "ENTRY":
            self.entries[message.tag] = message.expires_at
            self.intents[message.tag] = message.intent
            # What a crash cut off is said after it, and refused.
            ours = message.intent.startswith(f"{wal.run}-")
            if ours and (not self.agreed or self.woken_at):
                self.harm("breach", f"entry {message.tag} within the fence")
            if ours and self.late:
                self.harm("breach", f"entry {message.tag} while the loop was late")
            if self.stopped_at and self.loop.time() > self.stopped_at + STOP_S:
                self.harm("breach", f"entry {message.tag} after the word to stop")

    def wake(self) -> None:
        """It slept. What it knew is old until the venue tells it anew."""
        self.woken_at = max(wal.clock() for wal in self.logs.values()) if self.logs else 0

    def agree(self, position: int) -> None:
        self.agreed = True
        oldest = self.loop.time() - LATE_S
        recent = [size for at, size in self.past if at >= oldest]
        before = [size for at, size in self.past if at < oldest][-1:]
        if position not in (*before, *recent):
            self.harm("drift", f"agreed on {position}, the venue holds {self.held}")

    def sending(self, tag: str, now: int) -> None:
        """An order's bytes are about to leave."""
        if tag not in self.entries:
            return
        self.sent += 1
        wal = self.logs.get(PROCESS.get())
        if wal is not None and wal.failed:
            self.harm("breach", f"entry {tag} sent after the log had failed")
        if wal is not None and not self.intents[tag].startswith(f"{wal.run}-"):
            self.harm("breach", f"entry {tag} of an earlier run sent")
        if 0 < self.entries[tag] < now:
            self.harm("breach", f"entry {tag} sent {(now - self.entries[tag]) / 1e9:.3f} s late")


def ledger(eye: Eye, path: Path) -> Any:
    """The simulator's ledger, read along."""
    from venues.topstepx.simulator.ledger import Ledger

    class Seen(Ledger):
        def write(self, at: int, kind: str, **fields: Any) -> None:
            super().write(at, kind, **fields)
            try:
                eye.told(kind, fields)
            except Exception as error:  # noqa: BLE001
                eye.harm("end", f"the simulation broke: {error!r} of {kind}")

    return Seen(path)


def watch(machine: Any) -> None:
    """Stand at the door through which all requests leave."""
    from venues.topstepx.rest import Rest

    send = getattr(Rest._send, "real", Rest._send)

    async def sending(rest: Any, path: str, body: Any, token: Any) -> bytes:
        machine.reached(f"before {path}")
        if path == "Order/place":
            clock = machine.eye.logs[PROCESS.get()].clock
            machine.eye.sending(body["customTag"], clock())
        answer = await send(rest, path, body, token)
        machine.reached(f"after {path}")
        return answer

    sending.real = send
    Rest._send = sending
