"""A life of a crypto account, hour by hour: what happens, and a ledger of it in fractions."""

import json
import random
from decimal import Decimal
from fractions import Fraction as F

from msgspec.structs import replace

from actors.risk import Risk
from core import messages as m
from core.terms import Action, Purpose, State
from daemon.snapshots import remembered, restore
from storage.snapshot import arrays, canonical
from tests import build
from tests.actors.portfolios import BTC, MANY, around_the_clock
from tests.oracle import portfolio as rules

D = Decimal
HOUR, SECOND = 3600 * build.SECOND, build.SECOND
START = 480_000  # hours since 1970
WORTH = F(BTC.tick_value) / F(BTC.tick)  # dollars of a dollar's move, a lot
TURN = {True: Action.REVERSE_TO_SHORT, False: Action.REVERSE_TO_LONG}  # of a long one, of a short
SIDES = {Action.LONG_ENTRY: 1, Action.SHORT_ENTRY: -1,
         Action.REVERSE_TO_LONG: 1, Action.REVERSE_TO_SHORT: -1}  # fmt: skip


class Coins:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.kelly = bool(seed % 2)
        self.settings = around_the_clock("kelly" if self.kelly else "documented")
        self.stage, self.wrong, self.seen = Risk(self.settings), [], set()
        self.bars, self.gains, self.losses = [], [], []
        self.price, self.hour, self.trade, self.deaths = 60_000.0, START, 0, 0
        self.cash, self.held, self.entry, self.mark = F(10_000), 0, F(0), None
        self.high, self.halted, self.waiting, self.coming = F(10_000), False, [], None
        self.tell(
            build.run_started(settings=self.settings, balance_start=D(10_000)),
            build.session_opened(),
            build.account_snapshot(balance=D(10_000), position=0, orders=(), fills=()),
            build.feed_state(), build.agreed(position=0),
        )  # fmt: skip
        for n in range(self.rng.randrange(40, 120)):
            net = self.rng.choice((30, 20, -15)) * (1 if n % 3 else -1)
            self.closed(F(net))

    @property
    def at(self):
        return self.hour * HOUR + 1800 * SECOND

    def tell(self, *messages):
        return [a for one in messages for a in self.stage.on(replace(one, at=self.at))]

    # What is held

    def value(self):
        """Equity: the mark counts from the first one on."""
        if not self.held or self.mark is None:
            return self.cash
        return self.cash + (self.mark - self.entry) * self.held * WORTH

    def fill(self, side, lots, tag=""):
        price, self.trade = F(D(str(self.price))), self.trade + 1
        closing = min(lots, abs(self.held)) if self.held * side < 0 else 0
        way = 1 if self.held > 0 else -1
        self.cash += (price - self.entry) * way * closing * WORTH
        opening = lots - closing
        if opening:
            old = abs(self.held) if self.held * side > 0 else 0
            self.entry = (self.entry * old + price * opening) / (old + opening)
        self.held += side * lots
        self.mark = self.mark if self.held else None
        self.tell(build.fill(
            trade_id=self.trade, side=side, size=lots, price=D(str(self.price)), fees=D(0),
            tag=tag, venue_id=0,
        ))  # fmt: skip
        self.watch()

    def closed(self, net):
        (self.gains if net > 0 else self.losses).append(abs(net))
        dollars = D(net.numerator) / D(net.denominator)
        self.tell(build.trade_closed(net=dollars, gross=dollars, fees=D(0)))

    def watch(self):
        """The drawdown, after a fill or a mark."""
        self.high = max(self.high, self.value())
        fallen = self.value() <= self.high * (1 - rules.DRAWDOWN)
        if fallen and not self.halted:
            self.halted = True
            self.seen.add("DRAWDOWN")
        if (self.stage.memory.state is State.HALTED) != self.halted:
            self.wrong.append(f"{self.stage.memory.state} at {float(self.value() / self.high)}")

    # What happens

    def live(self, hours=170):
        if self.rng.random() < 0.6:  # a position of others, adopted
            dollars = self.rng.choice((1200, 2400, 40_000, 90_000))
            self.fill(self.rng.choice((1, -1)), int(dollars / 0.6))
        for _ in range(hours):
            self.pass_hour()
            if self.rng.random() < 0.04:
                self.die()
        return self

    def pass_hour(self):
        rng = self.rng
        sigma = 0.03 if (self.hour - START) % 90 > 75 else 0.004
        self.hour += 1 if rng.random() < 0.98 else 2
        self.price = max(1000.0, round(self.price * (1 + rng.gauss(0, sigma)), 2))
        self.waiting = []
        self.bars.append((self.at, self.price))
        self.tell(build.bar(close=self.price), build.pulse())
        if self.coming:
            self.settle()
        if self.held:
            self.mark = F(D(str(self.price)))
            self.tell(build.mark(price=D(str(self.price))))
            self.watch()
        if rng.random() < 0.25:
            for _ in range(rng.choice((1, 1, 2))):
                self.wish()
        elif self.held and rng.random() < 0.1:
            before = self.cash
            self.fill(-1 if self.held > 0 else 1, abs(self.held))
            self.closed(self.cash - before or F(-1))
        if self.halted and rng.random() < 0.2:
            self.tell(build.command(name="rearm"))
            self.halted, self.high = False, self.value()

    def settle(self):
        tag, side, lots = self.coming
        self.coming = None
        if self.rng.random() < 0.5:
            self.fill(side, lots, tag)
        else:
            self.tell(build.order_cancelled(tag=tag, venue_id=self.trade + 9000))

    def wish(self):
        rng = self.rng
        turns = [TURN[self.held > 0]] if self.held else []
        action = rng.choice((Action.LONG_ENTRY, Action.SHORT_ENTRY, *turns))
        name = f"i-{self.at}-{len(self.waiting)}"
        wish = build.intent(
            id=name, action=action, side=SIDES[action], price=D(str(self.price)),
            confidence=rng.choice((0.05, 0.19, 0.2, 0.21, 0.4, 0.7, 1.0)), stop_ticks=300_000,
            target_ticks=600_000, expires_at=self.at + 2 * SECOND,
        )  # fmt: skip
        answer = self.tell(wish)[0]
        size = self.judge(answer, wish)
        if isinstance(answer, m.Approved) and answer.checks and answer.reason == "RISK_PASS":
            if answer.size != size:
                self.wrong.append(f"{answer.size} lots, but {size}")
            self.send(answer, wish)

    def send(self, answer, wish):
        """To the venue, or not; filled, or waiting."""
        if self.rng.random() < 0.3:
            self.waiting.append(wish.id)
            return
        tag, lots = wish.id.replace("i-", "r-"), answer.size
        if wish.action in TURN.values():
            lots += abs(self.held)
        order = build.place_order(tag=tag, side=wish.side, size=lots, intent=wish.id)
        self.tell(replace(order, purpose=Purpose.ENTRY))
        if self.rng.random() < 0.3 and not self.coming:
            self.coming = (tag, wish.side, lots)
        else:
            self.fill(wish.side, lots, tag)

    def die(self):
        """What a snapshot keeps is all there was."""
        plain = arrays(json.loads(canonical(remembered({"risk": self.stage}))))
        fresh = {"risk": Risk(self.settings)}
        restore(fresh, plain)
        if fresh["risk"].memory != self.stage.memory:
            self.wrong.append("another memory after a restart")
        self.stage, self.deaths = fresh["risk"], self.deaths + 1

    # What the text says

    def expected(self, wish):
        """Rule -> dollars that it leaves, until one leaves nothing."""
        V, signal = self.value(), F(str(wish.confidence))
        yield "VALUE", V, V > 0
        own = rules.kelly(V, signal, self.gains, self.losses) if self.kelly else None
        size = rules.documented(V, signal) if own is None else own
        yield "STAKE", size, size > 0
        held, coming = self.exposure(wish)
        size = rules.correlated(size, self.rho(wish.side, held, coming))
        yield "CORRELATION", size, size > 0
        wild = rules.v(self.bars, self.hour)
        wild = 2.0 if wild is None else wild  # not known: a high one, by the settings
        yield "VOLATILITY", wild, wild <= 3
        size *= rules.regime(wild)
        yield "REGIME", size, size > 0
        room = rules.POSITION * V - abs(held) - abs(coming)
        self.seen.add("CAPPED" if room < size else "FREE")
        size = min(size, room)
        yield "POSITION", size, size > 0
        size = min(size, rules.MAJORS * V - abs(held) - abs(coming))
        yield "SECTOR", size, size > 0
        yield "MIN", size, size >= rules.ORDER_MIN
        lots = rules.lots(size, F(D(str(self.price))) * WORTH)
        yield "LOTS", lots, lots >= 1
        yield "CROWDED", rules.herfindahl([F(1)]), True

    def exposure(self, wish):
        """Dollars held and coming; a turn leaves nothing of what is held."""
        price = F(D(str(self.price)))
        held = 0 if wish.action in TURN.values() else self.held
        coming = MANY * len(self.waiting)
        if self.coming and self.coming[1] == wish.side:
            coming += self.coming[2]
        return held * price * WORTH, coming * price * WORTH * wish.side

    def rho(self, side, held, coming):
        """With itself: one, where enough is known of it."""
        known = len(rules.returns(self.bars, self.hour)) >= rules.POINTS
        self.seen.add("KNOWN" if known else "UNKNOWN")
        total = abs(held) + abs(coming)
        if not total:
            return F(0)
        ways = [(abs(part), side if part > 0 else -side) for part in (held, coming) if part]
        return sum((part * (way if known else F(1, 2)) for part, way in ways), F(0)) / total

    def judge(self, answer, wish):
        told = [c for c in answer.checks if c.rule.startswith(("RISK_FOLIO", "RISK_VOLATILITY"))]
        rows, lots = [], 0
        for name, number, passed in self.expected(wish):
            rows.append((name, number, passed))
            lots = number if name == "LOTS" else lots
            if not passed:
                self.seen.add(name)
                break
        names = [str(c.rule).removeprefix("RISK_").removeprefix("FOLIO_") for c in told]
        if names != [name for name, _, _ in rows]:
            self.wrong.append(f"{names} but {rows[-1]}")
        for check, (name, number, passed) in zip(told, rows, strict=False):
            near = abs(float(check.value) - float(number)) <= 1e-5 * max(1.0, abs(float(number)))
            if not near or check.passed != passed:
                self.wrong.append(f"{name} {check.value}, but {float(number)} {passed}")
        return lots
