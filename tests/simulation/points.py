"""Named moments at which a daemon may die: before and after whatever it does that lasts.

A record taken into the log, a call to the disk, a request to the venue. One of them at a time is
armed, and strikes when it comes for the nth time.
"""

from itertools import product
from typing import Any

from tests.simulation.disk import Crash
from tests.simulation.loop import PROCESS

RECORDS = (
    "RunStarted", "FeedState", "Reconcile", "AccountSnapshot", "Agreed", "Intent", "Approved",
    "PlaceOrder", "OrderAccepted", "Fill", "ModifyOrder", "OrderReplaced", "OrderCancelled",
    "ClosePosition", "CloseAccepted", "TradeClosed", "Command", "StateChanged", "Flat", "RunEnded",
)  # fmt: skip
CALLS = (
    "create log", "write log", "fdatasync log", "create snapshot", "write snapshot",
    "fdatasync snapshot", "rename snapshot", "unlink snapshot", "fsync_dir wal", "fsync_dir state",
    "rename api",
)  # fmt: skip
PATHS = (
    "Auth/loginKey", "Account/search", "Order/place", "Order/modify", "Order/v2/query",
    "Position/searchOpen", "Trade/search", "Position/closeContract",
)  # fmt: skip
NAMES = tuple(
    f"{when} {what}"
    for when, what in product(("before", "after"), (*RECORDS, *CALLS, *PATHS))
    if what != "unlink snapshot" or when == "before"
)


class Points:
    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.name, self.left = "", 0

    def arm(self, name: str, times: int) -> None:
        self.name, self.left = name, times

    def reached(self, name: str) -> None:
        if name != self.name or not PROCESS.get().startswith("daemon"):
            return
        self.left -= 1
        if not self.left:
            self.name = ""
            disk = self.machine.disk
            disk.dead = True
            disk.struck()
            raise Crash
