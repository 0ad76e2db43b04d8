"""No config can say a limit looser than its ceiling, a retired key, or what is not listed."""

from decimal import Decimal
from pathlib import Path
from typing import get_type_hints

import pytest

from core.ceilings import CEILINGS, COIN_CEILINGS, COLUMNS, RETIRED, Most
from core.config import Config, load
from core.errors import ConfigError
from tests.build import CONFIG

REAL = Path(__file__).parents[2] / "config.toml"
CAPITAL = CONFIG.account.balance_start
FLOAT, DECIMAL = Decimal("0.001"), Decimal("0.01")


def edge(row):
    """The ceiling of a key and the smallest step beyond it, as the config would write both."""
    (section, key), ceiling = row
    limit = ceiling.number * (CAPITAL if ceiling.share else 1)
    kind = type(getattr(getattr(CONFIG, section), key))
    step = {int: Decimal(1), float: FLOAT, Decimal: DECIMAL}[kind]
    past = limit + step if isinstance(ceiling, Most) else limit - step
    shown = [f"{int(n)}" if kind is int else f"{n:f}" for n in (limit, past)]
    return [text if kind is int or "." in text else f"{text}.0" for text in shown]


COINS = REAL.parent / "examples/crypto.toml"  # an account of 10,000 dollars


@pytest.mark.parametrize("row", COIN_CEILINGS.items(), ids=lambda row: ".".join(row[0]))
def test_a_coins_limits_have_ceilings_of_their_own(row):
    """Of dollars never more than the account holds; those of futures stay what they are."""
    (section, key), ceiling = row
    limit = ceiling.number * (10_000 if ceiling.share else 1)
    config = load(COINS, {})
    kind = type(getattr(getattr(config, section), key))
    step = 1 if kind is int else DECIMAL / 10
    past = limit + step if isinstance(ceiling, Most) else limit - step
    texts = [f"{int(n)}" if kind is int else f"{n:f}" for n in (limit, past)]
    at, over = (text if kind is int or "." in text else f"{text}.0" for text in texts)
    name = f"TRADEBOT_{section}_{key}".upper()
    load(COINS, {name: at, "TRADEBOT_BREAKERS_SPREAD_RESUME_TICKS": "1"})
    with pytest.raises(ConfigError, match=f"{section}.{key}: .* looser than is ever allowed"):
        load(COINS, {name: over})
    assert (section, key) in CEILINGS


def given(section, key, text):
    return load(REAL, {f"TRADEBOT_{section}_{key}".upper(): text})


@pytest.mark.parametrize("row", CEILINGS.items(), ids=lambda row: ".".join(row[0]))
def test_a_limit_may_be_as_loose_as_its_ceiling_and_no_looser(row):
    (section, key), _ = row
    at, past = edge(row)
    given(section, key, at)
    with pytest.raises(ConfigError, match=f"{section}.{key}: .* looser than is ever allowed"):
        given(section, key, past)


def table(section, key, column, number):
    """The config's own table with one number in its middle row exchanged."""
    rows = [list(map(str, row)) for row in getattr(getattr(CONFIG, section), key)]
    rows[1][column] = number
    return "[" + ", ".join(f"[{', '.join(row)}]" for row in rows) + "]"


@pytest.mark.parametrize(("where", "most"), COLUMNS.items(), ids=str)
def test_no_row_of_a_table_may_be_looser_than_its_ceiling(where, most):
    section, key, column = where
    whole = type(getattr(getattr(CONFIG, section), key)[0][column]) is int
    at, past = (str(most), str(most + 1)) if whole else (f"{most}.0", f"{most + DECIMAL}")
    given(section, key, table(*where, at))
    with pytest.raises(ConfigError, match=f"{section}.{key}: .* looser than is ever allowed"):
        given(section, key, table(*where, past))


@pytest.mark.parametrize(("key", "text"), [
    ("spread_resume_ticks", "3"), ("atr_calm", "3.01"),
])  # fmt: skip
def test_a_breaker_that_ends_before_it_begins_stops_the_start(key, text):
    with pytest.raises(ConfigError, match=f"breakers.{key}: expected at most"):
        given("breakers", key, text)


@pytest.mark.parametrize("section", ["breakers", "sizing", "controls"])
def test_each_number_that_can_loosen_a_breaker_a_size_or_a_control_has_a_ceiling(section):
    # Choices, of which pausing is the stricter; what must lie under a key that has one; lists.
    free = {"mode", "pause", "spread_resume_ticks", "atr_calm", "instruments", "venues", "accounts"}
    numbers = {key for part, key, *_ in [*CEILINGS, *COLUMNS] if part == section}
    assert set(getattr(CONFIG, section).__struct_fields__) - free == numbers


@pytest.mark.parametrize("row", CEILINGS, ids=".".join)
@pytest.mark.parametrize("text", ["0", "0.0", "-1", "-0.5", "nan", "inf", "true", "''"])
def test_a_limit_that_is_none_stops_the_start(row, text):
    with pytest.raises(ConfigError, match=r"\.".join(row)):
        given(*row, text)


@pytest.mark.parametrize("row", CEILINGS, ids=".".join)
def test_a_limit_that_is_missing_stops_the_start(tmp_path, row):
    section, key = row
    lines, inside, kept = REAL.read_text().splitlines(), False, []
    for line in lines:
        inside = line.startswith(f"[{section}]") if line.startswith("[") else inside
        kept += [] if inside and line.startswith(f"{key} ") else [line]
    assert len(kept) == len(lines) - 1
    path = tmp_path / "config.toml"
    path.write_text("\n".join(kept))
    with pytest.raises(ConfigError, match=f"{section}.{key}: missing"):
        load(path, {})


@pytest.mark.parametrize("share", ["1.0", "1.5"])
@pytest.mark.parametrize("row", [("venue", "reserve"), ("controls", "messages_reserve")])
def test_a_reserve_of_all_calls_is_none(row, share):
    with pytest.raises(ConfigError, match="below one"):
        given(*row, share)


def test_each_control_has_a_ceiling_or_is_a_list_or_a_duration_that_only_delays():
    free = {"instruments", "venues", "accounts", "drift_s"}
    numbers = {key for section, key in CEILINGS if section == "controls"}
    assert set(get_type_hints(type(CONFIG.controls))) == numbers | free


@pytest.mark.parametrize("row", RETIRED, ids=".".join)
def test_a_retired_key_stops_the_start_and_is_never_used_again(tmp_path, row):
    section, key = row
    assert key not in get_type_hints(get_type_hints(Config)[section])
    path = tmp_path / "config.toml"
    path.write_text(REAL.read_text().replace(f"[{section}]\n", f"[{section}]\n{key} = 1\n"))
    with pytest.raises(ConfigError, match=f"{section}.{key}: retired"):
        load(path, {})


@pytest.mark.parametrize("name", ["TRADEBOT_RISK_DAYLOSS_MAX", "TRADEBOT_", "TRADEBOT_RISK"])
def test_an_override_that_names_no_key_stops_the_start(name):
    with pytest.raises(ConfigError, match=f"{name}: no such key"):
        load(REAL, {name: "1"})


@pytest.mark.parametrize(("key", "chosen"), [
    ("INSTRUMENTS", "instrument.symbol: MES"), ("VENUES", "venue.kind: topstepx"),
])  # fmt: skip
@pytest.mark.parametrize("listed", ["[]", '["MGC"]'])
def test_what_is_not_on_its_list_stops_the_start(key, chosen, listed):
    with pytest.raises(ConfigError, match=f"{chosen} is not in controls.{key.lower()}"):
        load(REAL, {f"TRADEBOT_CONTROLS_{key}": listed})
