"""The numbers of a crypto account: those of the plan, and none that makes no sense is a start."""

from decimal import Decimal

import pytest

from core.config import load
from core.errors import ConfigError
from core.portfolio import SECTORS, PortfolioSettings
from core.settings import Settings
from tests.build import CONFIG
from tests.core.test_ceilings import REAL

D = Decimal


def given(**keys):
    return load(REAL, {f"TRADEBOT_PORTFOLIO_{key}".upper(): text for key, text in keys.items()})


def test_the_shipped_numbers_are_the_plans_and_are_off():
    """A log that lacks them is decided by the same."""
    rules = CONFIG.portfolio
    assert rules == PortfolioSettings() == Settings.__struct_defaults__[-1] and rules.rules == ""
    assert (rules.stake_share, rules.stake_part, rules.order_min) == (D("0.02"), D("0.25"), 10)
    assert (rules.stop_share, rules.target_share) == (D("0.05"), D("0.10"))
    assert (rules.position_share, rules.drawdown_share) == (D("0.25"), D("0.25"))
    assert (rules.correlation_cut, rules.correlation_unknown, rules.hours_min) == (
        D("0.5"), D("0.5"), 48,
    )  # fmt: skip
    assert rules.regimes == ((D("0.5"), 1), (D("1.5"), 1), (3, D("0.5")))
    assert (rules.sector_share, rules.majors_share, rules.concentration) == (
        D("0.40"), D("0.60"), D("0.5"),
    )  # fmt: skip
    assert (CONFIG.sizing.kelly_share, CONFIG.sizing.kelly_trades_min) == (D("0.25"), 50)


@pytest.mark.parametrize(("key", "text", "says"), [
    ("rules", "equities", "expected one of , crypto"), ("sizing", "full", "expected one of"),
    ("regimes", "[[1.5, 1.0], [0.5, 1.0]]", "expected rows from the lowest"),
    ("regimes", "[[0.5, 1.0], [0.5, 0.5]]", "expected rows from the lowest"),
    ("regimes", "[]", "expected rows"), ("regimes", "[[10.1, 1.0]]", "up to 10"),
    ("regimes", "[[3.0, 1.1]]", "looser than is ever allowed"),
    ("hours_min", "720", "portfolio.hours: expected above"),
    ("hours", "2161", "expected 48 to 2160"), ("order_min", "0.0", "above zero"),
])  # fmt: skip
def test_what_makes_no_sense_stops_the_start(key, text, says):
    with pytest.raises(ConfigError, match=says):
        given(**{key: text})


@pytest.mark.parametrize("text", ["[[10.0, 1.0]]", "[[0.5, 0.0], [1.0, 1.0]]"])
def test_regimes_may_be_others(text):
    assert given(regimes=text).portfolio.regimes[-1][1] == 1


def test_the_majors_are_two_and_a_stablecoin_is_one():
    assert [coin for coin, kind in SECTORS.items() if kind == "major"] == ["BTC", "ETH"]
    assert SECTORS["USDT"] == SECTORS["USDC"] == "stable"
