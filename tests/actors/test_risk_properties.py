"""Risk: what holds whatever it has heard, in whatever order.

STEPS in the environment says how many messages, at most, in all histories together.
"""

import os
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.budget import worst_case
from core.messages import Approved, Refused
from core.reasons import Reason
from core.terms import Action, Purpose
from tests import build
from tests.actors.exposed import MOVES, Exposed
from tests.actors.test_risk import AT, EXITS, intent, risk
from tests.actors.test_standing import EVENTS

STEPS = int(os.environ.get("STEPS", "4000"))
ENTRIES = (Action.LONG_ENTRY, Action.SHORT_ENTRY)
LONG = 40  # messages of a history, at most
histories = st.lists(st.tuples(EVENTS, st.sampled_from((*ENTRIES, *EXITS))), max_size=LONG)
often = settings(max_examples=max(STEPS // LONG, 1), deadline=None)


def told(stage, history):
    """After each message its wish, the answer to it, and the order that an approval may become."""
    for number, (event, action) in enumerate(history):
        at = AT + number * build.SECOND
        stage.on(replace(event, at=at))
        held = stage.memory.book.position.size
        wish = intent(at=at, n=number, action=action)
        (answer,) = stage.on(wish)
        yield held, wish, answer
        if number % 2 and isinstance(answer, Approved) and action in ENTRIES:
            order = build.place_order(at=at, tag=f"r-{number}", intent=wish.id, side=wish.side)
            stage.on(order)


@often
@given(histories)
def test_what_is_approved_never_adds_up_to_more_than_may_be_held(history):
    stage = risk(position_max=2)
    for held, wish, answer in told(stage, history):
        if not isinstance(answer, Approved) or wish.action not in ENTRIES:
            continue
        book, numbers = stage.memory.book, stage.memory.settings.risk
        coming = len(stage.memory.reserved) * numbers.contracts
        assert worst_case(held, book.live(Purpose.ENTRY), wish.side) + coming <= 2


@often
@given(histories)
def test_an_exit_is_approved_in_any_state_with_all_that_is_held(history):
    for held, wish, answer in told(risk(), history):
        if wish.action in EXITS and held:
            assert isinstance(answer, Approved) and answer.size == abs(held)
        elif wish.action in EXITS:
            assert isinstance(answer, Refused) and answer.reason is Reason.SIG_SUPERSEDED


MOVE = 3  # bytes of one move


@often
@given(st.integers(1, 4), st.integers(1, 3), st.binary(min_size=MOVE * LONG, max_size=MOVE * LONG))
def test_what_the_venue_holds_and_may_fill_is_never_more_than_the_limit(most, contracts, moves):
    """After each step, with restarts, lost answers, orders unknown, partial fills and turns."""
    life = Exposed(most, contracts)
    for at in range(0, MOVE * LONG, MOVE):
        life.step(*moves[at : at + MOVE])


def test_such_a_life_has_all_that_can_befall_an_order():
    rng, did = random.Random(7), set()
    for _ in range(100):
        life = Exposed(rng.randint(1, 4), rng.randint(1, 3))
        for _ in range(LONG):
            life.step(rng.randrange(len(MOVES)), rng.randrange(7), rng.randrange(7))
        did |= life.did
    assert did >= {
        "approved 1", "approved 2", "accepted", "refused", "lost", "absent", "withheld", "filled",
        "filled in part", "turned", "more", "link lost", "restarted",
    }  # fmt: skip
