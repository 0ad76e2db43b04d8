"""The conditions over columns are those that the stage tells, to the last bit."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from actors.conditions import MarketConditions
from core.config import load
from core.messages import Conditions
from core.settings import ConditionSettings
from indicators import minutes
from indicators.columns import days_of
from research.seconds import bar_of
from tests.indicators.bars import columns

SETTINGS = load(Path(__file__).parents[2] / "config.toml", {}).settings()
TICK = float(SETTINGS.instrument.tick)


def told(bars, settings):
    """(m, 7) as the stage says it."""
    stage, rows = MarketConditions(settings), []
    for i, row in enumerate(bars.tolist()):
        for said in stage.on(bar_of([*row, 0.0, 0.0])):
            assert isinstance(said, Conditions)
            rows.append(
                (i, said.atr, said.atr_normal, said.volume, said.volume_normal, said.swing_low,
                 said.swing_high)
            )  # fmt: skip
    return np.array(rows, np.float64).reshape(-1, 7)


def swept(bars, settings, cuts):
    memory, found = minutes.fresh(settings.conditions), []
    for a, b in zip([0, *cuts], [*cuts, len(bars)], strict=True):
        dates, which = days_of(bars[a:b])
        opens = np.array([day.open // 10**9 for day in dates], np.int64)[which]
        part = minutes.conditions(bars[a:b], opens, TICK, memory)
        part[:, minutes.ROW] += a
        found.append(part)
    return np.vstack(found)


def market(seed):
    """Pieces of days, some of which break off within a minute, some of which stand still."""
    random = np.random.default_rng(seed)
    parts = []
    for i in range(9):
        day = f"2024-01-{(3, 4, 5, 8, 9, 10, 11, 12, 16)[i]:02}"
        part = columns(f"{day}T10:00:{i:02}", int(random.integers(100, 3000)), seed + i, i)
        if i == 4:
            part[:, 2:6] = 5000.0
        parts.append(part)
    return np.vstack(parts)


@pytest.mark.parametrize(
    "rules", [ConditionSettings(50, 10, 3), ConditionSettings(30, 1, 20), SETTINGS.conditions]
)
def test_each_minute_is_told_as_the_stage_tells_it(rules):
    bars, settings = market(1), replace(SETTINGS, conditions=rules)
    ours, theirs = swept(bars, settings, [7, 59, 60, 61, 5000]), told(bars, settings)
    assert len(theirs) > 100 and theirs[:, minutes.ATR_NORMAL].any()
    assert theirs[:, minutes.SWING_LOW].any() and theirs[:, minutes.SWING_HIGH].any()
    np.testing.assert_array_equal(ours, theirs)
