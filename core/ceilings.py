"""What no config may say: limits looser than these, and keys that were given up.

A start with such a config is refused. The numbers are compiled in, so that a typing error, or a
config of a larger account, cannot switch a limit off. Change them here, in a commit of their own.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from core.instruments import COINS


class Most(NamedTuple):
    """The limit may be at most so large."""

    number: Decimal
    share: bool = False  # of account.balance_start, else as it is


class Least(NamedTuple):
    """The limit must be at least so large."""

    number: Decimal
    share: bool = False


def _most(number: str) -> Most:
    return Most(Decimal(number))


def _least(number: str) -> Least:
    return Least(Decimal(number))


CEILINGS: dict[tuple[str, str], Most | Least] = {
    ("risk", "contracts"): _most("150"),  # the venue's own cap of its largest account, in micros
    ("risk", "position_max"): _most("150"),
    ("risk", "trade_risk_max"): Most(Decimal("0.10"), share=True),
    ("risk", "day_loss_max"): Most(Decimal("0.20"), share=True),
    ("risk", "day_drawdown_max"): Most(Decimal("0.25"), share=True),
    ("risk", "account_drawdown_max"): Most(Decimal("0.50"), share=True),
    ("risk", "kill_loss_max"): Most(Decimal("0.50"), share=True),
    ("risk", "losses_pause_s"): _least("60"),
    ("risk", "trade_risk_percent"): _most("10"),
    ("risk", "day_loss_percent"): _most("20"),
    ("risk", "day_drawdown_percent"): _most("25"),
    ("risk", "account_drawdown_percent"): _most("50"),
    ("risk", "kill_loss_percent"): _most("50"),
    ("sizing", "kelly_share"): _most("0.5"),
    ("sizing", "kelly_trades_min"): _least("30"),
    ("breakers", "losses_first"): _most("20"),
    ("breakers", "losses_first_pause_s"): _least("60"),
    ("breakers", "spread_pause_ticks"): _most("50"),
    ("breakers", "atr_high"): _most("10"),
    ("breakers", "volume_low"): _least("0.02"),
    ("breakers", "factor"): _most("0.9"),
    ("signals", "stop_ticks"): _most("100"),
    ("signals", "ttl_s"): _most("60"),
    ("portfolio", "stake_share"): _most("0.1"),
    ("portfolio", "stake_part"): _most("1"),
    ("portfolio", "kelly_max"): _most("0.5"),
    ("portfolio", "order_min"): _least("1"),
    ("portfolio", "stop_share"): _most("0.2"),
    ("portfolio", "target_share"): _most("1"),
    ("portfolio", "position_share"): _most("0.5"),
    ("portfolio", "drawdown_share"): _most("0.5"),
    ("portfolio", "correlation_cut"): _most("1"),
    ("portfolio", "correlation_unknown"): _least("0.25"),
    ("portfolio", "hours_min"): _least("24"),
    ("portfolio", "regime_hours"): _most("72"),
    ("portfolio", "regime_unknown"): _least("0.5"),
    ("portfolio", "sector_share"): _most("0.8"),
    ("portfolio", "majors_share"): _most("1"),
    ("portfolio", "concentration"): _most("1"),
    ("execution", "naked_s"): _most("10"),
    ("execution", "exit_timeout_s"): _most("30"),
    ("controls", "quantity_max"): _most("150"),
    ("controls", "order_value_max"): _most("6000000"),
    ("controls", "collar_ticks"): _most("400"),
    ("controls", "collar_night_ticks"): _most("400"),
    ("controls", "drift_orders"): _most("50"),
    ("controls", "drift_ticks"): _most("2000"),
    ("controls", "drift_s"): _least("60"),
    ("controls", "orders_open_max"): _most("100"),
    ("controls", "open_value_max"): _most("6000000"),
    ("controls", "margin_contract"): _least("10"),
    ("controls", "balance_max_s"): _most("300"),
    ("controls", "trades_day_max"): _most("200"),
    ("controls", "hold_min_s"): _least("1"),
    ("controls", "messages_short_max"): _most("20"),
    ("controls", "messages_short_s"): _least("1"),
    ("controls", "messages_long_max"): _most("200"),
    ("controls", "messages_long_s"): _least("60"),
    ("controls", "messages_reserve"): _least("0.2"),
    ("controls", "repeat_max"): _most("200"),
    ("controls", "repeat_s"): _least("60"),
    ("controls", "duplicate_s"): _least("0.1"),
    ("controls", "quote_max_s"): _most("120"),
    ("controls", "skew_max_s"): _most("5"),
    ("controls", "ack_s"): _most("300"),
}
# Of coins, in their place: lots and ticks are fine there. Dollars bound instead what may be held:
# never more than the account has.
COIN_CEILINGS: dict[tuple[str, str], Most | Least] = {
    ("risk", "contracts"): _most("100000000"),  # lots
    ("risk", "position_max"): _most("100000000"),
    ("breakers", "spread_pause_ticks"): _most("100000"),
    ("controls", "quantity_max"): _most("100000000"),
    ("controls", "order_value_max"): Most(Decimal(1), share=True),
    ("controls", "open_value_max"): Most(Decimal(1), share=True),
    ("controls", "collar_ticks"): _most("2000000"),
    ("controls", "collar_night_ticks"): _most("2000000"),
    ("controls", "drift_ticks"): _most("2000000"),
    ("controls", "margin_contract"): _least("0.01"),
}
# Of a table's rows: (section, key, column), at most so large in each row.
COLUMNS: dict[tuple[str, str, int], Decimal] = {
    ("sizing", "tiers", 1): Decimal(150),  # contracts
    ("sizing", "tiers", 2): Decimal(5),  # percent of the balance at risk
    ("sizing", "confidence", 1): Decimal(3),  # times that
    ("portfolio", "regimes", 1): Decimal(1),
}
SHARES = (("venue", "reserve"), ("controls", "messages_reserve"))  # below one

# Keys that were given up: never to be used again, for an old config may still say them.
RETIRED: dict[tuple[str, str], str] = {
    ("risk", "mark_stale_s"): "controls.quote_max_s and feed.stale_s stand for it",
    ("model", "budget_ms"): "the time of an inference is measured, not set",
}


def retired(table: Mapping[str, Any]) -> str:
    """What is wrong with the first retired key; empty if there is none."""
    for (section, key), why in RETIRED.items():
        given = table.get(section)
        if isinstance(given, Mapping) and key in given:
            return f"{section}.{key}: retired, and never to be used again: {why}"
    return ""


def loose(config: object) -> str:
    """What is wrong with the first limit that is looser than its ceiling; empty if all hold."""
    capital: Decimal = config.account.balance_start  # type: ignore[attr-defined]
    coin = config.instrument.symbol in COINS  # type: ignore[attr-defined]
    for (section, key), ceiling in (CEILINGS | (COIN_CEILINGS if coin else {})).items():
        value = Decimal(str(getattr(getattr(config, section), key)))
        limit = ceiling.number * capital if ceiling.share else ceiling.number
        if value > limit if isinstance(ceiling, Most) else value < limit:
            side = "at most" if isinstance(ceiling, Most) else "at least"
            of = " of account.balance_start" if ceiling.share else ""
            share = f"{ceiling.number:.0%}{of}" if ceiling.share else f"{limit:f}"
            return f"{section}.{key}: {value} is looser than is ever allowed: {side} {share}"
    for (section, key, column), limit in COLUMNS.items():
        for row in getattr(getattr(config, section), key):
            if row[column] > limit:
                said = f"{section}.{key}: {row[column]} is looser than is ever allowed"
                return f"{said}: at most {limit:f}"
    for section, key in SHARES:
        if getattr(getattr(config, section), key) >= 1:
            return f"{section}.{key}: expected a share below one"
    return ""


def unlisted(config: object) -> str:
    """What is chosen and is not on its allow-list; empty if all is."""
    lists = config.controls  # type: ignore[attr-defined]
    chosen = {
        "instrument.symbol": (config.instrument.symbol, "instruments"),  # type: ignore[attr-defined]
        "venue.kind": (config.venue.kind, "venues"),  # type: ignore[attr-defined]
    }
    for key, (value, name) in chosen.items():
        if value not in getattr(lists, name):
            return f"{key}: {value} is not in controls.{name}"
    return ""
