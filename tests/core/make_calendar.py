"""Writes core/calendar.py from pandas_market_calendars: `python -m tests.core.make_calendar`.

Where the exchange's own notices differ from the library, CORRECTIONS and `good_fridays` say so, and
nothing else does; docs/calendar.md gives the source of each.
"""

from datetime import date, timedelta
from pathlib import Path
from textwrap import wrap
from zoneinfo import ZoneInfo

import pandas as pd
import pandas_market_calendars as mcal

FIRST, LAST, ZONE = "2012-01-01", "2035-12-31", "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
TARGET = Path(__file__).parents[2] / "core" / "calendar.py"
USUAL = "17:00"  # of Globex

# Trade date -> the close of equity index futures, New York, by the exchange's own notice.
CORRECTIONS = {
    "20121029": "09:15",  # hurricane Sandy: 08:15 Chicago
    "20121030": "09:15",
    "20181205": "09:30",  # national day of mourning (G. H. W. Bush): 08:30 Chicago
    "20250109": "09:30",  # national day of mourning (Carter): 08:30 Chicago
}


def jobs_report(year: int) -> date:
    """The report on March's jobs: the third Friday after the week (to Saturday) of the 12th."""
    twelfth = date(year, 3, 12)
    saturday = twelfth + timedelta((5 - twelfth.weekday()) % 7)
    return saturday + timedelta(20)


def good_fridays() -> dict[str, str]:
    """Equity index futures trade on Good Friday, until 08:15 Chicago, only if the jobs report comes
    out that day: so it was from 2012 on. The library has them trade on each one since 2023."""
    easters = pd.date_range(FIRST, LAST, freq=pd.tseries.offsets.Easter())
    days = [easter.date() - timedelta(2) for easter in easters]
    return {f"{d:%Y%m%d}": "09:15" if d == jobs_report(d.year) else "closed" for d in days}


def exceptions(name: str, normal: str) -> dict[str, str]:
    """Weekday -> its closing time in New York, or "closed", where that is not the normal one."""
    schedule = mcal.get_calendar(name).schedule(FIRST, LAST)
    found = {f"{day:%Y%m%d}": "closed" for day in pd.bdate_range(FIRST, LAST)}
    closes = schedule.market_close.dt.tz_convert(ZONE).dt.strftime("%H:%M")
    found |= {f"{day:%Y%m%d}": close for day, close in closes.items()}
    return {day: close for day, close in found.items() if close != normal}


def globex() -> dict[str, str]:
    return exceptions("CME Globex Equity", USUAL) | good_fridays() | CORRECTIONS


def differences() -> dict[str, tuple[str, str]]:
    """Day -> its close in the library and in our table, where they are not the same."""
    theirs, ours = exceptions("CME Globex Equity", USUAL), globex()
    days = sorted(theirs.keys() | ours.keys())
    told = {day: (theirs.get(day, USUAL), ours.get(day, USUAL)) for day in days}
    return {day: pair for day, pair in told.items() if pair[0] != pair[1]}


def table(title: str, closes: dict[str, str]) -> str:
    lines = [f"{title} = {{"]
    for key in sorted(set(closes.values())):
        days = sorted(day for day, close in closes.items() if close == key)
        lines += [f'    "{key}": """', *wrap(" ".join(days), 96), '""",']
    return "\n".join([*lines, "}  # fmt: skip"])


def text() -> str:
    head = f'''"""Weekdays without a full session, {FIRST} to {LAST}, by closing time. Generated.

Source: pandas_market_calendars {mcal.__version__}, "CME Globex Equity" and "NYSE", by
`python -m tests.core.make_calendar`, which also corrects it: docs/calendar.md. Known gaps: the halt
of 16:15-16:30 that ended on 2021-06-28; days of mourning and storms to come; from two years ahead
on, dates are the holiday rules projected.
"""

FIRST, LAST = "{FIRST}", "{LAST}"
'''
    nyse = exceptions("NYSE", "16:00")
    return "\n".join([head, table("GLOBEX", globex()), table("NYSE", nyse)]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    for day, (library, ours) in differences().items():
        print(f"{day[:4]}-{day[4:6]}-{day[6:]}: library {library}, here {ours}")
