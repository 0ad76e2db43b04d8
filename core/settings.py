"""Every number that decides. Logged whole in `RunStarted`, so that a replay decides with it.

Durations ending in `_s` are seconds of the clock in `at`. Those in REACTION measure how fast we and
the wires are, not the market: where the tape runs at speed X they are X times longer.
"""

from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from core.instruments import Instrument
from core.portfolio import PortfolioSettings


class FeedSettings(Struct, frozen=True, forbid_unknown_fields=True):
    latency_max_s: float  # exchange stamp to receipt; older is stale
    skew_max_s: float  # receipt before the exchange stamp by more than this is refused
    spread_max_ticks: int
    jump_max_ticks: int  # within one second
    stale_s: float  # no market event for so long, in session: the link is dropped
    skew_alarm_s: float = 0.5  # our clock against the venue's or the wall's: told; logs before
    skew_off_s: float = 2.0  # 0.1.0 lack these; beyond this one no entries
    skew_window_s: float = 10.0  # the nearest event of so long is what the skew is told by


class BarSettings(Struct, frozen=True, forbid_unknown_fields=True):
    gap_max_s: int  # longer silence starts a new segment
    late_s: float  # a bar closes without a later event when its end is so long past


class SignalSettings(Struct, frozen=True, forbid_unknown_fields=True):
    strategy: str  # "model", "cycle" or "ema_cross"
    confidence_min: float
    cooldown_s: float  # after an exit
    ttl_s: float  # an intent older than this is not sent
    allow_reversal: bool
    stop_ticks: int
    target_ticks: int
    cycle_s: int  # strategy "cycle": an entry so often, sides in turn
    ema_fast: int = 9  # strategy "ema_cross": bars of each average; older logs lack them
    ema_slow: int = 21


class RiskSettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
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
    # What follows older logs lack; the defaults are how they were decided.
    links_lost_max: int = 10  # more lost within the window: flatten
    links_window_s: float = 300.0
    drb_reduce: bool = False  # close a position whose stop costs more than the room left
    daily_reset: str = "roll"  # what a daily limit ends with: the trade date, or "rth"
    basis: str = "dollars"  # or "percent": of the day-start balance, in place of the dollars
    trade_risk_percent: Decimal = Decimal("2.5")
    day_loss_percent: Decimal = Decimal(5)
    day_drawdown_percent: Decimal = Decimal("7.5")
    account_drawdown_percent: Decimal = Decimal(20)
    kill_loss_percent: Decimal = Decimal(30)


EDITION = 7  # docs/decisions/0005: what each has that the one before had not

# Logs before 0.1.0 lack what follows, and each field's default is how they were decided: without.


class ConditionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    minutes: int = 0  # looked back on for what is normal; 0: conditions are not told
    minutes_min: int = 30  # known before anything is called normal
    sessions: int = 20  # so many times the same minute of the day count more than those


class SizingSettings(Struct, frozen=True, forbid_unknown_fields=True):
    mode: str = "fixed"  # "fixed", "tiers" or "kelly"
    tiers: tuple[tuple[Decimal, int, Decimal], ...] = ()  # balance from, contracts, percent at risk
    confidence: tuple[tuple[Decimal, Decimal], ...] = ()  # from, times; the last one above only
    kelly_share: Decimal = Decimal("0.25")
    kelly_trades_min: int = 50


class BreakerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    losses_first: int = 0  # in a row: a first, shorter pause; 0 none
    losses_first_pause_s: float = 0.0
    spread_pause_ticks: int = 0  # wider: no entries until at most `spread_resume_ticks`; 0 off
    spread_resume_ticks: int = 0
    atr_high: Decimal = Decimal(0)  # times the normal range: calm again below `atr_calm`; 0 off
    atr_calm: Decimal = Decimal(0)
    volume_low: Decimal = Decimal(0)  # share of the normal volume; 0 off
    factor: Decimal = Decimal(1)  # of the size, while either is so
    pause: bool = False  # no entries instead


class StopSettings(Struct, frozen=True, forbid_unknown_fields=True):
    mode: str = "fixed"  # "fixed", "atr" or "structure"
    atr_times: Decimal = Decimal("1.5")
    ticks_min: int = 4
    even_r: Decimal = Decimal(0)  # gain in multiples of the first stop: then to break even; 0 off
    even_ticks: int = 1
    trail_r: Decimal = Decimal(0)  # from here on the stop trails; 0 off
    trail_atr: Decimal = Decimal(1)
    tighten: tuple[tuple[int, Decimal], ...] = ()  # seconds before the flat time, times


class SlippageSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Ticks that a market order or a stop slips; of the conditions that hold the worst counts."""

    plan: str = "fixed"  # risk plans with risk.slip_*_ticks, or with these by "conditions"
    charge: bool = False  # the exchange of a backtest takes them
    normal: int = 1
    thin: int = 2  # a minute's volume is under breakers.volume_low of its normal
    night: int = 2  # outside regular hours
    range: tuple[tuple[Decimal, int], ...] = ()  # range over its normal above, ticks


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
    failed_s: float = 0.0  # without agreement for so long while something is open: exits only
    late_s: float = 0.0  # an entry proven absent may still come so long after it was sent


class SessionSettings(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, cache_hash=True
):
    """The end of the day, by seconds before its flat time. Logs before 0.1.0 lack all but three:
    theirs was flat at the close or the venue's flat time, without margins."""

    kind: str  # "globex", "rth" or "all"
    no_entry_s: float  # before the flat time: exits only
    flatten_s: float  # before it: exits at the market
    reduce_s: float = 0.0  # before it: entries at `reduce_share` of their size
    reduce_share: Decimal = Decimal(1)
    close_margin_s: float = 0.0  # the flat time lies so long before the exchange's close
    venue_flat: str = "15:10"  # and before this, Chicago; empty: the venue wants nothing
    venue_margin_s: float = 0.0
    alert_s: float = 300.0  # who is not flat by then is told of so often
    roll_days: int = 0  # before the third Friday a contract is opened no more; 0: no such rule


class PropSettings(Struct, frozen=True, forbid_unknown_fields=True):
    profile: str = ""  # a row of core/prop.py; empty: no firm
    day_limit: bool = False  # the account has the firm's daily loss limit
    consistency: Decimal = Decimal(0)  # of the target a day may make; 0: no such rule
    balance_high: Decimal = Decimal(0)  # highest balance at a day's end before this log; 0: none


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
    collar_night_ticks: int = 0  # the collar outside regular hours; 0 as within: older logs lack it


class Settings(Struct, frozen=True, omit_defaults=True):
    instrument: Instrument
    feed: FeedSettings
    bars: BarSettings
    signals: SignalSettings
    risk: RiskSettings
    execution: ExecutionSettings
    recovery: RecoverySettings
    session: SessionSettings
    conditions: ConditionSettings = ConditionSettings()
    sizing: SizingSettings = SizingSettings()
    breakers: BreakerSettings = BreakerSettings()
    stops: StopSettings = StopSettings()
    prop: PropSettings = PropSettings()  # logs before 0.1.0 lack it
    controls: ControlSettings | None = None  # None: a log that is older than they are
    slippage: SlippageSettings = SlippageSettings()
    edition: int = 0  # of the rules: what is newer than a log's is left out when it is replayed
    portfolio: PortfolioSettings = PortfolioSettings()

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


SKEW = ("skew_alarm_s", "skew_off_s", "skew_window_s")
REACTION: dict[str, tuple[str, ...]] = {
    "feed": ("latency_max_s", "skew_max_s", "stale_s", *SKEW),
    "bars": ("late_s",),
    "signals": ("ttl_s",),
    "risk": ("links_window_s",),
    "execution": ("naked_s", "exit_timeout_s"),
    "recovery": (
        "reconcile_s",
        "retry_s",
        "unknown_quiet_s",
        "flat_gap_s",
        "answer_s",
        "failed_s",
        "late_s",
    ),
    "controls": ("balance_max_s", "messages_short_s", "messages_long_s", "quote_max_s", "ack_s"),
}
