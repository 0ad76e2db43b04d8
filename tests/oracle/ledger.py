"""The account as anyone can work it out from a log: nothing but additions, in fractions.

It hears what the log says in its order. What it cannot know from the text it does not know.
"""

from datetime import datetime
from fractions import Fraction as F
from zoneinfo import ZoneInfo

from core import messages as m
from core.terms import Purpose, Request, Status
from tests.oracle import rules

NEW_YORK = ZoneInfo("America/New_York")
SECOND = 1_000_000_000
GONE = (m.OrderCancelled, m.NotPlaced)


class Order:
    def __init__(self, purpose, side, size, stop=0, price=None):
        self.purpose, self.side, self.size, self.stop, self.price = purpose, side, size, stop, price
        self.filled, self.works, self.over, self.wish = 0, False, "", None

    @property
    def left(self):
        return 0 if self.over else self.size - self.filled


class Ledger:
    def __init__(self):
        self.orders, self.ids, self.loose, self.trades = {}, {}, {}, set()
        self.held, self.entry, self.realised = 0, F(0), F(0)
        self.opening, self.capital, self.mark = None, F(0), None
        self.day, self.day_start, self.peak, self.high = "", F(0), F(0), F(0)
        self.in_a_row, self.paused_until, self.now = 0, 0, 0
        self.spread_wide, self.range_wild, self.volume_thin = False, False, False
        self.atr, self.q, self.spread = F(0), F(0), 0
        self.approved = {}  # intent -> dollars, until when

    def hear(self, message):
        name = f"on_{type(message).__name__}"
        if hasattr(self, name):
            getattr(self, name)(message)
        if isinstance(message, GONE):
            self.gone(message.tag, "ended")
        if not self.held:
            self.mark = None
        if self.opening is not None and isinstance(message, m.Mark | m.Fill | m.Pulse):
            self.peak, self.high = max(self.peak, self.equity), max(self.high, self.equity)

    # Money

    @property
    def balance(self):
        return (self.opening or F(0)) + self.realised

    @property
    def equity(self):
        """At the exit side; what it costs to get out is not in it."""
        if not self.held or self.mark is None:
            return self.balance
        return self.balance + rules.open_profit(self.held, self.entry, self.mark, self.mark)

    @property
    def day_profit(self):
        """Open profit net of the cost of getting out."""
        return self.equity - self.exit_cost - self.day_start

    @property
    def exit_cost(self):
        return abs(self.held) * rules.SIDE if self.mark is not None else F(0)

    def broken(self):
        return rules.reached(
            self.day_profit, self.peak - self.equity, self.high - self.equity,
            self.capital - self.equity, self.balance,
        )  # fmt: skip

    def room(self):
        return rules.room(
            self.balance, self.balance - self.day_start, self.peak, self.high, self.capital
        )

    def at_stake(self):
        if not self.held:
            return F(0)
        side = 1 if self.held > 0 else -1
        resting = [o for o in self.orders.values() if o.purpose is Purpose.STOP and o.works]
        resting = [o for o in resting if o.left > 0 and o.side == -side]
        adverse = rules.without_stop(self.atr)
        if sum(o.left for o in resting) >= abs(self.held):
            adverse = max((self.entry - o.price) * side for o in resting) * 4
        if self.mark is not None:
            adverse = max(adverse, (self.entry - self.mark) * side * 4)
        return rules.open_risk(abs(self.held), adverse)

    def coming(self, now):
        live = [rules.pending_risk(o.left, o.stop) for o in self.entries()]
        return [*live, *(cost for cost, until in self.approved.values() if until >= now)]

    def entries(self):
        found = self.orders.values()
        return [o for o in found if o.purpose is Purpose.ENTRY and o.left > 0]

    def share_of_hour(self, at):
        """A whole day's steps, with the venue's own flat time: 15:38, 15:53, 16:08 New York."""
        there = datetime.fromtimestamp(at // SECOND, NEW_YORK)
        minute = there.hour * 60 + there.minute
        if 15 * 60 + 53 <= minute < 18 * 60:
            return F(0)
        return F(1, 2) if 15 * 60 + 38 <= minute < 18 * 60 else F(1)

    def budget(self, at):
        shares = (
            rules.drawdown_share(self.balance, self.high), rules.volatility_share(self.q),
            self.share_of_hour(at),
        )  # fmt: skip
        return rules.budget(self.room(), shares, [self.at_stake()], self.coming(at))

    # What the log says

    def on_RunStarted(self, told):
        self.capital, self.approved = F(told.balance_start), {}

    def on_AccountSnapshot(self, told):
        if self.opening is None:
            self.opening = F(told.balance) - self.realised
            self.day_start = self.peak = self.high = F(told.balance)

    def on_SessionOpened(self, told):
        if told.trade_date != self.day:
            self.day, self.in_a_row, self.paused_until = told.trade_date, 0, 0
            self.day_start = self.peak = self.balance

    def on_Mark(self, told):
        self.mark = F(told.price)

    def on_Pulse(self, told):
        self.now = told.at

    def on_TradeClosed(self, told):
        if told.net:
            self.in_a_row = self.in_a_row + 1 if told.net < 0 else 0
        if told.net < 0 and (minutes := rules.pause_minutes(self.in_a_row)):
            self.paused_until = max(self.paused_until, told.at + minutes * 60 * SECOND)

    def on_Bar(self, told):
        if told.bid and told.ask:
            self.spread = round((told.ask - told.bid) * 4)
            self.spread_wide = rules.wide(self.spread_wide, self.spread)

    def on_Conditions(self, told):
        self.atr = F(told.atr)
        self.q = F(told.atr) / F(told.atr_normal) if told.atr_normal else F(0)
        self.range_wild = rules.wild(self.range_wild, self.q)
        self.volume_thin = rules.thin(F(told.volume), F(told.volume_normal))

    def on_PlaceOrder(self, told):
        self.approved.pop(told.intent, None)
        price = told.limit_price if told.type == "LIMIT" else told.stop_price
        self.orders[told.tag] = Order(
            told.purpose, told.side, told.size, told.stop_ticks, price and F(price)
        )

    def on_OrderAccepted(self, told):
        order = self.orders.get(told.tag)
        if order is None:
            purpose = {"-SL": Purpose.STOP, "-TP": Purpose.TARGET}.get(told.tag[-3:])
            if purpose is None or told.side is None or told.size is None:
                return
            order = self.orders[told.tag] = Order(purpose, told.side, told.size)
        self.ids[told.venue_id] = told.tag
        if told.price is not None:
            order.price = F(told.price)
        order.size = told.size or order.size
        order.filled += self.loose.pop(told.venue_id, 0)
        order.works = order.works or told.status != Status.SUSPENDED
        if order.over == "refused":
            order.over = ""

    def on_ModifyOrder(self, told):
        self.orders[told.tag].wish = told

    def on_OrderReplaced(self, told):
        order = self.orders.get(told.tag)
        if order is not None and order.wish is not None:
            price = order.wish.limit_price or order.wish.stop_price
            order.price = F(price) if price else order.price
            order.size, order.wish = order.wish.size or order.size, None

    def on_OrderRejected(self, told):
        self.approved.pop(told.tag, None)
        if told.request is Request.PLACE:
            self.gone(told.tag, "refused")

    def on_NotPlaced(self, told):
        self.gone(told.tag, "refused")

    def gone(self, tag, how):
        if tag in self.orders and not self.orders[tag].over:
            self.orders[tag].over = how

    def on_Fill(self, told):
        if told.trade_id in self.trades:
            return
        self.trades.add(told.trade_id)
        tag = told.tag or self.ids.get(told.venue_id, "")
        if tag in self.orders:
            order = self.orders[tag]
            order.filled, order.works = order.filled + told.size, True
            self.ids.setdefault(told.venue_id, tag)
        else:
            self.loose[told.venue_id] = self.loose.get(told.venue_id, 0) + told.size
        self.realised -= F(told.fees)
        for _ in range(told.size):
            self.one(told.side, F(told.price))

    def one(self, side, price):
        """One contract."""
        if self.held * side < 0:
            self.realised += (self.entry - price) * side * rules.POINT
            self.held += side
            return
        self.entry = (self.entry * abs(self.held) + price) / (abs(self.held) + 1)
        self.held += side
