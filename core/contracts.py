"""Contract months by rule: what a contract's name says, when it expires, when it is left.

Index futures expire at 09:30 New York on the third Friday of March, June, September and December,
or on the NYSE day before; metals are left before the month of their delivery begins. A contract is
opened no more from its roll on: 18:00 New York, so many days before the third Friday.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import cache

from core import calendar
from core.clock import SECOND
from core.sessions import NEW_YORK, ROLL

CODES = "FGHJKMNQUVXZ"  # January to December
QUARTERS, EVEN = (3, 6, 9, 12), (2, 4, 6, 8, 10, 12)
# Symbol of the gateway -> the months it is traded in. What is not here has no known roll.
INDICES = {"F.US.MES", "F.US.MNQ", "F.US.M2K", "F.US.MYM", "F.US.EP", "F.US.ENQ"}
MONTHS = {**dict.fromkeys(INDICES, QUARTERS), "F.US.MGC": EVEN}
NAME = re.compile(rf"CON\.(F\.US\.\w+)\.([{CODES}])(\d\d)")
FRIDAY = 4
DELIVERY_DAYS = 3  # metals: so many days before the first of their month


def month_of(contract_id: str) -> tuple[str, int, int] | None:
    """Symbol, year and month; None if the name is not one."""
    found = NAME.fullmatch(contract_id)
    if not found:
        return None
    return found[1], 2000 + int(found[3]), CODES.index(found[2]) + 1


def third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((FRIDAY - first.weekday()) % 7 + 14)


@cache
def holidays() -> frozenset[str]:
    return frozenset(calendar.NYSE["closed"].split())


def expiry(year: int, month: int) -> date:
    """Of an index future: its last day."""
    day = third_friday(year, month)
    while f"{day:%Y%m%d}" in holidays() or day.weekday() > FRIDAY:
        day -= timedelta(1)
    return day


@cache
def rolls_at(contract_id: str, days: int) -> int:
    """UTC ns from which no position is opened in it; 0 if its name or its symbol is not known.

    days: before the third Friday; 4 is the customary Monday."""
    named = month_of(contract_id)
    if named is None or named[2] not in MONTHS.get(named[0], ()):
        return 0
    symbol, year, month = named
    if MONTHS[symbol] is EVEN:
        day = date(year, month, 1) - timedelta(DELIVERY_DAYS)
    else:
        day = third_friday(year, month) - timedelta(days)
    return int(datetime.combine(day, time(ROLL.hour), NEW_YORK).timestamp()) * SECOND
