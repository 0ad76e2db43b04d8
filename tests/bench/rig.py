"""The daemon's own session with everything real but the venue: its exchange is the backtest's.

Time is the driver's: `play` gives a second of the market, tick by tick, and the model, which is
asked as ever, is then overruled, so that entries come when they are wanted. Targets are reached,
so every round trip wins and no limit of risk ends the measuring.
"""

import asyncio
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from actors.market import Market
from core.clock import SECOND
from core.messages import (
    Bar,
    FeedState,
    Message,
    PlaceOrder,
    Quote,
    Reconcile,
    RunStarted,
    Stage,
    Trade,
)
from core.reasons import Reason
from core.terms import Purpose
from daemon import logs, wiring
from daemon.report import Latency, Tally
from daemon.session import Session
from daemon.stopping import Stopping
from research.venue import PaperVenue
from storage import model as models
from storage.wal import Wal
from tests.build import CONFIG, CONTROLLED

# The shipped rules, but for those that would end a day of so many entries.
RULES = replace(
    CONTROLLED,
    controls=replace(
        CONTROLLED.controls, trades_day_max=1_000_000, repeat_max=1_000_000, repeat_s=1_200.0
    ),
)
START = 1_795_395_600 * SECOND  # 2026-11-23T01:00:00Z, a Monday, 20 hours before the flat time
PRICE, TICK = 5000.0, 0.25
WARM_S = 1_900  # features are warm
LOGITS = {-1: (9.0, 0.0, 0.0), 0: (0.0, 9.0, 0.0), 1: (0.0, 0.0, 9.0)}


class Clock:
    """The driver's time; pulses come as fast as it runs."""

    now = START
    reaction = 1e6

    def __call__(self) -> int:
        return self.now


class Stamps(Latency):
    """When the gateway's task took an entry."""

    taken = 0

    def order(self, message: Message) -> None:
        super().order(message)
        if isinstance(message, PlaceOrder) and message.purpose is Purpose.ENTRY:
            self.taken = time.perf_counter_ns()


class Timed:
    """Puts itself before a stage's `on` and notes what that took, by kind of message."""

    def __init__(self, name: str, stage: Stage, spent: dict[tuple[str, str], list[float]]) -> None:
        self.name, self.answer, self.spent = name, stage.on, spent
        self.done = self.bar_at = 0
        stage.on = self.on

    def on(self, message: Message) -> list[Message]:
        began = time.perf_counter_ns()
        answers = self.answer(message)
        self.done = time.perf_counter_ns()
        if answers and type(answers[0]) is Bar:
            self.bar_at = self.done
        self.spent[self.name, type(message).__name__].append((self.done - began) / 1e3)
        return answers


class Desk:
    """The venue, and the driver of its market."""

    account_id = 1

    def __init__(self, clock: Clock) -> None:
        self.clock, self.paper = clock, PaperVenue(RULES, CONFIG.gateway.balance)
        self.price, self.want, self.sent = PRICE, 0, asyncio.Event()
        self.up = asyncio.Event()

    async def run(self, hear) -> None:
        self.hear = hear
        for link in ("user", "market"):
            hear(FeedState(self.clock(), link, True, "rig", Reason.DATA_LINK_UP))
        self.up.set()
        await asyncio.Event().wait()

    async def ready(self):
        pass

    async def place(self, order, at):
        answers = self.paper.on(order)
        if isinstance(order, PlaceOrder):  # a stop may still be moved when the next entry comes
            self.sent.set()
        return answers

    cancel = modify = close_position = place

    async def snapshot(self, since, at, day=0):
        (answer,) = self.paper.on(Reconcile(at, since, Reason.REC_QUERY))
        return replace(answer, skew=Decimal(0))

    def quote(self, at: int) -> Quote:
        return Quote(at, self.price, self.price + TICK, 12, 9, at)

    def trade(self, at: int) -> Trade:
        return Trade(at, self.price, 3, 1, at)

    def tick(self, message: Quote | Trade) -> None:
        """One event of the market: what it fills is told first, as the gateway would."""
        self.clock.now = message.at
        for answer in self.paper.on(message):
            self.hear(answer)
        self.hear(message)

    @property
    def position(self) -> int:
        return self.paper.exchange.position.size


class Rig:
    """`spent`: microseconds of each stage by (actor, kind)."""

    def __init__(self, directory: Path, every_stage: bool = False) -> None:
        thinker = models.load(Path(CONFIG.model.path), wiring.FINGERPRINT, time.time_ns())
        self.clock, self.stamps = Clock(), Stamps()
        self.desk, self.spent = Desk(self.clock), defaultdict(list)
        self.wal = Wal.open(
            directory, run="bench", account="a", settings=CONFIG.log, clock=time.time_ns
        )
        stages = {"market": Market(RULES), **wiring.thinking(RULES, thinker)}
        stages["inference"].predict = self.overrule(thinker.predict)
        timed = {
            name: Timed(name, stage, self.spent)
            for name, stage in stages.items()
            if every_stage or name == "market"
        }
        self.market = timed["market"]
        self.session = Session(
            CONFIG, self.desk, self.wal, self.clock, stages, Tally(self.stamps),
            stages.__getitem__, Stopping(), None,
        )  # fmt: skip
        self.start = RunStarted(
            START, "bench", "sim", 1, "CON.F.US.MES.Z26", CONFIG.account.balance_start, "", "", "",
            RULES,
        )  # fmt: skip

    def overrule(self, predict):
        def answer(row):
            predict(row)
            return LOGITS[self.desk.want]

        return answer

    async def begin(self) -> None:
        """Start the session and warm it up until the first entry may come."""
        logs.start(json_only=False, quiet=True)
        self.task = asyncio.create_task(self.session.run(self.start, []))
        await self.desk.up.wait()
        while not self.session.ready:
            await asyncio.sleep(0.001)
        for _ in range(WARM_S):
            await self.second()

    async def end(self) -> None:
        self.task.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.01)
        self.wal.close()

    async def idle(self) -> None:
        """Until no actor has anything to do."""
        assert not self.task.done()
        while any(inbox.items for inbox in self.session.inboxes.values()):
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def second(self, pause_s: float = 0.0) -> int:
        """One second: a few ticks, then the one that closes its bar. Returns when that came."""
        desk, at = self.desk, self.clock.now // SECOND * SECOND
        for part in (2, 5, 8):
            desk.tick(desk.quote(at + part * SECOND // 10))
            desk.tick(desk.trade(at + part * SECOND // 10))
        await self.idle()
        if pause_s:
            await asyncio.sleep(pause_s)
        began = time.perf_counter_ns()
        desk.tick(desk.quote(at + SECOND))
        await self.idle()
        return began

    async def trip(self, side: int, pause_s: float) -> tuple[float, float]:
        """One entry and its target. Microseconds to the gateway's task from bar and from tick."""
        desk = self.desk
        desk.want = side
        desk.sent.clear()
        began = await self.second(pause_s)
        await asyncio.wait_for(desk.sent.wait(), 5)
        samples = [(self.stamps.taken - at) / 1e3 for at in (self.market.bar_at, began)]
        desk.want = 0
        await self.second()
        assert desk.position == side, desk.position
        while desk.position:
            desk.price += side * 4 * TICK
            await self.second()
        for _ in range(int(CONFIG.signals.cooldown_s) + 1):
            await self.second()
        return samples[0], samples[1]
