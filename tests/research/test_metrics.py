"""Metrics: equal to quantstats on random series, and sensible where there is nothing to say."""

import math
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SECOND
from core.sessions import days
from research import metrics
from research.runs import RISK, TRADES, Run, empty
from tests.research import random_runs

with warnings.catch_warnings():  # at import it warns of matplotlib
    warnings.simplefilter("ignore")
    from quantstats import stats

TEN_DAYS = np.array([0.01, -0.005, 0.002, -0.02, 0.015, 0, 0.007, -0.003, 0.004, 0.001])
returns = st.lists(st.integers(-300, 300), min_size=3, max_size=300).map(
    lambda steps: np.array(steps) / 10_000
)
results = st.lists(st.integers(-40, 60), min_size=1, max_size=200).map(
    lambda ticks: np.array(ticks) * 1.25
)


def series(values):
    return pd.Series(values, pd.date_range("2024-01-01", periods=len(values)))


def same(ours, theirs):
    """To 1e-9, relative; what one calls undefined the other must not give a number."""
    if math.isnan(ours):
        return theirs is None or not math.isfinite(theirs) or abs(theirs) > 1e12
    return ours == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def curve(values):
    """Equity that makes these returns, one row a second, the start value first."""
    equity = 1000 * np.concatenate([[1.0], np.cumprod(1 + values)])
    return np.arange(len(equity)) * SECOND, equity


def test_the_ten_day_example_gives_the_published_numbers():
    """Those of empyrical-reloaded 0.7.1, which quant.md section 8 quotes."""
    found = metrics.ratios(TEN_DAYS)
    assert found["sharpe"] == pytest.approx(1.8328619788, abs=1e-9)
    assert found["sortino"] == pytest.approx(2.6506237854, abs=1e-9)
    assert found["cagr"] == pytest.approx(0.3056812619, abs=1e-9)
    worst = metrics.drawdowns(*curve(TEN_DAYS))[0]
    assert worst.depth == pytest.approx(-0.0229498, abs=1e-9)
    assert metrics.calmar(TEN_DAYS, worst.depth) == pytest.approx(13.3195610, abs=1e-7)
    trades = metrics.of_trades(TEN_DAYS)
    assert trades["profit_factor"] == pytest.approx(1.3928571, abs=1e-7)
    assert trades["win_rate"] == pytest.approx(0.6666667, abs=1e-7)
    assert trades["payoff"] == pytest.approx(0.6964286, abs=1e-7)
    assert (trades["wins_in_row"], trades["losses_in_row"]) == (2, 1)


@given(returns)
def test_ratios_of_returns_are_those_of_quantstats(values):
    found = metrics.ratios(values)
    depth = min((d.depth for d in metrics.drawdowns(*curve(values))), default=0.0)
    theirs = series(values)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        assert same(found["sharpe"], stats.sharpe(theirs))
        assert same(found["sortino"], stats.sortino(theirs))
        assert same(found["cagr"], stats.cagr(theirs))
        assert same(depth, stats.max_drawdown(theirs))
        assert same(metrics.calmar(values, depth), stats.calmar(theirs))
        moves = bool(np.ptp(values))  # the spread of equal numbers is not always exactly 0
        assert math.isnan(found["skew"]) == (not moves)
        if moves:
            assert same(found["skew"], scipy.stats.skew(values))
            assert same(found["kurtosis"], scipy.stats.kurtosis(values, fisher=False))


@given(results)
def test_what_trades_came_to_is_as_quantstats_has_it(net):
    found, theirs = metrics.of_trades(net), series(net / 1e6)  # it takes large numbers for prices
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        factor = stats.profit_factor(theirs, prepare_returns=False)
        assert same(found["profit_factor"], factor) or not (net != 0).any()
        assert (
            same(found["win_rate"], stats.win_rate(theirs, prepare_returns=False)) or not net.any()
        )
        if (net < 0).any() and (net > 0).any():
            assert same(found["payoff"], stats.payoff_ratio(theirs, prepare_returns=False))
        if (net != 0).all():
            assert found["wins_in_row"] == stats.consecutive_wins(theirs, prepare_returns=False)
            assert found["losses_in_row"] == stats.consecutive_losses(theirs, prepare_returns=False)
            assert same(found["expectancy"], float(net.mean()))


@given(returns)
def test_drawdowns_cover_every_row_under_water_and_nothing_else(values):
    at, equity = curve(values)
    under = equity < np.maximum.accumulate(equity)
    told = np.zeros(len(at), bool)
    for fall in metrics.drawdowns(at, equity):
        first, last = fall.peak // SECOND, fall.end // SECOND
        told[first + 1 : last + (fall.recovered is None)] = True
        assert equity[fall.trough // SECOND] == equity[first : last + 1].min()
        assert fall.bars == last - first
        assert (fall.recovered is None) or equity[last] >= equity[first]
    assert (told == under).all()


NOTHING = Run(1000.0, empty(TRADES), pl.DataFrame(schema={"at": pl.Int64, "equity": pl.Float64}))


def test_a_run_without_trades_has_no_ratios_and_no_error():
    found = metrics.measure(NOTHING)
    assert found["trades"] == 0 and found["net_pnl"] == 0 and found["balance_end"] == 1000
    assert all(math.isnan(found[name]) for name in ("sharpe", "sortino", "calmar", "win_rate"))
    assert all(math.isnan(found[name]) for name in ("expectancy", "profit_factor", "payoff"))


def test_one_trade_is_measured():
    found = metrics.measure(random_runs.run(3, 1))
    assert found["trades"] == 1 and math.isnan(found["sharpe"])
    assert found["net_pnl"] == pytest.approx(found["balance_end"] - found["balance_start"])


@pytest.mark.parametrize(
    ("net", "factor", "rate"),
    [([5.0, 2.5], math.inf, 1.0), ([-5.0], 0.0, 0.0), ([0.0], math.nan, math.nan)],
    ids=["all win", "all lose", "a scratch"],
)
def test_one_sided_results_have_the_factor_of_the_reference(net, factor, rate):
    found = metrics.of_trades(np.array(net))
    assert found["profit_factor"] == pytest.approx(factor, nan_ok=True)
    assert found["win_rate"] == pytest.approx(rate, nan_ok=True)


@pytest.mark.parametrize("value", [0.0, 0.001, -0.001])
def test_returns_that_never_change_have_no_sharpe(value):
    assert math.isnan(metrics.ratios(np.full(20, value))["sharpe"])


def test_equity_that_is_gone_has_lost_everything():
    assert metrics.growth(np.array([0.1, -3.0, -3.0, 0.5])) == -1.0


def test_days_without_a_trade_count_as_observations():
    """A month on which only the first day traded: the others returned nothing."""
    opened = [day for day in days() if "2024-02-01" <= day.date < "2024-03-01"]
    at = np.array([day.close for day in opened])
    equity = np.full(len(at), 1010.0)
    dates, values = metrics.daily(at, equity, 1000.0)
    assert [days()[d].date for d in dates] == [day.date for day in opened]
    assert values[0] == pytest.approx(0.01) and not values[1:].any()


def test_a_run_around_the_clock_has_days_of_utc_and_365_of_them_a_year():
    """Ten days over two weekends; each ends a nanosecond before or at midnight."""
    opened = [day for day in days("all") if "2024-02-01" <= day.date < "2024-02-11"]
    at = [day.close - n % 2 for n, day in enumerate(opened)]
    worth = 1000.0 * np.cumprod(1 + TEN_DAYS)
    about = {"session": "all", "halts": []}
    equity = pl.DataFrame({"at": at, "equity": worth})
    found = metrics.measure(Run(1000.0, empty(TRADES), equity, about=about))
    assert (found["first_day"], found["last_day"]) == ("2024-02-01", "2024-02-10")
    assert found["observations"] == 10
    for name, factor in (("sharpe", 365 / 252), ("sortino", 365 / 252)):
        assert found[name] == pytest.approx(metrics.ratios(TEN_DAYS)[name] * math.sqrt(factor))
    assert found["cagr"] == pytest.approx(float(np.prod(1 + TEN_DAYS)) ** 36.5 - 1)
    assert found["calmar"] == pytest.approx(found["cagr"] / -found["max_drawdown"])


def test_costs_and_identity_of_a_random_run():
    run = random_runs.run(5, 400)
    found = metrics.measure(run)
    spent = found["commission"] + found["slippage"]
    assert found["net_pnl"] == pytest.approx(found["gross_pnl"] - spent)
    assert found["cost_per_trade"] == pytest.approx(2.09)
    assert found["return_per_risk"] == pytest.approx(found["net_pnl"] / (400 * 13.34))
    assert found["balance_end"] == pytest.approx(found["balance_start"] + found["net_pnl"])


def test_trades_without_a_known_risk_are_left_out_of_the_return_on_it():
    table = random_runs.trades(1, 3).with_columns(pl.Series(RISK, [None, 10.0, 10.0]))
    expected = table["net_pnl"][1:].sum() / 20
    assert metrics.per_risk(table) == pytest.approx(expected)


def test_hours_are_of_new_york_by_the_entry_and_add_up():
    table = random_runs.trades(2, 300)
    by_hour = metrics.hourly(table)
    assert by_hour["net_pnl"].sum() == pytest.approx(table["net_pnl"].sum())
    assert by_hour["hour"].min() >= 9 and by_hour["hour"].max() <= 15
    assert by_hour["trades"].sum() == 300


def test_consistency_says_how_much_hangs_on_the_best_day():
    table = random_runs.trades(7, 500, edge=4.0)
    found = metrics.consistency(table)
    by_day = table.group_by(pl.col("exit_time").dt.date()).agg(pl.col("net_pnl").sum())["net_pnl"]
    assert found["best_day_share"] == pytest.approx(by_day.max() / by_day.sum())
    assert found["winning_days_share"] == pytest.approx((by_day > 0).mean())
