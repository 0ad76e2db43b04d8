"""A position that outlived its day, while nobody was there or nothing could be sent."""

import pytest

from core.messages import Reduce
from core.reasons import Reason
from core.sessions import days, session, shut, steps
from core.terms import State
from tests import build
from tests.actors.test_day_end import DAY, FRIDAY, RULES, SECOND, Desk


def carried(edition, at, **numbers):
    """A position of Friday's; the machine was down over its close, and is back at that time."""
    desk = Desk(FRIDAY.exits - 60 * SECOND, SECOND // 10, edition=edition, **numbers)
    desk.wish(FRIDAY.exits - 30 * SECOND, 1)
    desk.until(FRIDAY.exits - SECOND)
    assert desk.held == 1
    day = session(at, "globex")
    settings = desk.risk.memory.settings
    for message in (
        build.run_started(at=at, run="r2", settings=settings), build.feed_state(at=at),
        *([build.session_opened(at=at, trade_date=day.trade_date)] if day else []),
        build.feed_state(at=at, link="user"), build.agreed(at=at, position=1),
    ):  # fmt: skip
        desk.hear(message)
    return desk


@pytest.mark.parametrize(("edition", "reduces", "held"), [
    (6, True, 1), (7, True, 0), (7, False, 1),  # as risk closes nothing by itself then
])  # fmt: skip
def test_a_position_that_outlived_its_day_is_closed_in_the_next_session(edition, reduces, held):
    at = steps(DAY + 1, RULES).opens + 1800 * SECOND
    desk = carried(edition, at, drb_reduce=reduces)
    desk.until(at + 10 * SECOND)
    assert desk.held == held
    told = [m for m in desk.said if isinstance(m, Reduce)]
    assert [m.reason for m in told] == [Reason.RISK_OVERSTAYED] * (not held)
    assert desk.risk.memory.state is State.ACTIVE


def test_it_goes_also_where_a_quote_opens_the_session_before_the_clock_does():
    """Our clock is a little behind the venue's: the day's state ends before anything was sent."""
    desk = carried(7, FRIDAY.closes + 60 * SECOND)
    desk.until(FRIDAY.closes + 90 * SECOND)
    assert desk.risk.memory.why is Reason.RISK_SESSION_CLOSED and desk.held == 1
    desk.hear(build.command(at=FRIDAY.closes + 90 * SECOND, name="ack"))
    monday = steps(DAY + 1, RULES).opens
    desk.hear(build.session_opened(at=monday, trade_date=days()[DAY + 1].date))
    assert desk.risk.memory.state is State.ACTIVE
    sent = len(desk.sent)
    desk.said.append(build.pulse(at=monday - SECOND))
    desk.until(monday + 5 * SECOND)
    assert desk.held == 0 and all(shut(one.at) is False for one in desk.sent[sent:])
