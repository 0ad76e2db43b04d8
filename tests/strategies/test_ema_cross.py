"""Two averages that cross open a position; stop and target alone end it."""

import pytest
from msgspec.structs import replace

from core.reasons import Reason
from core.terms import Action
from indicators.crosses import CROSSED
from strategies import ema_cross
from strategies.base import View
from tests import build

SETTINGS = replace(build.SETTINGS.signals, ema_fast=2, ema_slow=4)


def asked(closes, position=0, **last):
    own = []
    for number, close in enumerate(closes, 1):
        more = last if number == len(closes) else {}
        bar = build.bar(at=build.AT + number * build.SECOND, close=close, **more)
        ema_cross.see(own, bar, SETTINGS)
    return own, ema_cross.decide(View(bar, position, 0, SETTINGS, own))


FLAT = [10.0, 10.0, 10.0, 10.0]


@pytest.mark.parametrize(("closes", "position", "action", "reason"), [
    ([*FLAT, 11.0], 0, Action.LONG_ENTRY, Reason.SIG_NEW),
    ([*FLAT, 9.0], 0, Action.SHORT_ENTRY, Reason.SIG_NEW),
    ([*FLAT, 11.0], 1, None, Reason.SIG_IN_POSITION),
    ([*FLAT, 11.0], -1, None, Reason.SIG_IN_POSITION),
    ([*FLAT, 11.0, 12.0], 0, None, Reason.SIG_NO_CROSS),
    ([*FLAT, 10.0], 0, None, Reason.SIG_NO_CROSS),
    ([10.0, 11.0, 12.0, 13.0], 0, None, Reason.FEAT_WARMUP),
])  # fmt: skip
def test_a_cross_is_an_entry_while_nothing_is_held(closes, position, action, reason):
    _, wish = asked(closes, position)
    assert (wish.action, wish.reason, wish.confidence) == (action, reason, 1.0)
    assert [check.passed for check in wish.checks] == [
        reason not in (Reason.SIG_NO_CROSS, Reason.FEAT_WARMUP)
    ]


def test_nothing_is_decided_from_a_partial_bar_but_it_moves_the_averages():
    own, wish = asked([*FLAT, 11.0], reason=Reason.BAR_PARTIAL)
    assert (wish.action, wish.reason, own[CROSSED]) == (None, Reason.BAR_PARTIAL, 1.0)
