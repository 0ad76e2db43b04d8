"""Scripted faults: a JSON list of {"on": trigger, "nth": n | "every": n, "do": deed, ...}.

`on` is counted from 1 for each trigger: an endpoint ("Order/place"; "*" is any), an event on its
way out ("GatewayUserOrder", "GatewayQuote", ...), "tape" (an event of the tape), "connect:market"
or "connect:user" (a hub connection), or "start" (the start of the simulator).

Deeds at an endpoint:
    lose_reply      do it, then cut the connection        lose_request  cut it, nothing done
    delay           wait `seconds`, then do it            delay_reply   do it, wait `seconds`
    status          answer `code` (503), nothing done     status_after  do it, then answer `code`
    unauthorized    answer 401                            body          do it, answer text `body`
    refuse_brackets refuse as Position Brackets does, if the order has brackets
Deeds at an event: drop, duplicate, late (after `seconds`: behind what came since).
Deeds anywhere:
    freeze     `hub` ("market") says nothing but pings for `seconds`; what it had to say is lost
    close      `hub` sends close (type 7, `error`) and drops all connections
    reset      `hub` resets all TCP connections          logout   `hub` sends GatewayLogout
    down       nothing answers for `seconds`             bare     user events without {action,data}
    lag        queries show for `seconds` what is now, as hubs and orders go on
    can_trade  the account's flag becomes `value`        brackets the account's mode becomes `value`
    liquidate  cancel all, close the position, canTrade false
    closed     the market closes (`value` true) or opens again

`seconds` are the wall's. Any fault may have "times": it ends after so many.
"""

from collections import Counter
from pathlib import Path

import msgspec
from msgspec import Struct

from core.errors import UsageError

AT_ENDPOINT = (
    "lose_reply", "lose_request", "delay", "delay_reply", "status", "status_after",
    "unauthorized", "body", "refuse_brackets",
)  # fmt: skip
AT_EVENT = ("drop", "duplicate", "late")
ANYWHERE = (
    "freeze", "close", "reset", "logout", "down", "lag", "bare", "can_trade", "brackets",
    "liquidate", "closed",
)  # fmt: skip


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    on: str
    do: str
    nth: int = 0
    every: int = 0
    times: int = 0
    seconds: float = 1.0
    code: int = 503
    hub: str = "market"
    error: str = "Connection closed with an error."
    body: str = ""
    value: bool = False

    def __post_init__(self) -> None:
        if self.do not in (*AT_ENDPOINT, *AT_EVENT, *ANYWHERE):
            raise ValueError(f"no such deed: {self.do}")
        if self.hub not in ("market", "user"):
            raise ValueError(f"no such hub: {self.hub}")
        if self.on != "start" and (self.nth > 0) == (self.every > 0):
            raise ValueError("needs either nth or every, above 0")

    def due(self, count: int) -> bool:
        if self.on == "start":
            return True
        if self.nth:
            return self.nth <= count < self.nth + max(1, self.times)
        return count % self.every == 0 and (not self.times or count <= self.every * self.times)


class Faults:
    def __init__(self, faults: list[Fault]) -> None:
        self.by_trigger: dict[str, list[Fault]] = {}
        for fault in faults:
            self.by_trigger.setdefault(fault.on, []).append(fault)
        self.counts: Counter[str] = Counter()

    def strike(self, *triggers: str) -> list[Fault]:
        """Count one occurrence; the faults it brings."""
        if not self.by_trigger:
            return []
        due = []
        for trigger in triggers:
            self.counts[trigger] += 1
            count = self.counts[trigger]
            due += [fault for fault in self.by_trigger.get(trigger, ()) if fault.due(count)]
        return due


def load(path: Path | None) -> Faults:
    """Read a script. Raises UsageError naming what is wrong."""
    if path is None:
        return Faults([])
    try:
        return Faults(msgspec.json.decode(path.read_bytes(), type=list[Fault]))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: not a list of faults: {error}") from None
