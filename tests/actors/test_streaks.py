"""Losses in a row: which pause they bring, and which of two pauses counts."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from actors.account import Account
from actors.streaks import lose
from core.clock import SECOND
from tests import build

D = Decimal
AT = build.AT


def after(*nets, apart_s=60, settings=build.SETTINGS):
    """An account after these trades; the time of the last."""
    account, at = Account(settings=settings), AT
    for number, net in enumerate(nets):
        at = AT + number * apart_s * SECOND
        lose(account, at, D(net))
    return account, at


@pytest.mark.parametrize(("losses", "minutes"), [
    (1, 0), (2, 0), (3, 15), (4, 14), (5, 30), (6, 30), (9, 30),
])  # fmt: skip
def test_three_losses_pause_a_quarter_and_five_half_an_hour(losses, minutes):
    """The fourth, a minute later, brings no pause of its own."""
    account, at = after(*["-0.01"] * losses)
    assert max(0, account.pause_until - at) == minutes * 60 * SECOND


def test_a_win_starts_anew_and_nothing_changes_nothing():
    assert after("-1", "-1", "0.01", "-1")[0].losses == 1
    assert after("-1", "-1", "0", "-1")[0].losses == 3


def test_the_later_end_of_two_pauses_counts():
    short = replace(build.SETTINGS.risk, losses_pause_s=60.0)
    account, _ = after(*["-1"] * 5, apart_s=1, settings=replace(build.SETTINGS, risk=short))
    assert account.pause_until == AT + 2 * SECOND + 900 * SECOND


def test_results_are_counted_for_kelly():
    account, _ = after("10", "-4", "0", "6", "-1")
    assert (account.results.won, account.results.lost) == (2, 2)
    assert (account.results.gains, account.results.losses) == (16, 5)
