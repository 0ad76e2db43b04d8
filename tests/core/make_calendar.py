"""Writes core/calendar.py from pandas_market_calendars: `python -m tests.core.make_calendar`."""

from pathlib import Path
from textwrap import wrap
from zoneinfo import ZoneInfo

import pandas as pd
import pandas_market_calendars as mcal

FIRST, LAST, ZONE = "2012-01-01", "2035-12-31", "America/New_York"
NEW_YORK = ZoneInfo(ZONE)
TARGET = Path(__file__).parents[2] / "core" / "calendar.py"


def exceptions(name: str, normal: str) -> dict[str, list[str]]:
    """Closing time in New York -> the weekdays that close then; "closed": those without session."""
    schedule = mcal.get_calendar(name).schedule(FIRST, LAST)
    found = {"closed": list(pd.bdate_range(FIRST, LAST).difference(schedule.index))}
    for day, close in schedule.market_close.dt.tz_convert(ZONE).dt.strftime("%H:%M").items():
        if close != normal:
            found.setdefault(close, []).append(day)
    return {key: [f"{day:%Y%m%d}" for day in found[key]] for key in sorted(found)}


def table(title: str, rows: dict[str, list[str]]) -> str:
    lines = [f"{title} = {{"]
    for key, days in rows.items():
        lines += [f'    "{key}": """', *wrap(" ".join(days), 96), '""",']
    return "\n".join([*lines, "}  # fmt: skip"])


def text() -> str:
    head = f'''"""Weekdays without a full session, {FIRST} to {LAST}, by closing time. Generated.

Source: pandas_market_calendars {mcal.__version__}, "CME Globex Equity" and "NYSE", by
`python -m tests.core.make_calendar`. Known gaps: the library leaves out the halt of 16:15-16:30
that ended on 2021-06-28; 2025-01-09, which the exchange shortened, is full; days of mourning and
storms to come are not known; from two years ahead on, dates are the holiday rules projected.
"""

FIRST, LAST = "{FIRST}", "{LAST}"
'''
    globex, nyse = exceptions("CME Globex Equity", "17:00"), exceptions("NYSE", "16:00")
    return "\n".join([head, table("GLOBEX", globex), table("NYSE", nyse)]) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
