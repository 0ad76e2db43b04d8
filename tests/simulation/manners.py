"""What no entry may be, by the controls' numbers, seen from outside: sizes, prices, how often.

`Manners` looks on at the wires as Truth does, and knows no rule of the program.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from core import messages as m
from core.clock import SECOND
from core.prop import PROFILES
from core.terms import EXITS, Purpose
from tests.simulation.world import ASKED, CONTRACT, alive

ROLLED = datetime(2026, 12, 14, 18, tzinfo=ZoneInfo("America/New_York"))  # of MES Z26
SLACK_S = 1.0  # between a wish and its order
Entry = tuple[int, int, int, Decimal]  # at, side, size, price of its wish


class Manners:
    def __init__(self, world: Any) -> None:
        self.world, self.wishes = world, dict[str, m.Intent]()
        self.entries: list[Entry] = []
        self.asked: list[int] = []
        self.told_at = self.opened_at = 0
        self.skewed = False
        self.wide: Callable[[int], bool] = lambda at: False

    def hear(self, message: m.Message) -> None:
        match message:
            case m.Approved(intent=intent):
                self.wishes[intent.id] = intent
            case m.AccountSnapshot(at=at):
                self.told_at = at
            case m.Fill(at=at) if not self.opened_at:
                self.opened_at = at
        if not self.world.exchange.position.size:
            self.opened_at = 0
        if isinstance(message, ASKED):
            self.asked.append(message.at)

    def hasty(self, exit_: m.Approved) -> bool:
        """A strategy's exit of what it has only just entered."""
        least = self.world.settings.controls.hold_min_s
        young = self.opened_at and exit_.at - self.opened_at < (least - SLACK_S) * SECOND
        return bool(young) and exit_.intent.action in EXITS

    def breaches(self, order: m.PlaceOrder) -> Iterator[str]:
        """Of an entry that is on its way: each thing that it may not be."""
        wish = self.wishes.get(order.intent)
        if order.purpose is not Purpose.ENTRY or wish is None:
            return
        self.entries.append((order.at, order.side, order.size, wish.price))
        rows = (*self.sizes(order, wish), *self.times(order), *self.places(order))
        yield from (f"an entry {said}" for said, broken in rows if broken)

    def sizes(self, order: m.PlaceOrder, wish: m.Intent) -> Iterator[tuple[str, bool]]:
        settings, exchange = self.world.settings, self.world.exchange
        most, balance = settings.controls, exchange.balance
        tiers = [row for row in settings.sizing.tiers if row[0] <= balance]
        dollars = wish.price * 5 * order.size
        risked = order.size * (order.stop_ticks + 2) * Decimal("1.25")
        yield f"of {order.size} contracts", order.size > most.quantity_max
        yield f"of {dollars} dollars", dollars > min(most.order_value_max, most.open_value_max)
        yield "with a stop too far away", order.stop_ticks > most.collar_ticks
        yield "for more than the account holds", most.margin_contract * order.size > balance
        yield "larger than its tier", not tiers or order.size > tiers[-1][1]
        yield "beside too many orders", len(alive(exchange)) + 3 > most.orders_open_max
        if firm := settings.prop.profile:
            rules = PROFILES[firm]
            floor = min(settings.prop.balance_high - rules.loss_max, rules.start)
            yield "that the firm's floor has no room for", balance - risked <= floor

    def times(self, order: m.PlaceOrder) -> Iterator[tuple[str, bool]]:
        most, at, entries = self.world.settings.controls, order.at, self.entries
        like = [e for e in entries[:-1] if e[1:] == entries[-1][1:]]
        same = [e for e in entries if e[1] == order.side and at - e[0] < most.repeat_s * SECOND]
        lately = [then for then in self.asked if at - then < most.messages_long_s * SECOND]
        left = most.messages_long_max * (1 - most.messages_reserve)
        drift = [entry[3] for entry in entries[-most.drift_orders :]]
        steps = [new - old for old, new in pairwise(drift)]
        one_way = all(s > 0 for s in steps) or all(s < 0 for s in steps)
        far = abs(drift[-1] - drift[0]) * 4 > most.drift_ticks
        yield "too many of the day", len(entries) > most.trades_day_max
        yield "too many of one side", len(same) > most.repeat_max
        yield "after too many messages", len(lately) > left + 1
        yield "like another", any(at - e[0] < (most.duplicate_s - SLACK_S) * SECOND for e in like)
        yield "further the same way", len(drift) == most.drift_orders and one_way and far

    def places(self, order: m.PlaceOrder) -> Iterator[tuple[str, bool]]:
        most, told = self.world.settings.controls, order.at - self.told_at
        rolled = order.at >= ROLLED.timestamp() * SECOND and CONTRACT.endswith("Z26")
        yield "on an old balance", told > (most.balance_max_s + SLACK_S) * SECOND
        yield "in an expiring contract", rolled
        yield "for an account that is not listed", bool(most.accounts) and 1 not in most.accounts
        yield "by a clock that is wrong", self.skewed
        yield "in a wide market", self.wide(order.at)
