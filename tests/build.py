"""One sensible message of every kind, so that a test states only what it is about.

`fill()` is a fill; `fill(size=2)` the same of two contracts. They tell one story: a long entry of
one MES at 5000.25 with its stop and target, and how it ended. EVERY holds one of each logged kind.
"""

from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from core import messages as m
from core.config import load
from core.reasons import Reason
from core.terms import (
    Action,
    Check,
    Message,
    OrderType,
    Purpose,
    Request,
    State,
    Status,
    VenueOrder,
)

AT = 1_795_206_826_123_456_789  # 2026-11-20T20:33:46.123456789Z, a Friday in session
SECOND = 1_000_000_000
CONFIG = load(Path(__file__).parents[1] / "config.toml", {})
CONTROLLED = CONFIG.settings()
SETTINGS = replace(CONTROLLED, controls=None, edition=0)  # rules are tested one by one
TAG = "01JD-48213"
PRICE = Decimal("5000.25")


def _builder(default):
    return lambda **changes: replace(default, **changes)


check = Check(Reason.RISK_DAILY_LOSS, Decimal("12.50"), Decimal("50.00"), True)
venue_order = _builder(
    VenueOrder(
        9001,
        TAG,
        Status.WORKING,
        OrderType.LIMIT,
        side=1,
        size=1,
        filled=0,
        price=PRICE,
        created=AT,
    )
)

trade = _builder(m.Trade(AT, 5000.25, 3, side=1, received=AT + 40_000_000))
quote = _builder(m.Quote(AT, 5000.0, 5000.25, 12, 9, received=AT + 40_000_000))
dropped = _builder(m.Dropped(AT, 3, "bid 5000.25 ask 5000.25", Reason.DATA_CROSSED))
gap = _builder(m.Gap(AT, AT - 40 * SECOND))
feed_state = _builder(m.FeedState(AT, "market", True, "subscribed", Reason.DATA_LINK_UP))
bar = _builder(
    m.Bar(
        AT, 5000.0, 5000.5, 4999.75, 5000.25, volume=41, buy=25, sell=16, trades=17,
        bid=5000.0, ask=5000.25, filled=False, segment=1,
    )
)  # fmt: skip
conditions = _builder(m.Conditions(AT, 12.5, 10.0, 320, 400.0, 4996.0, 5004.0))
mark = _builder(m.Mark(AT, Decimal("5000.00")))
session_opened = _builder(m.SessionOpened(AT, "2026-11-20"))
session_closed = _builder(m.SessionClosed(AT, "2026-11-20"))
pulse = _builder(m.Pulse(AT))

features = _builder(m.Features(AT, (0.5, -1.25, 0.1), 5000.25, 5000.0, 5000.25, atr=6.5))
prediction = _builder(
    m.Prediction(AT, (0.1, 0.2, 0.7), 1, 0.7, 7.2, 5000.25, 5000.0, 5000.25, atr=6.5)
)
intent = _builder(
    m.Intent(
        AT, "i-48209", Action.LONG_ENTRY, side=1, confidence=0.7, stop_ticks=8, target_ticks=12,
        price=PRICE, expires_at=AT + 2 * SECOND, strategy="model",
    )
)  # fmt: skip
over = Check(Reason.RISK_DRB_OVER, Decimal("11.67"), Decimal(0), False)
reduce = _builder(m.Reduce(AT, 1, (over,)))
hold = _builder(m.Hold(AT, (check,), Reason.SIG_LOW_CONFIDENCE))
approved = _builder(m.Approved(AT, intent(), 1, Decimal("13.34"), (check,)))
refused = _builder(m.Refused(AT, intent(), (replace(check, passed=False),), Reason.RISK_DAILY_LOSS))
place_order = _builder(
    m.PlaceOrder(
        AT, TAG, Purpose.ENTRY, OrderType.LIMIT, 1, 1, limit_price=PRICE, stop_ticks=8,
        target_ticks=12, expires_at=AT + 2 * SECOND, intent="i-48209",
    )
)  # fmt: skip
cancel_order = _builder(m.CancelOrder(AT, TAG, 9001))
modify_order = _builder(m.ModifyOrder(AT, TAG, 9001, stop_price=Decimal("4998.25")))
close_position = _builder(m.ClosePosition(AT, "01JD-48300"))
reconcile = _builder(m.Reconcile(AT, AT - 600 * SECOND, Reason.REC_QUERY))

order_accepted = _builder(
    m.OrderAccepted(AT, TAG, 9001, Status.WORKING, OrderType.LIMIT, 1, 1, PRICE)
)
order_rejected = _builder(m.OrderRejected(AT, TAG, Request.PLACE, 2, "insufficient margin"))
order_uncertain = _builder(m.OrderUncertain(AT, TAG, Request.PLACE, "no answer within 5 s"))
order_cancelled = _builder(m.OrderCancelled(AT, TAG, 9001))
order_replaced = _builder(m.OrderReplaced(AT, TAG, 9001))
close_accepted = _builder(m.CloseAccepted(AT, "01JD-48300"))
not_placed = _builder(m.NotPlaced(AT, TAG))
fill = _builder(m.Fill(AT, 77001, 9001, TAG, 1, 1, PRICE, Decimal("0.42")))
trade_closed = _builder(
    m.TradeClosed(
        AT + 60 * SECOND, AT, 1, 1, PRICE, Decimal("5003.25"), Decimal("15.00"), Decimal("0.84"),
        Decimal("14.16"), 0.7, Reason.TRADE_TARGET,
    )
)  # fmt: skip
account_snapshot = _builder(
    m.AccountSnapshot(
        AT,
        AT - 600 * SECOND,
        Decimal("1000.00"),
        True,
        1,
        PRICE,
        (venue_order(),),
        (fill(),),
        Decimal(0),
    )
)
query_failed = _builder(m.QueryFailed(AT, "orders: HTTP 502"))
agreed = _builder(m.Agreed(AT, position=1, corrected=0, unknown=0))
flat = _builder(m.Flat(AT, Decimal("1014.16")))

command = _builder(m.Command(AT, "pause", "ada", "news at 14:00"))
state_changed = _builder(m.StateChanged(AT, State.PAUSED, State.ACTIVE, "news at 14:00", "ada"))
tightened = _builder(
    m.Tightened(
        AT, "losses", "3 net losses in a row", "risk", "by itself", Reason.RISK_LOSSES_IN_ROW
    )
)
alert = _builder(m.Alert(AT, "closed a naked position", Reason.RISK_NAKED))
halted = _builder(m.Halted(AT, "loss of 300 dollars", "risk", Reason.RISK_KILL))
actor_failed = _builder(m.ActorFailed(AT, "signals", 48209, "KeyError: 'ema'", 1))
run_started = _builder(
    m.RunStarted(
        AT, "01JD", "sim", 1001, "CON.F.US.MES.Z26", Decimal("1000.00"), "6648600",
        CONFIG.sha256(), "", SETTINGS,
    )
)  # fmt: skip
run_ended = _builder(m.RunEnded(AT, "SIGTERM", 0, 0, Decimal("1014.16"), Reason.SYS_CLEAN_CLOSE))
segment_opened = _builder(m.SegmentOpened(AT, 1, "a" * 64, ""))
segment_closed = _builder(m.SegmentClosed(AT, 100, "b" * 64))

EVERY: tuple[Message, ...] = (
    dropped(), gap(), feed_state(), bar(), conditions(), mark(), session_opened(), session_closed(),
    pulse(), features(), prediction(), intent(), hold(), approved(), refused(), reduce(),
    place_order(), cancel_order(), modify_order(), close_position(), reconcile(),
    order_accepted(), order_rejected(), order_uncertain(), order_cancelled(), order_replaced(),
    close_accepted(), not_placed(), fill(), trade_closed(),
    account_snapshot(), query_failed(), agreed(), flat(),
    command(), state_changed(), tightened(), halted(), alert(), actor_failed(), run_started(),
    run_ended(), segment_opened(), segment_closed(),
)  # fmt: skip
