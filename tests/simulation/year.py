"""Q1: a year from a seed. One account, one log, one state directory; a session each trade date.

Each session is one of another row of MIX, every one as often as any other, while contracts roll and
a person answers each morning what the day before asked of one. Harm is counted as in any row; and
what lies on the disk must grow in proportion: the log as the sessions do, the state no faster.
"""

import asyncio
import os
import random
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from tests.simulation import whole
from tests.simulation.endings import command
from tests.simulation.stories import seldom
from tests.simulation.whole import Outcome, World

SESSIONS = int(os.environ.get("SESSIONS", "252"))
MIX = ("C1", "C2", "C3", "C4", "C7", "V1", "V2", "V3", "V4", "V5", "V6", "V9", "R1", "R2", "H1",
       "H2", "H3", "X2")  # fmt: skip
FIRST_DAY = "2024-01-02"
DAY_NS = 86_400_000_000_000
APART = 0.05  # of the last size, that any other may be away from the line
VENUE = Path("venue.json")  # what the venue knows of the account, from day to day
MORNING = ("ack", "resume")


class Day(World):
    """One session. Wires, disk and chance are new; the account, the log and the state are not."""

    def __init__(self, seed: int, number: int, row: str, opens: int) -> None:
        super().__init__(seed * 1000 + number, Path(), "", row)
        self.opens = opens
        self.machine.loop.clock.wall += number * DAY_NS

    async def story(self) -> None:
        seldom()
        morning = asyncio.ensure_future(answered(self))
        await super().story()
        morning.cancel()

    def tape(self) -> Any:
        """The hour of the tape, from the opening of this trade date."""
        told = whole.tape()
        moved = told.columns["at"] + (self.opens - told.start)
        return replace(told, columns={**told.columns, "at": moved})

    def venue_of(self, config: Any) -> Any:
        from venues.topstepx.simulator import server

        server.ACCOUNT_RANGE = 1  # the same account every day
        made = super().venue_of(config)
        if VENUE.exists():
            reopen(made.world.exchange)
        return made

    def audit(self) -> None:
        """Of what the log was at each crash; the whole is audited at the end of the year."""
        from tests.campaign.audit import closed

        for path, was in self.kept:
            if not path.read_bytes().startswith(was):
                self.hurt("lost", f"{path.name} lost what was written")
        if why := closed(Path("wal")):
            self.hurt("end", why)
        close(self.simulator.world.exchange, bool(self.eye.down_until()))


def close(exchange: Any, dark: bool) -> None:
    """Keep what the venue knows. `dark`: it was down for a while."""
    dark = dark or (VENUE.exists() and msgspec.json.decode(VENUE.read_bytes())["dark"])
    account = exchange.account
    VENUE.write_bytes(msgspec.json.encode({
        "balance": account.balance, "position": account.position, "trades": account.trades,
        "orders": list(exchange.orders.values()), "tags": exchange.tags, "dark": dark,
    }))  # fmt: skip


def reopen(exchange: Any) -> None:
    from decimal import Decimal

    from venues.orders import HalfTrade, Order, Position

    kept, account = msgspec.json.decode(VENUE.read_bytes()), exchange.account
    account.balance = Decimal(kept["balance"])
    account.position = msgspec.convert(kept["position"], Position, strict=False)
    account.trades += msgspec.convert(kept["trades"], list[HalfTrade], strict=False)
    for order in msgspec.convert(kept["orders"], list[Order], strict=False):
        exchange.orders[order.id] = order
    exchange.tags |= kept["tags"]


async def answered(world: Any) -> None:
    """Somebody looks at what is asked of a person, and lets it go on."""
    from aiohttp import ClientError

    for name in MORNING:
        done = False
        while not done:
            await asyncio.sleep(0.5)
            with suppress(OSError, ClientError, AssertionError):
                await command(world, name)
                done = True


def run(seed: int, folder: Path, without: str = "", row: str = "Q1") -> Outcome:
    """Each day in a child of its own: the dead of its world end with it."""
    from core.sessions import days
    from tests.simulation.__main__ import forked

    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    os.dup2(os.open("said.log", os.O_WRONLY | os.O_CREAT, 0o600), 2)
    rng, rows, sizes = random.Random(f"year {seed}"), list[str](), list[tuple[int, int]]()
    total = Outcome(seed, row=row)
    for number, day in enumerate([day for day in days() if day.date >= FIRST_DAY][:SESSIONS]):
        rows = rows or rng.sample(MIX, len(MIX))
        work = partial(live, seed, number, rows.pop(), day.open)
        (line,) = forked(seed, row, work)
        found = msgspec.json.decode(line, type=Outcome)
        total.harms += [(name, f"{day.date} {found.row}: {why}") for name, why in found.harms]
        total.crashes += found.crashes
        total.strikes, total.rounds = total.strikes + found.strikes, total.rounds + found.rounds
        total.digest = found.digest
        sizes.append((size("wal", "*.jsonl"), size("state", "*") + size("wal", "snap-*")))
    audit(total, sizes)
    return total


def live(seed: int, number: int, row: str, opens: int) -> Outcome:
    return Day(seed, number, row, opens).run()


def audit(total: Outcome, sizes: list[tuple[int, int]]) -> None:
    from tests.campaign.audit import Truth, harm

    truth, dark = Truth(Path("ledger.jsonl")), msgspec.json.decode(VENUE.read_bytes())["dark"]
    found = harm(truth, Path("wal"), (), allowed=2)
    total.harms += [row for row in found if row[0] != "naked" or not dark]
    total.orders, total.fills = len(truth.tags()), len(truth.fills())
    log, state = ([each[part] for each in sizes[len(MIX) - 1 :: len(MIX)]] for part in (0, 1))
    for name, grown, apart in (("log", log, off_line(log)), ("state", state, excess(state))):
        total.notes.append(f"{name} of {grown[-1:]} bytes, {apart:.1%} off its line")
        if apart > APART:
            total.harms.append(("size", f"the {name} is {apart:.1%} off its line: {grown}"))


def size(folder: str, pattern: str) -> int:
    return sum(path.stat().st_size for path in Path(folder).glob(pattern) if path.is_file())


def off_line(sizes: list[int]) -> float:
    """The largest distance from the straight line that fits best, as a share of the last size."""
    import numpy as np

    if len(sizes) < 3:
        return 0.0
    at = np.arange(len(sizes))
    line = np.polyval(np.polyfit(at, sizes, 1), at)
    return float(np.abs(line - sizes).max() / sizes[-1])


def excess(sizes: list[int]) -> float:
    """How much more the second half of a year added than the first, as a share of the last size:
    what is kept for late news has a bound, so less is as it should be."""
    if len(sizes) < 3:
        return 0.0
    middle = sizes[len(sizes) // 2]
    return (sizes[-1] - 2 * middle + sizes[0]) / sizes[-1]
