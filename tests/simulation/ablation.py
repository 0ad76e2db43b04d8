"""Safeguards that can be switched off, each by name, here and nowhere else.

Without any one of them some seed must show harm: else it is not needed, or nothing tests it.
`python -m tests.simulation.ablation [--seeds N] [NAME ...]` looks for those seeds.
"""

import argparse
import sys
from collections.abc import Callable

# Switched off by a number of the config.
KNOBS: dict[str, dict[str, str]] = {
    "quiet before an order is proven absent": {"RECOVERY_UNKNOWN_QUIET_S": "0.0"},
    "a request's time limit": {"VENUE_REQUEST_TIMEOUT_S": "100000.0"},
    "an ear for silence": {"VENUE_SILENCE_S": "100000.0", "FEED_STALE_S": "100000.0"},
    "looking again now and then": {"RECOVERY_RECONCILE_S": "100000.0"},
}


def durable_before_send() -> None:
    from storage.wal import Wal

    async def durable(self, seq):
        pass

    Wal.durable = durable


def sync_of_the_log() -> None:
    from storage.disk import Disk

    Disk.fdatasync = lambda self, fd: None


def sync_of_directories() -> None:
    from storage.disk import Disk

    Disk.fsync_dir = lambda self, path: None


def cut_of_a_torn_end() -> None:
    import storage.wal

    storage.wal.repair = lambda torn, ns, disk: torn.path


def checksums() -> None:
    import storage.segments

    storage.segments.is_true = lambda raw: True


def each_fill_once() -> None:
    from actors.book import Book

    fill = Book._fill

    def again(self, message, instrument):
        self.trades.pop(message.trade_id, None)
        return fill(self, message, instrument)

    Book._fill = again


def refusal_of_an_earlier_run() -> None:
    from daemon.gateway import Gateway

    Gateway.too_late = lambda self, order: None


def passing(rule: str) -> Callable[[], None]:
    """Without one rule of risk."""

    def off() -> None:
        from msgspec.structs import replace

        import actors.risk

        judge = actors.risk.judge

        def deaf(*given):
            return tuple(
                replace(check, passed=True) if check.rule == rule else check
                for check in judge(*given)
            )

        actors.risk.judge = deaf

    return off


def one_entry_at_a_time() -> None:
    from actors.desk import Desk
    from actors.signals import Signals

    passing("RISK_MAX_POSITION")()
    Desk.alive = lambda self: False
    Signals._blocked = lambda self, at: None


def what_the_log_lacks() -> None:
    from actors import agreement

    agreement.missing = lambda *given: []


def doubt_after_a_restart() -> None:
    from actors.book import Book

    Book._restart = lambda self: None


def doubt_after_a_lost_answer() -> None:
    from core.messages import OrderRejected
    from daemon import gateway

    def certain(at, tag, request, why):
        return OrderRejected(at, tag, request, 0, why)

    gateway.OrderUncertain = certain


def a_second_proof_of_absence() -> None:
    from actors.recovery import Recovery
    from core.messages import NotPlaced

    def proofs(self, told):
        shown = {order.tag for order in told.orders}
        return [
            NotPlaced(told.at, order.tag)
            for order in self.memory.book.unknown() if order.tag not in shown
        ]  # fmt: skip

    Recovery._proofs = proofs


def end_of_what_outlived_its_position() -> None:
    from actors.executor import Executor

    Executor._sweep = lambda self, at: []


def leaving_when_told() -> None:
    from actors.executor import Executor

    Executor._leave = lambda self, at: []


def login_again() -> None:
    from venues.topstepx.rest import Rest

    Rest.forget = lambda self, token: None


def another_connection() -> None:
    import asyncio

    from venues.topstepx.links import Links

    keep_up = Links._follow

    async def once(self, link, post):
        try:
            await keep_up(self, link, post)
        finally:
            await asyncio.Event().wait()

    Links._follow = once


OFF: dict[str, Callable[[], None]] = {
    "durable before send": durable_before_send,
    "sync of the log": sync_of_the_log,
    "sync of directories": sync_of_directories,
    "cut of a torn end": cut_of_a_torn_end,
    "checksums": checksums,
    "each fill once": each_fill_once,
    "refusal of an earlier run's entry": refusal_of_an_earlier_run,
    "fence until log and venue agree": passing("RISK_NOT_AGREED"),
    "no entry beside an unknown order": passing("RISK_UNKNOWN_PENDING"),
    "position limit": passing("RISK_MAX_POSITION"),
    "one entry at a time": one_entry_at_a_time,
    "asking the venue for what the log lacks": what_the_log_lacks,
    "doubt after a restart": doubt_after_a_restart,
    "doubt after a lost answer": doubt_after_a_lost_answer,
    "a second proof of absence": a_second_proof_of_absence,
    "end of what outlived its position": end_of_what_outlived_its_position,
    "leaving when told": leaving_when_told,
    "login again": login_again,
    "another connection": another_connection,
}
NAMES = (*OFF, *KNOBS)


def main(argv: list[str]) -> int:
    from tests.simulation.__main__ import interpreter

    words = argparse.ArgumentParser(prog="python -m tests.simulation.ablation")
    words.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    words.add_argument("--seeds", type=int, default=60)
    given = words.parse_args(argv)
    idle = 0
    for name in given.names:
        found = None
        for first in range(1, given.seeds, 10):
            rows = interpreter(first, 10, None, name)
            found = next((row for row in rows if row["harms"]), None)
            if found:
                break
        idle += found is None
        said = f"seed {found['seed']}: {': '.join(found['harms'][0])}" if found else "no harm"
        print(f"{name:<42} {said[:150]}", flush=True)
    return 1 if idle else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
