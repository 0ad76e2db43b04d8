"""Every number that decides. Logged whole in `RunStarted`, so that a replay decides with it.

Durations ending in `_s` are seconds of the clock in `at`. Those in REACTION measure how fast we and
the wires are, not the market: where the tape runs at speed X they are X times longer.
"""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from core.instruments import Instrument


class FeedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    latency_max_s: float  # exchange stamp to receipt; older is stale
    skew_max_s: float  # receipt before the exchange stamp by more than this is refused
    spread_max_ticks: int
    jump_max_ticks: int  # within one second
    stale_s: float  # no market event for so long, in session: the link is dropped


class BarSettings(Struct, frozen=True, forbid_unknown_fields=True):
    gap_max_s: int  # longer silence starts a new segment
    late_s: float  # a bar closes without a later event when its end is so long past


class SignalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    strategy: str  # "model" or "cycle"
    confidence_min: float
    cooldown_s: float  # after an exit
    ttl_s: float  # an intent older than this is not sent
    allow_reversal: bool
    stop_ticks: int
    target_ticks: int
    cycle_s: int  # strategy "cycle": an entry so often, sides in turn


class RiskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    contracts: int  # size of an entry
    position_max: int  # worst case: open + live + unknown, each side
    trade_risk_max: Decimal  # dollars, costs included
    day_loss_max: Decimal
    day_drawdown_max: Decimal
    account_drawdown_max: Decimal
    kill_loss_max: Decimal
    balance_min: Decimal
    losses_in_row_max: int
    losses_pause_s: float
    slip_entry_ticks: int
    slip_exit_ticks: int
    links_lost_max: int = 10  # more lost within the window: flatten. Logs before 0.1.0 lack both
    links_window_s: float = 300.0


class ExecutionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    native_brackets: bool
    naked_s: float  # a position without a resting stop for so long is flattened
    exit_protect_ticks: int  # how far through the touch an exit limit reaches
    exit_timeout_s: float  # an exit not filled by then becomes a close of the position


class RecoverySettings(Struct, frozen=True, forbid_unknown_fields=True):
    reconcile_s: float  # between two independent looks at the venue
    retry_s: float  # between looks while something is unknown or a query failed
    unknown_quiet_s: float  # an order absent so long, by two full queries, was never placed
    flat_gap_s: float  # between the two queries that prove the account flat
    adopt_foreign: bool  # True: book foreign positions and orders; False: halt on them
    answer_s: float = 30.0  # a query unanswered so long is asked again; logs before 0.1.0 lack it


class SessionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    kind: str  # "globex" or "rth"
    no_entry_s: float  # before the session's last minute of trade: no new position
    flatten_s: float  # before it: flatten


class ControlSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The hard blocks of docs/controls.md."""

    instruments: tuple[str, ...]  # symbols that may be traded
    venues: tuple[str, ...]
    accounts: tuple[int, ...]  # empty: the one that venue.account_id pins
    quantity_max: int  # contracts of one order
    order_value_max: Decimal  # dollars: price x contracts x multiplier
    collar_ticks: int  # price, stop and target of an order: at most so far from the mid
    drift_orders: int  # so many entries within drift_s, each further the same way ...
    drift_ticks: int  # ... and more than this in all: halt
    drift_s: float
    orders_open_max: int  # live orders, this entry and its two legs among them
    open_value_max: Decimal  # dollars of all that is held or may fill
    margin_contract: Decimal  # dollars the venue blocks for a contract
    balance_max_s: float  # no entry on a balance that the venue told longer ago
    trades_day_max: int  # entries of a trade date
    hold_min_s: float  # the strategy keeps a position so long; stops, targets, flattens do not wait
    messages_short_max: int  # orders, changes, cancels and closes within messages_short_s
    messages_short_s: float
    messages_long_max: int
    messages_long_s: float
    messages_reserve: float  # share that entries leave to cancels and exits
    repeat_max: int  # entries of one strategy and side within repeat_s; one more: off
    repeat_s: float
    duplicate_s: float  # an entry like another so soon after it is refused
    quote_max_s: float  # no entry when the market has not moved for so long
    skew_max_s: float  # our clock against the venue's, wall seconds
    ack_s: float  # a critical alert that nobody answers for so long: flatten


class Settings(Struct, frozen=True):
    instrument: Instrument
    feed: FeedSettings
    bars: BarSettings
    signals: SignalSettings
    risk: RiskSettings
    execution: ExecutionSettings
    recovery: RecoverySettings
    session: SessionSettings
    controls: ControlSettings | None = None  # None: a log that is older than they are

    def at_speed(self, speed: float) -> "Settings":
        """The same reactions on a clock that runs `speed` times as fast as the wall's."""
        changed = {}
        for section, fields in REACTION.items():
            part = getattr(self, section)
            if part is None:
                continue
            scaled = {field: getattr(part, field) * speed for field in fields}
            changed[section] = replace(part, **scaled)
        return replace(self, **changed)


REACTION: dict[str, tuple[str, ...]] = {
    "feed": ("latency_max_s", "skew_max_s", "stale_s"),
    "bars": ("late_s",),
    "signals": ("ttl_s",),
    "risk": ("links_window_s",),
    "execution": ("naked_s", "exit_timeout_s"),
    "recovery": ("reconcile_s", "retry_s", "unknown_quiet_s", "flat_gap_s", "answer_s"),
    "controls": ("balance_max_s", "messages_short_s", "messages_long_s", "quote_max_s", "ack_s"),
}
