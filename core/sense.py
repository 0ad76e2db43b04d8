"""What a setting may be, and what must make sense together: one sentence for each fault."""

import re
import shlex
from collections.abc import Iterator, Mapping
from decimal import Decimal
from ipaddress import ip_address
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from core.instruments import COINS, INSTRUMENTS
from core.portfolio import PortfolioSettings
from core.prop import PROFILES
from core.settings import (
    BreakerSettings,
    ConditionSettings,
    PropSettings,
    RiskSettings,
    SessionSettings,
    SignalSettings,
    SizingSettings,
    SlippageSettings,
    StopSettings,
)

# (section, key): what it may be, and how to say so.
CHOICES = {
    ("run", "mode"): ("sim", "paper", "live"),
    ("venue", "kind"): ("topstepx",),
    ("instrument", "symbol"): tuple(INSTRUMENTS),
    ("signals", "strategy"): ("model", "cycle", "ema_cross"),
    ("session", "kind"): ("globex", "rth", "all"),
    ("risk", "daily_reset"): ("roll", "rth"),
    ("risk", "basis"): ("dollars", "percent"),
    ("sizing", "mode"): ("fixed", "tiers", "kelly"),
    ("stops", "mode"): ("fixed", "atr", "structure"),
    ("slippage", "plan"): ("fixed", "conditions"),
    ("prop", "profile"): ("", *PROFILES),
    ("portfolio", "rules"): ("", "crypto"),
    ("portfolio", "sizing"): ("documented", "kelly"),
}
MAY_BE_ZERO = {
    "speed", "account_id", "port", "cooldown_s", "fee", "commission", "slip_entry_ticks",
    "slip_exit_ticks", "reserve", "no_entry_s", "flatten_s", "ballast_mb", "free_min_mb",
    "minutes", "even_r", "even_ticks", "trail_r", "tighten",
    "reduce_s", "close_margin_s", "venue_margin_s", "roll_days", "consistency", "balance_high",
    "regimes",
}  # fmt: skip
# key: least and most, of what no other rule bounds.
BOUNDS = {
    "port": (0, 65_535), "roll_days": (0, 90), "inbox_depth": (100, 10_000_000),
    "speed": (0, 1_000_000), "hours": (48, 2_160), "ballast_mb": (0, 1_000_000),
}  # fmt: skip
SECONDS = (0, 1_000_000_000)  # of all keys that end so: three decades
ANY = (0, 10**30)
CLOSING_S = 30  # before the flat time of a day that ends: an exit takes its time
WILDEST = 10  # times its median that volatility may ever be with entries
FLAT = "15:10"  # Chicago: what is open then TopstepX closes itself
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def faults(config: Any) -> Iterator[str]:
    """Of a `core.config.Config`: each in one sentence."""
    yield from wrong({name: getattr(config, name) for name in config.__struct_fields__})
    yield from nonsense(config.signals, config.session, config.prop, config.run.mode)
    yield from endless(config.session, config.risk, config.stops, config.instrument.symbol)
    yield from unfit(config.breakers, config.slippage, config.conditions)
    yield from disorder(config.sizing, config.stops, config.portfolio)
    yield from unspoken(config.paging.command)
    yield from bare(config.venue)
    yield from nowhere(config.paths)


def wrong(sections: Mapping[str, Struct]) -> Iterator[str]:
    """Choices that do not exist, and numbers that cannot be limits."""
    for name, section in sections.items():
        for key in section.__struct_fields__:
            value, choices = getattr(section, key), CHOICES.get((name, key))
            if choices and value not in choices:
                yield f"{name}.{key}: expected one of {', '.join(choices)}"
            for number in numbers(value):
                if not number.is_finite() or number < 0 or (not number and key not in MAY_BE_ZERO):
                    yield f"{name}.{key}: expected a finite number above zero"
            low, high = BOUNDS.get(key, SECONDS if key.endswith("_s") else ANY)
            if not all(low <= number <= high for number in numbers(value)):
                yield f"{name}.{key}: expected {low} to {high}"


def numbers(value: object) -> Iterator[Decimal]:
    """A setting's number, or all those of a table's rows."""
    if isinstance(value, tuple):
        for part in value:
            yield from numbers(part)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        yield Decimal(value)


def unfit(
    breakers: BreakerSettings, slippage: SlippageSettings, conditions: ConditionSettings
) -> Iterator[str]:
    if breakers.spread_resume_ticks > breakers.spread_pause_ticks:
        yield "breakers.spread_resume_ticks: expected at most spread_pause_ticks"
    if breakers.atr_calm > breakers.atr_high:
        yield "breakers.atr_calm: expected at most atr_high"
    if (slippage.charge or slippage.plan == "conditions") and not conditions.minutes:
        yield "conditions.minutes: expected above zero: slippage goes by the conditions"
    if 0 < conditions.minutes < conditions.minutes_min:
        yield "conditions.minutes_min: expected at most minutes: no more of them are kept"


def disorder(
    sizing: SizingSettings, stops: StopSettings, portfolio: PortfolioSettings
) -> Iterator[str]:
    """Tables whose rules count their rows: another order would be other rules, without a word."""
    for key, rows in (("tiers", sizing.tiers), ("confidence", sizing.confidence)):
        if any(low[0] >= high[0] for low, high in pairwise(rows)):
            yield f"sizing.{key}: expected rows from the lowest first number up"
    if sizing.mode != "fixed" and not sizing.confidence:
        yield "sizing.confidence: expected one row at least: no confidence is worth anything"
    if any(early[0] <= late[0] for early, late in pairwise(stops.tighten)):
        yield "stops.tighten: expected rows from the longest time down"
    edges = [edge for edge, _ in portfolio.regimes]
    if not edges or edges[-1] > WILDEST or any(low >= high for low, high in pairwise(edges)):
        yield f"portfolio.regimes: expected rows from the lowest first number up to {WILDEST}"
    if max(portfolio.regime_hours, portfolio.hours_min) >= portfolio.hours:
        yield "portfolio.hours: expected above regime_hours and hours_min"


def nowhere(paths: Any) -> Iterator[str]:
    """No name would be the directory we stand in: a token and a log among the sources."""
    for key in ("state", "wal"):
        if not getattr(paths, key) or "\0" in getattr(paths, key):
            yield f"paths.{key}: expected a path: `.` is the directory of the start"


def bare(venue: object) -> Iterator[str]:
    """Addresses of the public net to which our API key would go as plain text."""
    for key in ("rest_url", "user_hub_url", "market_hub_url"):
        try:
            where = urlsplit(getattr(venue, key))
            if where.scheme in ("http", "ws") and public(where.hostname or ""):
                yield f"venue.{key}: expected https://: the API key would go there for all to read"
        except ValueError:
            yield f"venue.{key}: expected an address, as https://api.topstepx.com"


def public(host: str) -> bool:
    try:
        return not ip_address(host).is_private
    except ValueError:
        return "." in host


def unspoken(command: str) -> Iterator[str]:
    if "\0" in command:
        yield "paging.command: expected words that a process can be given: no zero byte"
    try:
        shlex.split(command)
    except ValueError as error:
        yield f"paging.command: expected words as in a shell: {error}"


def endless(
    session: SessionSettings, risk: RiskSettings, stops: StopSettings, symbol: str
) -> Iterator[str]:
    """A market that never closes has no steps before a flat time, no roll and no 09:30; on any
    other a position that is not closed before that stays the night."""
    if session.kind != "all":
        if session.flatten_s < CLOSING_S:
            yield f"session.flatten_s: expected {CLOSING_S} or more: what is shut takes no exit"
        return
    if symbol not in COINS:
        yield f"session.kind: expected globex or rth: the exchange of {symbol} closes"
    for key in ("venue_flat", "close_margin_s", "reduce_s", "no_entry_s", "flatten_s", "roll_days"):
        if getattr(session, key):
            yield f"session.{key}: expected nothing, or 0: session.kind is all"
    if stops.tighten:
        yield "stops.tighten: expected nothing: session.kind is all"
    if risk.daily_reset != "roll":
        yield "risk.daily_reset: expected roll: session.kind is all"


def nonsense(
    signals: SignalSettings, session: SessionSettings, prop: PropSettings, mode: str
) -> Iterator[str]:
    if signals.ema_fast >= signals.ema_slow:
        yield "signals.ema_fast: expected below ema_slow"
    if not session.reduce_s >= session.no_entry_s >= session.flatten_s:
        yield "session: expected reduce_s >= no_entry_s >= flatten_s"
    if session.venue_flat and not CLOCK.fullmatch(session.venue_flat):
        yield "session.venue_flat: expected HH:MM of Chicago, or nothing"
    if mode == "live" and session.kind != "all" and not session.venue_flat:
        yield "session.venue_flat: expected HH:MM: run.mode is live, and TopstepX has a flat time"
    if mode == "live" and session.kind != "all" and session.venue_flat > FLAT:
        yield f"session.venue_flat: expected {FLAT} of Chicago at the latest: TopstepX closes then"
    if session.reduce_share > 1:
        yield "session.reduce_share: expected at most 1"
    if prop.profile and not session.venue_flat:
        yield "session.venue_flat: expected the firm's flat time: prop.profile is named"
    if prop.consistency > 1:
        yield "prop.consistency: expected at most 1"
