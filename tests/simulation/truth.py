"""Harm in a session on paper, counted from the exchange's side, each row told once.

What the stages believe is compared with that only where they say it aloud, and at the end.
"""

from collections import Counter, deque
from typing import Any

from actors.replay import replay
from core import messages as m
from core.clock import SECOND
from core.reasons import Reason
from core.sessions import left
from core.terms import EXITS, FLATTENING, OrderType, Purpose
from tests.simulation.manners import Manners
from tests.simulation.world import ASKED, BALANCE, alive, deciding

GRAIN_S = 1.5  # the stages look up with each pulse
ANSWER_S = 10.0  # to a broken limit, and to what others do
IDLE_S = 60.0  # without an entry, of a strategy that wishes for one every few seconds
BOOKS = ("signals", "risk", "executor", "recovery")  # who keep one
MINUTE_MAX = 200  # requests
LOSSES = {
    Reason.RISK_KILL, Reason.RISK_ACCOUNT_DRAWDOWN, Reason.RISK_DAILY_LOSS, Reason.RISK_DRAWDOWN,
}  # fmt: skip
SPREAD = 5  # dollars that two views of one moment's equity may be apart


class Truth:
    """Looks on. `harms`: row -> what was seen first."""

    def __init__(self, world: Any) -> None:
        self.world, self.harms = world, dict[str, str]()
        self.at = self.bare_at = self.over_at = self.foreign_at = 0
        self.bid = self.ask = 0.0
        self.margin = BALANCE  # dollars to the nearest limit
        self.broken, self.peak, self.flat_balance = "", BALANCE, BALANCE
        self.losses = self.pause_until = self.exit_at = self.entry_at = 0
        self.blind = self.others = False
        self.tags, self.intents = Counter[str](), Counter[str]()
        self.asked = deque[int]()
        self.manners = Manners(world)

    def hurt(self, row: str, sentence: str) -> None:
        self.harms.setdefault(row, sentence)

    def __call__(self, message: m.Message) -> None:
        self.at = max(self.at, message.at)
        self.others = self.others or bool(self.foreign_at)
        self.manners.hear(message)
        match message:
            case m.Quote(bid=bid, ask=ask):
                self.bid, self.ask = bid, ask
            case m.PlaceOrder(tag=tag, purpose=purpose, intent=intent):
                self.tags[tag] += 1
                self.entry(message) if purpose is Purpose.ENTRY else None
            case m.Halted(reason=Reason.RISK_COLLAR_DRIFT):
                self.broken = self.broken or "prices that drift"
            case m.Halted(reason=reason, why=why):
                if not self.foreign_at:
                    self.hurt("drift", f"halted: {reason} {why}")
                self.foreign_at = 0
            case m.StateChanged(by="risk", why=why) if message.reason in LOSSES:
                self.money()
                if self.margin > SPREAD:
                    self.hurt("drift", f"stopped by a loss that is none: {why}")
            case m.Command(name=name) if name in FLATTENING:
                if self.world.weather.trades and self.late(self.entry_at, IDLE_S):
                    self.hurt("end", "it trades no more")
                self.broken = self.broken or f"the command {name}"
            case m.FeedState(link="market", up=up):
                self.blind = not up
                self.entry_at = self.entry_at or self.at * up  # one might come from now on
            case m.Approved(intent=intent) if intent.action in EXITS:
                if self.manners.hasty(message):
                    self.hurt("breach", "an exit of what was only just entered")
                self.exit_at = self.exit_at or self.at
            case m.Flat() if held := self.open():
                self.hurt("end", f"said to be flat: {held}")
        if isinstance(message, (*ASKED, m.Reconcile)):
            self.count()
        if not isinstance(message, m.PlaceOrder):
            self.money()
        self.protection()
        self.exit_at = self.exit_at if self.world.exchange.position.size else 0
        if self.late(self.exit_at, ANSWER_S):
            self.hurt("late", "an exit that was approved is not done")
        if self.late(self.foreign_at, ANSWER_S):
            self.hurt("drift", "what others did was not answered")

    def open(self) -> str:
        exchange = self.world.exchange
        held, orders = exchange.position.size, len(alive(exchange))
        return f"{held} held, {orders} orders" if held or orders else ""

    def late(self, since: int, most_s: float) -> bool:
        return bool(since) and self.at - since > most_s * SECOND

    def entry(self, order: m.PlaceOrder) -> None:
        """It is on its way: might it?"""
        self.entry_at = self.at
        for said in self.manners.breaches(order):
            self.hurt("breach", said)
        numbers = self.world.settings
        if self.broken:
            self.hurt("breach", f"an entry after {self.broken}")
        if self.at < self.pause_until:
            self.hurt("breach", f"an entry after {self.losses} losses in a row")
        if self.blind:
            self.hurt("breach", "an entry while the market is not heard")
        planned = order.size * order.stop_ticks * numbers.instrument.tick_value
        if planned > numbers.risk.trade_risk_max:
            self.hurt("breach", f"an entry that may lose {planned}")
        flat_in = self.flat_in()
        if flat_in < numbers.session.no_entry_s - GRAIN_S:
            self.hurt("breach", f"an entry {flat_in:.0f} s before the end")

    def flat_in(self) -> float:
        """Seconds until no position may be held."""
        return left(self.at, self.world.settings.session) / SECOND

    def count(self) -> None:
        self.asked.append(self.at)
        while self.at - self.asked[0] > 60 * SECOND:
            self.asked.popleft()
        if len(self.asked) > MINUTE_MAX:
            self.hurt("flood", f"more than {MINUTE_MAX} requests in a minute")

    def money(self) -> None:
        """Which limit is broken, and is it answered?"""
        risk, exchange = self.world.settings.risk, self.world.exchange
        held = exchange.position
        if not held.size:
            self.trip(exchange.balance)
        equity, instrument = exchange.balance, self.world.settings.instrument
        if held.size and self.bid:
            price = instrument.price(instrument.ticks(self.bid if held.size > 0 else self.ask))
            points = (price - held.average) * held.size
            equity += points / instrument.tick * instrument.tick_value
        self.peak = max(self.peak, equity)
        lost, fallen = BALANCE - equity, self.peak - equity
        rows = (
            ("kill", lost, risk.kill_loss_max), ("day", lost, risk.day_loss_max),
            ("drawdown of the day", fallen, risk.day_drawdown_max),
            ("drawdown", fallen, risk.account_drawdown_max),
            ("least balance", risk.balance_min - exchange.balance, BALANCE * 0),
        )  # fmt: skip
        self.margin = min(most - is_ for _, is_, most in rows[:4])
        for name, is_, most in rows:
            if is_ > most or (is_ == most and most):
                self.broken = self.broken or f"{is_:.2f} of {most}: {name}"
        least = exchange.balance < risk.balance_min and not lost >= risk.day_loss_max
        self.over_at = (self.over_at or self.at) if self.broken and held.size and not least else 0
        if self.late(self.over_at, ANSWER_S):
            self.hurt("breach", f"held on after {self.broken}")

    def trip(self, balance: Any) -> None:
        """A round trip is over."""
        risk, made = self.world.settings.risk, balance - self.flat_balance
        self.flat_balance = balance
        if made:
            self.losses = self.losses + 1 if made < 0 else 0
        pauses, wait = self.world.settings.breakers, 0.0
        if made < 0 and self.losses >= risk.losses_in_row_max:
            wait = risk.losses_pause_s
        elif made < 0 and self.losses == pauses.losses_first:
            wait = pauses.losses_first_pause_s
        self.pause_until = max(self.pause_until, self.at + int(wait * SECOND) if wait else 0)

    def protection(self) -> None:
        exchange, numbers = self.world.exchange, self.world.settings
        held = exchange.position.size
        if abs(held) > numbers.risk.position_max:
            self.hurt("breach", f"held {held} contracts")
        stops = sum(
            order.left for order in alive(exchange)
            if order.type is OrderType.STOP and order.side * held < 0
        )  # fmt: skip
        bare = stops < abs(held) and not self.others  # theirs have none, and are closed
        self.bare_at = (self.bare_at or self.at) if bare else 0
        if self.late(self.bare_at, numbers.execution.naked_s + GRAIN_S):
            self.hurt("naked", f"{(self.at - self.bare_at) / SECOND:.1f} s without a stop")
        if held and self.flat_in() < 0:
            self.hurt("breach", f"held {held} after the flat time")

    def end(self) -> None:
        world = self.world
        if held := self.open():
            self.hurt("end", f"not flat: {held}")
        elif not world.flat:
            self.hurt("end", "flat, and not proven")
        for tag, count in self.tags.items():
            if count > 1:
                self.hurt("dup", f"{count} orders {tag}")
        for name, book in zip(BOOKS, world.books(), strict=True):
            if book.position.size or book.alive:
                self.hurt("drift", f"{name} believes in {book.position.size} and {book.alive}")
            apart = BALANCE + book.realised - world.exchange.balance
            if abs(apart) > len(world.exchange.trades) * BALANCE / 10**7 + self.others:
                self.hurt("drift", f"{name} is {apart} dollars apart")
        for found in replay(deciding(world.settings), world.records):
            if not found.unanswered:
                self.hurt("replay", f"{found.actor} answers seq {found.seq} otherwise")
