"""What risk keeps between two pulses is what it would find anew."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.guard import standing
from actors.risk import Risk
from core.messages import Approved, Bar, Intent
from core.reasons import Reason
from tests import build
from tests.actors.test_risk import AT, intent, risk


def test_a_pulse_leaves_it_and_everything_else_takes_it_away():
    stage = risk()
    stage.on(build.pulse(at=AT))
    assert stage.standing == standing(stage.memory)
    kept = (build.pulse(), build.bar())  # a bar tells risk the spread, which no standing holds
    for message in (m for m in build.EVERY if type(m) in Risk.takes and m not in kept):
        stage.on(build.pulse(at=message.at))
        if not isinstance(message, Intent | Bar):  # of a bar only its quote is kept
            stage.on(message)
            assert stage.standing is None, message


EVENTS = st.one_of(
    st.sampled_from([m for m in build.EVERY if type(m) in Risk.takes]),
    st.builds(lambda ticks: build.mark(price=5000 + Decimal(ticks) / 4), st.integers(-99, 99)),
    st.builds(
        lambda n, side: build.fill(trade_id=n, side=side, venue_id=0, tag=""),
        st.integers(1, 99), st.sampled_from([1, -1]),
    ),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=40))
def test_with_and_without_it_every_verdict_is_the_same(events):
    """After each message a pulse and an intent, to a stage that keeps it and one that does not."""
    keeps, anew = risk(), risk()
    for number, event in enumerate(events):
        at = AT + number * build.SECOND
        for message in (replace(event, at=at), build.pulse(at=at), intent(at=at, n=number)):
            anew.standing = None
            answers = keeps.on(message)
            assert answers == anew.on(message)
            if number % 2 and any(isinstance(answer, Approved) for answer in answers):
                order = build.place_order(at=at, tag=f"r-{number}", intent=f"r-i{number}")
                assert keeps.on(order) == anew.on(order)
    assert keeps.memory == anew.memory


def test_a_step_of_the_day_halves_the_budget_of_an_account_that_nothing_happens_to():
    """15:38 New York: the pulse before it and the one after it are all that is heard."""
    step = AT - AT % (3600 * build.SECOND) + (3600 + 38 * 60) * build.SECOND
    stage = risk()
    for at, budget in ((step - build.SECOND, "50"), (step, "25"), (step + build.SECOND, "25")):
        stage.on(build.pulse(at=at))
        (answer,) = stage.on(intent(at=at, n=at))
        stage.memory.reserved.clear()
        assert next(c.limit for c in answer.checks if c.rule is Reason.RISK_DRB) == Decimal(budget)
