"""A risk stage with every control on, and a market, a balance and a clock that pass them all."""

from decimal import Decimal

from msgspec import UNSET
from msgspec.structs import replace

from actors.risk import Risk
from core.messages import Alert, Approved, Halted, Refused, StateChanged
from core.settings import BreakerSettings, SizingSettings
from core.terms import Action
from tests import build

D = Decimal
SECOND = build.SECOND
AT = build.AT - 5 * 3600 * SECOND
SETTINGS = replace(build.CONTROLLED, sizing=SizingSettings(), breakers=BreakerSettings())


def quote(at=AT, bid=5000.0, ask=5000.25):
    return build.bar(at=at, bid=bid, ask=ask)


def told(at=AT, balance="1000.00", skew="0"):
    return build.account_snapshot(
        at=at,
        balance=D(balance),
        position=0,
        orders=(),
        fills=(),
        skew=UNSET if skew is None else D(skew),
    )


def risk(balance="1000.00", contracts=1, account=1001, position_max=9, **controls):
    """A stage that may trade; a control's numbers may be others than the config's."""
    limits = replace(
        SETTINGS.risk, contracts=contracts, position_max=position_max, trade_risk_max=D(1000),
        day_loss_max=D(900), day_drawdown_max=D(900), account_drawdown_max=D(900),
        kill_loss_max=D(900), balance_min=D(1),
    )  # fmt: skip
    numbers = replace(SETTINGS, risk=limits, controls=replace(SETTINGS.controls, **controls))
    stage = Risk(numbers)
    for message in (
        build.run_started(at=AT, settings=numbers, account_id=account),
        build.session_opened(at=AT), told(balance=balance), build.feed_state(at=AT),
        build.agreed(at=AT, position=0), quote(),
    ):  # fmt: skip
        stage.on(message)
    return stage


def wish(n=1, at=AT, action=Action.LONG_ENTRY, **more):
    side = -1 if action in (Action.SHORT_ENTRY, Action.REVERSE_TO_SHORT) else 1
    fields = {"side": side, "expires_at": at + 2 * SECOND, **more}
    return build.intent(at=at, id=f"r-i{n}", action=action, **fields)


def verdict(stage, intent):
    answer = stage.on(intent)[0]
    assert isinstance(answer, Approved | Refused)
    return answer


def check(stage, intent, rule):
    """What this rule says of it; the worse one where it says two things."""
    rows = [row for row in verdict(stage, intent).checks if row.rule is rule]
    return min(rows, key=lambda row: row.passed)


def enter(stage, n=1, at=AT, **more):
    """An entry approved, sent, filled and closed again, so that only the past counts."""
    answers = stage.on(wish(n, at, **more))
    if isinstance(answers[0], Approved):
        stage.memory.reserved.clear()
    return answers


def halts(answers):
    return [a for a in answers if isinstance(a, Alert | Halted | StateChanged)]
