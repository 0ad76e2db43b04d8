"""A crypto account of 10,000 dollars that trades lots of 0.00001 BTC at 60,000: 0.60 each."""

from decimal import Decimal

from msgspec.structs import replace

from actors.portfolio import Holding, Known, size
from actors.sizing import Results
from core.instruments import INSTRUMENTS
from core.portfolio import PortfolioSettings
from core.reasons import Reason
from core.settings import BreakerSettings
from tests import build
from tests.core.test_all_hours import RULES as ALL_HOURS

D = Decimal
BTC = INSTRUMENTS["BTC"]
RULES = PortfolioSettings("crypto")
SETTINGS = replace(
    build.SETTINGS, instrument=BTC, portfolio=RULES,
    risk=replace(build.SETTINGS.risk, contracts=10**9),
)  # fmt: skip
PRICE = D(60_000)  # a lot is 0.60
ONE_WAY = {n: 0.01 * (-1) ** n * (1 + n % 3) for n in range(60)}
AGAINST = {n: -r for n, r in ONE_WAY.items()}


MANY = 10**6  # lots that an entry may have, and so what an approved one counts as
LOOSE = {
    "contracts": MANY, "position_max": 10**9, "trade_risk_max": D(10**6), "day_loss_max": D(10**6),
    "day_drawdown_max": D(10**6), "account_drawdown_max": D(10**6), "kill_loss_max": D(10**6),
    "balance_min": D(1), "losses_in_row_max": MANY, "drb_reduce": False, "daily_reset": "roll",
}  # fmt: skip


def around_the_clock(sizing="documented", **risk):
    """Settings of a stage that no other rule keeps from trading a coin, at any hour."""
    return replace(
        build.SETTINGS, instrument=replace(BTC, fee=D(0)), session=ALL_HOURS, edition=3,
        risk=replace(build.SETTINGS.risk, **LOOSE | risk), breakers=BreakerSettings(),
        portfolio=replace(RULES, sizing=sizing),
    )  # fmt: skip


def coin(symbol, **rules):
    """Settings that trade another coin in the same lots; or by other numbers."""
    instrument = replace(BTC, symbol=symbol)
    return replace(SETTINGS, instrument=instrument, portfolio=replace(RULES, **rules))


def fit(confidence=1.0, settings=SETTINGS, side=1, value="10000", held=(), returns=None,
        volatility="1", factor="1", results=None):  # fmt: skip
    wish = build.intent(confidence=confidence, side=side, price=PRICE)
    rows = tuple(Holding(symbol, D(dollars)) for symbol, dollars in held)
    seen = None if volatility is None else D(volatility)
    known = Known(D(value), rows, returns or {}, seen, D(factor), results or Results())
    return size(wish, settings, known)


def left(found, rule):
    (check,) = (check for check in found.checks if check.rule is rule)
    return check.value


def why(found):
    return next((check.rule for check in found.checks if not check.passed), Reason.RISK_PASS)


ALIKE = {"BTC": ONE_WAY, "ETH": ONE_WAY, "SOL": AGAINST}
