"""How a rule is told, and the words for those of a crypto account: see daemon/margins.py."""

from decimal import Decimal
from typing import NamedTuple

from core.reasons import Reason

MOST, BELOW, LEAST, ABOVE, SAME = "<=", "<", ">=", ">", "=="
CENT, MILLI, MICRO, ONE = Decimal("0.01"), Decimal("0.001"), Decimal("0.000001"), Decimal(1)


class Rule(NamedTuple):
    """What a rule counts. `passes` and `fails`: the change toward either verdict."""

    must: str  # value MUST limit
    unit: Decimal  # the smallest change that is told
    passes: str
    fails: str = ""


def _dollars(of: str) -> Rule:
    return Rule(ABOVE, CENT, f"{{}} dollars more of {of}", f"{{}} dollars less of {of}")


PORTFOLIO = {
    Reason.RISK_FOLIO_VALUE: _dollars("equity"),
    Reason.RISK_FOLIO_STAKE: _dollars("stake"),
    Reason.RISK_FOLIO_CORRELATION: _dollars("stake beside what is held"),
    Reason.RISK_FOLIO_REGIME: _dollars("stake in this market"),
    Reason.RISK_FOLIO_POSITION: _dollars("room for this coin"),
    Reason.RISK_FOLIO_SECTOR: _dollars("room for its sector"),
    Reason.RISK_FOLIO_MIN: Rule(LEAST, CENT, "{} dollars more in it", "{} dollars less in it"),
    Reason.RISK_FOLIO_LOTS: Rule(LEAST, ONE, "{} lot(s) more", "{} lot(s) fewer"),
    Reason.RISK_FOLIO_CROWDED: Rule(MOST, MICRO, ""),  # it warns and forbids nothing
}
WARNING = (Reason.RISK_FOLIO_CROWDED,)
