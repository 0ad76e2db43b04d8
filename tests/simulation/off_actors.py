"""Safeguards of the deciding stages, by name, with what switches each off in this process."""

from decimal import Decimal
from typing import Any

import actors.account
import actors.book
import actors.day_end
import actors.desk
import actors.guard
import actors.ledger
import actors.legs
from actors import agreement
from actors.book import Book
from actors.desk import Desk
from actors.executor import Executor
from actors.order import NEXT, Life
from actors.recovery import Recovery
from actors.risk import Risk
from actors.signals import Signals
from core.messages import ActorFailed, ClosePosition, NotPlaced, PlaceOrder
from core.reasons import Reason
from tests.simulation.switches import (
    Everything,
    Switch,
    after,
    around,
    believing,
    deaf_to,
    instead,
    passing,
    unlimited,
    without,
)

# By a number of the config.
KNOBS: dict[str, dict[str, str]] = {
    "quiet before an order is proven absent": {"RECOVERY_UNKNOWN_QUIET_S": "0.001"},
    "no entry while one that is proven absent may come": {"RECOVERY_LATE_S": "0.001"},
    "looking again now and then": {
        "RECOVERY_RECONCILE_S": "100000.0",
        "RECOVERY_RETRY_S": "100000.0",
    },
    "asking again what nobody answered": {"RECOVERY_ANSWER_S": "100000.0"},
    "a gap between the two proofs of flatness": {"RECOVERY_FLAT_GAP_S": "0.000001"},
}


def full_all_day() -> None:
    for module in (actors.account, actors.guard):
        module.share_of_day = lambda at, rules: Decimal(1)  # type: ignore[attr-defined]


# Of risk, signals and the market's way in.
WISHES: dict[str, Switch] = {
    "fence until log and venue agree": passing(Reason.RISK_NOT_AGREED),
    "no entry beside an unknown order": passing(Reason.RISK_UNKNOWN_PENDING),
    "position limit": passing(Reason.RISK_MAX_POSITION),
    "no entry while the loop is late": passing(Reason.SYS_LOOP_LAG),
    "no entry while the market is silent": passing(Reason.RISK_STALE_DATA),
    "pause after losses in a row": passing(Reason.RISK_LOSSES_IN_ROW),
    "no entry near the end": passing(Reason.RISK_SESSION_CLOSED),
    "the hour's share of size and budget": full_all_day,
    "the least balance": passing(Reason.RISK_MIN_BALANCE),
    "the largest loss of one trade": passing(Reason.RISK_TRADE_TOO_LARGE),
    "the risk budget": passing(Reason.RISK_DRB),
    "the loss limit of a day": unlimited(Reason.RISK_DAILY_LOSS),
    "the drawdown limit of a day": unlimited(Reason.RISK_DRAWDOWN),
    "the drawdown limit of the account": unlimited(Reason.RISK_ACCOUNT_DRAWDOWN),
    "the kill limit": unlimited(Reason.RISK_KILL),
    "limits judged at every mark": instead(Risk, "_demand", lambda self, at: []),
    "flat before the end of the session": instead(
        actors.day_end, "overstayed", lambda account, at: None
    ),
    "approvals that count before they are orders": around(
        Risk, "verdict", lambda self, intent: self.memory.reserved.clear()
    ),
    "one wish at a time": instead(Signals, "_blocked", lambda self, at: None),
    "a price that is none": believing(Reason.DATA_BAD_VALUE),
    "a crossed market": believing(Reason.DATA_CROSSED),
    "a price that jumps": believing(Reason.DATA_OUTLIER),
    "news of the market in their order": believing(Reason.DATA_SEQUENCE),
    "no stale news of the market": believing(Reason.DATA_STALE),
}


def fill_of_the_living(real: Any) -> Any:
    def fill(self: Any, told: Any, terms: Any) -> Any:
        order = self.owner(told)
        return None if order is not None and not order.live else real(self, told, terms)

    return fill


def only_new_exits(real: Any) -> Any:
    return lambda self, at: [m for m in real(self, at) if isinstance(m, PlaceOrder)]


def first_proofs(self: Any, told: Any) -> list[Any]:
    shown = {order.tag for order in told.orders}
    unknown = self.memory.book.unknown()
    return [NotPlaced(told.at, order.tag) for order in unknown if order.tag not in shown]


def not_at_start(real: Any) -> Any:
    return lambda self, at, why: [] if why is Reason.REC_START else real(self, at, why)


def told_once(real: Any) -> Any:
    return lambda book, told, began, again=False: real(book, told, began)


def forget_a_close(field: str) -> Switch:
    def forget(self: Any, message: Any, terms: Any) -> None:
        if isinstance(message, ClosePosition):
            setattr(self, field, 0)

    return after(Book, "hear", forget)


# Of the book, and of the executor that acts on it.
ORDERS: dict[str, Switch] = {
    "each fill once": around(
        Book, "_fill", lambda self, fill, terms: self.trades.pop(fill.trade_id, None)
    ),
    "fills of orders that ended": instead(Book, "_fill", fill_of_the_living(Book._fill)),
    "fills that come before their order": around(
        Book, "_accept", lambda self, told, event: self.loose.pop(told.venue_id, None)
    ),
    "doubt after a lost answer": lambda: NEXT[Life.INTENT].update(uncertain=Life.REJECTED),
    "doubt after a restart": instead(Book, "_restart", lambda self, run: None),
    "doubt after an actor failed": deaf_to(ActorFailed),
    "doubt after a close": forget_a_close("doubt"),
    "a close is ours though it has no tag": forget_a_close("closing"),
    "no moved target beside a close": without(Desk, "exit", "book.doubt", 0),
    "a close takes the target away": instead(Desk, "spare", lambda self, at: []),
    "the target goes before a late close": lambda: setattr(actors.desk, "YIELDS", 99),
    "no close of what is bare beside its exit": lambda: setattr(actors.desk, "WARY", 99),
    "legs that work prove a fill": lambda: setattr(actors.legs, "WARY", 99),
    "no entry while a close is unanswered": lambda: setattr(actors.book, "WARY", 99),
    "no entry beside an order that lives": instead(Desk, "alive", lambda self: False),
    "one request at a time": instead(Desk, "asked", lambda self, since, at: False),
    "asking again in time": instead(Desk, "asked", lambda self, since, at: bool(since)),
    "an order back from the dead is cancelled": instead(
        Desk, "too_much", lambda self, entries: False
    ),
    "exits keep to the position's size": instead(Desk, "own_exits", only_new_exits(Desk.own_exits)),
    "no position without a stop for two seconds": without(Executor, "_protect", "naked_at", 0),
    "leaving when told": instead(Executor, "_leave", lambda self, at: []),
    "an exit that is late becomes a close": without(Executor, "_leave", "exit_at", 0),
    "the leftover of an exit is closed": without(Executor, "_leave", "overshot", False),
    "end of what outlived its position": instead(Executor, "_sweep", lambda self, at: []),
}

# Of recovery.
ANSWERS: dict[str, Switch] = {
    "asking the venue for what the log lacks": instead(agreement, "missing", lambda *given: []),
    "an actor that failed is told again": instead(
        agreement, "missing", told_once(agreement.missing)
    ),
    "a second proof of absence": instead(Recovery, "_proofs", first_proofs),
    "looking when a link is back": instead(Recovery, "_ask", not_at_start(Recovery._ask)),
    "a stranger makes it look": instead(agreement, "stranger", lambda book, told: False),
    "what nobody can explain halts": instead(Recovery, "_drift", lambda self, told, odd: []),
    "drift only when it is seen twice": around(
        Recovery, "compare", lambda self, told: setattr(self.memory, "odd", Everything())
    ),
    "a look that may lag its fill": instead(actors.ledger, "LAG_S", 0),
    "old answers are passed over": around(
        Recovery, "compare", lambda self, told: setattr(self.memory, "read_at", 0)
    ),
    "one question at a time": around(
        Recovery, "_ask", lambda self, at, why: setattr(self.memory, "asked_at", 0)
    ),
    "two looks before a later run trades": around(
        Recovery, "_agree", lambda self, *_: setattr(self.memory, "reads", 2 * self.memory.reads)
    ),
}
OFF: dict[str, Switch] = WISHES | ORDERS | ANSWERS
