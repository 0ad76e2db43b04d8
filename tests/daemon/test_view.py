"""What a person and a script are told of the account, and what is not known yet."""

import io
from decimal import Decimal
from types import SimpleNamespace

import pytest
from rich.console import Console

from actors.recovery import Recovery
from actors.risk import Risk
from core.messages import StateChanged
from core.reasons import Reason
from core.terms import State
from daemon.report import Latency, Tally
from daemon.view import screen, status
from tests import build


def session(*heard):
    stages = {"risk": Risk(build.SETTINGS), "recovery": Recovery(build.SETTINGS)}
    for message in heard:
        stages["risk"].on(message)
    return SimpleNamespace(
        stages=stages, config=build.CONFIG, clock=lambda: build.AT, ready=False, price=None,
        inboxes={}, tally=Tally(Latency()), wal=SimpleNamespace(seq=1), recent=[], held=None,
    )  # fmt: skip


def test_until_the_venue_told_the_balance_no_money_is_reckoned_from_it():
    begun = build.run_started()
    told = status(session(begun))
    assert (told["equity"], told["budget_left"], told["limits"]) == (None, None, [])
    assert screen(session(begun))
    told = status(session(begun, build.account_snapshot()))
    assert float(told["equity"]) > 0 and {row["rule"] for row in told["limits"]} >= {"RISK_KILL"}


@pytest.mark.parametrize(("losses", "left"), [(2, 3), (4, 1), (5, 0), (6, 0)])
def test_losses_in_a_row_are_told_with_what_is_left_of_them(losses, left):
    lost = [build.trade_closed(net=Decimal("-0.01"))] * losses
    told = status(session(build.run_started(), *lost))
    row = {"rule": "RISK_LOSSES_IN_ROW", "used": losses, "limit": 5, "left": left}
    assert told["counts"] == [row], "and no entries of a day: no controls here"
    controlled = status(session(build.run_started(settings=build.CONTROLLED)))
    assert controlled["counts"][1] == {
        "rule": "RISK_MAX_TRADES", "used": 0, "limit": 100, "left": 100,
    }  # fmt: skip


def test_a_reason_in_brackets_is_shown_as_it_was_written():
    begun, why = session(build.run_started()), "see [/ticket] 12 [red]"
    changed = StateChanged(build.AT, State.PAUSED, State.ACTIVE, why, "ada", Reason.RISK_PAUSED)
    begun.recent = [("risk", changed)]
    drawn = io.StringIO()
    Console(file=drawn, width=200).print(screen(begun))
    assert why in drawn.getvalue()
