"""The backtest of a tape goes on to its end, whatever a limit ends before."""

from pathlib import Path

from core.config import load
from core.messages import Flat, StateChanged, TradeClosed
from core.reasons import Reason
from core.terms import State
from daemon import wiring
from research.backtest import backtest
from tests.oracle.test_backtest import LOSING, walked

CONFIG = Path(__file__).parents[2] / "config.toml"


def test_a_day_that_a_loss_ends_is_followed_by_the_next_one():
    """Two days of ten minutes: a gap of thirty ticks ends the first, the second trades."""
    config = load(CONFIG, LOSING | {"TRADEBOT_RISK_DAY_LOSS_MAX": "20"})
    heard = []
    end = backtest(
        config, walked(1), lambda s: wiring.thinking(s, None), lambda _, m: heard.append(m)
    )
    flats = [number for number, m in enumerate(heard) if isinstance(m, Flat)]
    states = [m for m in heard if isinstance(m, StateChanged)]
    lost = next(m for m in states if m.reason is Reason.RISK_DAILY_LOSS)
    assert lost.state is State.FLATTEN_ONLY and len(flats) >= 2 and end.flat
    again = next(m for m in states if m.at > lost.at and m.state is State.ACTIVE)
    assert any(m.at > again.at for m in heard if isinstance(m, TradeClosed))
