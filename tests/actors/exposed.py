"""A venue that tells the truth late, an account at it, and a daemon that dies and folds its log.

Moves are triples of small numbers, so that any history can be drawn. News of one order come in
their order; an answer may be lost, an order may never have come. What counts is what the venue
holds: the position, all that lives there, and all that risk has approved and that may yet be sent.
"""

from decimal import Decimal

from msgspec.structs import replace

from actors.risk import Risk
from core import messages as m
from core.clock import SECOND
from core.reasons import Reason
from core.settings import EDITION, BreakerSettings
from core.terms import Action, Purpose, Request
from tests import build

D = Decimal
AT = build.AT - 5 * 3600 * SECOND
WISHES = (
    Action.LONG_ENTRY, Action.SHORT_ENTRY, Action.REVERSE_TO_LONG, Action.REVERSE_TO_SHORT,
    Action.EXIT_LONG, Action.EXIT_SHORT, Action.FLATTEN,
)  # fmt: skip
SURE = (0.65, 0.75, 0.85, 0.95)
DOLLARS = dict.fromkeys(
    ("trade_risk_max", "day_loss_max", "day_drawdown_max", "account_drawdown_max", "kill_loss_max"),
    D(100_000),
)


class Order:
    def __init__(self, side, size, there):
        self.side, self.left, self.news, self.there = side, size if there else 0, [], there


class Exposed:
    def __init__(self, most, contracts):
        base = build.SETTINGS
        limits = {**DOLLARS, "position_max": most, "contracts": contracts, "balance_min": D(1)}
        limits["losses_in_row_max"] = 9**9
        self.settings = replace(
            base, risk=replace(base.risk, **limits), breakers=BreakerSettings(),
            edition=EDITION,
        )  # fmt: skip
        self.most, self.at, self.count, self.runs = most, AT, 0, 0
        self.held, self.orders, self.loose = 0, {}, []  # at the venue; loose: news without order
        self.approved = {}
        self.log, self.risk = [], Risk(self.settings)
        self.did = set()
        self.tell(build.session_opened())
        self.begin()
        self.look()

    # The daemon

    def tell(self, message):
        message = replace(message, at=self.at)
        self.log.append(message)
        return self.risk.on(message)

    def begin(self):
        self.runs, self.approved = self.runs + 1, {}
        self.tell(build.run_started(settings=self.settings, run=f"r{self.runs}"))
        for link in ("market", "user"):
            self.tell(build.feed_state(link=link))

    def look(self, *_):
        """The venue's whole truth."""
        for tag, order in self.orders.items():
            while order.news:
                self.hear(tag)
            if not order.there:
                self.tell(build.not_placed(tag=tag))
                order.there = True
        while self.loose:
            self.tell(self.loose.pop(0))
        self.tell(build.account_snapshot(
            balance=D(50_000), position=self.held, orders=(), fills=(), average=None,
        ))  # fmt: skip
        self.tell(build.agreed(position=self.held))

    def wish(self, what, sure):
        action = WISHES[what % len(WISHES)]
        long = action in (Action.LONG_ENTRY, Action.REVERSE_TO_LONG)
        short = action in (Action.SHORT_ENTRY, Action.REVERSE_TO_SHORT)
        held = self.risk.memory.book.position.size
        self.count += 1
        intent = build.intent(
            at=self.at, id=f"i{self.count}", action=action, confidence=SURE[sure % len(SURE)],
            side=1 if long else -1 if short else (1 if held > 0 else -1),
            expires_at=self.at + 2 * SECOND,
        )  # fmt: skip
        (answer,) = self.tell(intent)
        if not long and not short:
            self.must_leave(answer, held)
        elif isinstance(answer, m.Approved) and answer.reason is Reason.RISK_PASS:
            self.approved[intent.id] = answer
            self.did.add(f"approved {answer.size}")

    def must_leave(self, answer, held):
        if held:
            assert isinstance(answer, m.Approved) and answer.size == abs(held)
        else:
            assert isinstance(answer, m.Refused) and answer.reason is Reason.SIG_SUPERSEDED

    def send(self, which, way):
        """An approval becomes an order, as long as it is not too old; or is given up."""
        for wish in [i for i, a in self.approved.items() if a.intent.expires_at < self.at]:
            del self.approved[wish]
        if not self.approved:
            return
        name = list(self.approved)[which % len(self.approved)]
        approved = self.approved.pop(name)
        self.count += 1
        tag, side = f"o{self.count}", approved.intent.side
        self.tell(build.place_order(
            tag=tag, side=side, size=approved.size, stop_ticks=8, intent=name, limit_price=None,
            purpose=Purpose.ENTRY,
        ))  # fmt: skip
        ways = ("accepted", "accepted", "accepted", "refused", "lost", "absent", "withheld")
        how = ways[way % len(ways)]
        self.did.add(how)
        order = self.orders[tag] = Order(side, approved.size, how in ("accepted", "lost"))
        accepted = build.order_accepted(
            tag=tag, venue_id=self.count, side=side, size=approved.size, price=None
        )
        order.number = self.count
        if how in ("lost", "absent"):
            self.tell(build.order_uncertain(tag=tag))
        if how in ("accepted", "lost"):
            order.news.append(accepted)
        elif how != "absent":
            reason = Reason.ORD_REJECTED if how == "refused" else Reason.ORD_EXPIRED
            order.there = True
            self.tell(build.order_rejected(tag=tag, request=Request.PLACE, reason=reason))

    # The venue

    def living(self):
        return [tag for tag, order in self.orders.items() if order.left]

    def fill(self, which, size):
        if tags := self.living():
            order = self.orders[tag := tags[which % len(tags)]]
            size = min(order.left, 1 + size % 2)
            self.did.add("filled in part" if size < order.left else "filled")
            self.did.add("turned" if self.held * order.side < 0 else "more")
            order.left -= size
            self.held += order.side * size
            order.news.append(self.trade(tag, order.number, order.side, size))

    def trade(self, tag, number, side, size):
        self.count += 1
        return build.fill(trade_id=self.count, venue_id=number, tag=tag, side=side, size=size,
                          price=D(5000), fees=D(0))  # fmt: skip

    def cancel(self, which, _):
        if tags := self.living():
            order = self.orders[tag := tags[which % len(tags)]]
            order.left = 0
            order.news.append(build.order_cancelled(tag=tag, venue_id=order.number))

    def close(self, *_):
        """By the venue's own call, which cannot cross zero. Its fill has no tag."""
        self.tell(build.close_position())
        if self.held:
            self.count += 1
            side = -1 if self.held > 0 else 1
            self.loose.append(self.trade("", self.count, side, abs(self.held)))
            self.held = 0

    def news(self, which, _):
        tags = [tag for tag, order in self.orders.items() if order.news]
        if tags:
            self.hear(tags[which % len(tags)])
        elif self.loose:
            self.tell(self.loose.pop(0))

    def hear(self, tag):
        self.tell(self.orders[tag].news.pop(0))

    # What else befalls it

    def wait(self, seconds, _):
        self.at += seconds * SECOND // 2
        self.tell(build.pulse())

    def mark(self, ticks, _):
        self.tell(build.mark(price=D(5000) + D(ticks) / 4))

    def link(self, which, _):
        name = ("market", "user")[which % 2]
        self.tell(build.feed_state(link=name, up=False))
        self.tell(build.feed_state(link=name))
        self.did.add("link lost")

    def fail(self, *_):
        self.tell(build.actor_failed(actor="executor"))

    def restart(self, *_):
        """Dead. What the log makes of it is what it was, to the cent."""
        fresh = Risk(self.settings)
        for message in self.log:
            fresh.on(message)
        assert fresh.memory == self.risk.memory
        self.risk = fresh
        self.did.add("restarted")
        self.begin()

    def step(self, what, one, two):
        MOVES[what % len(MOVES)](self, one, two)
        self.check()

    def check(self):
        coming = {1: max(0, self.held), -1: max(0, -self.held)}
        for order in self.orders.values():
            coming[order.side] += order.left
        for approved in self.approved.values():
            if approved.intent.expires_at >= self.at:
                coming[approved.intent.side] += approved.size
        assert max(coming.values()) <= self.most, (coming, self.most)


MOVES = (
    Exposed.wish, Exposed.wish, Exposed.wish, Exposed.send, Exposed.send, Exposed.send,
    Exposed.fill, Exposed.fill, Exposed.news, Exposed.news, Exposed.news, Exposed.look,
    Exposed.look, Exposed.cancel, Exposed.close, Exposed.wait, Exposed.mark, Exposed.link,
    Exposed.fail, Exposed.restart,
)  # fmt: skip
