"""A contract is not opened after its roll, and nothing stays open through it."""

from decimal import Decimal

from core.clock import SECOND
from core.contracts import rolls_at
from core.reasons import Reason
from core.terms import Check

ZERO = Decimal(0)


def openable(contract: str, days: int, at: int) -> tuple[Check, ...]:
    """Seconds until the contract's roll; one without a known roll has none left."""
    if not days:
        return ()
    left = Decimal(rolls_at(contract, days) - at) / SECOND
    return (Check(Reason.DATA_CONTRACT_ROLL, left, ZERO, left > ZERO),)


def over(contract: str, days: int, at: int) -> bool:
    """Has a known roll come?"""
    return bool(days) and 0 < rolls_at(contract, days) <= at
