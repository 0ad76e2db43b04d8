"""Every bar, prediction and wish ends in exactly one reason: what a log without that looks like."""

from dataclasses import dataclass
from itertools import count

import pytest
from msgspec.structs import replace

from actors.conservation import account
from cli.logs import records_of
from core import messages as m
from core.messages import Record
from core.reasons import Reason
from core.terms import Action
from tests import build
from tests.data.stored import NAMES, unpack

ENTRY = build.intent(id="r-i1")
YES = build.approved(intent=ENTRY)
ORDER = build.place_order(intent="r-i1", tag="r-1")
GIVEN_UP = build.order_rejected(tag="r-i1")
OTHER = build.intent(id="r-i2")
TURN = build.approved(intent=build.intent(id="r-i1", action=Action.REVERSE_TO_LONG))


def log(*rows):
    """Records of (message, cause); seq by place, from 1."""
    seqs = count(1)
    return [Record(next(seqs), "stage", cause, message) for message, cause in rows]


def decided(*after):
    """A wish from its bar on, and what follows it from seq 3 on."""
    return log((build.bar(), None), (ENTRY, 1), *after)


LATER = [(build.bar(), None), (build.hold(), 4)]  # behind three records: the log went on


@pytest.fixture(scope="module", params=NAMES)
def real(request, tmp_path_factory):
    return records_of(unpack(request.param, tmp_path_factory.mktemp("log")))


def test_in_the_log_of_a_real_run_nothing_is_loose(real):
    told = account(real)
    assert not told.loose
    kinds = (m.Bar, m.Prediction, m.Intent)
    ended = sum(sum(told.ends.get(kind.__name__, {}).values()) for kind in kinds)
    assert ended + told.cut == sum(isinstance(record.message, kinds) for record in real)


def test_a_long_log_is_accounted_for_part_by_part(real):
    """As one that is held whole; only where a part ends in a wait of minutes it might differ."""
    whole, records = account(real), list(real)
    for held in (50, 300):
        assert account(records, held) == whole
    gone = [r for r in records if not isinstance(r.message, m.Hold)]
    assert account(gone, 300).loose == account(gone).loose != []


ANSWERS = (m.Hold, m.Features, m.Prediction, m.Intent, m.Approved, m.Refused)


def some(records, kinds):
    found = [r for r in records if isinstance(r.message, kinds)]
    return found[:: max(1, len(found) // 25)][:25]


def test_whichever_answer_is_taken_out_of_it_is_missed(real):
    for lost in some(real, ANSWERS):
        told = account([r for r in real if r is not lost])
        assert (lost.cause, "has no answer") in [(end.seq, end.why) for end in told.loose]


def test_whichever_answer_is_given_twice_is_seen(real):
    for twice in some(real, ANSWERS):
        other = replace(twice, seq=real[-1].seq + 1)
        loose, *_ = account([*real, other]).loose
        assert loose.seq == twice.cause and "answered 2 times" in loose.why


def test_a_real_log_cut_anywhere_has_no_loose_end(real):
    """A kill leaves a beginning of the log: what it lacks is cut off, not loose."""
    for size in range(1, len(real), max(1, len(real) // 40)):
        assert not account(real[:size]).loose


@dataclass
class Case:
    records: list
    loose: list
    cut: int = 0


CASES = {
    "an order": Case(decided((YES, 2), (ORDER, 3)), []),
    "a wish given up": Case(decided((YES, 2), (GIVEN_UP, 3)), []),
    "both": Case(decided((YES, 2), (ORDER, 3), (GIVEN_UP, 3)), [3]),
    "two orders": Case(decided((YES, 2), (ORDER, 3), (replace(ORDER, tag="r-2"), 3)), [3]),
    "a second order after the venue refused the first": Case(
        decided((YES, 2), (ORDER, 3), (build.order_rejected(tag="r-1"), 4),
                (replace(ORDER, tag="r-2"), 5)), [],
    ),
    "an approval without an order, at the end": Case(decided((YES, 2)), [], cut=2),
    "the same with the log going on": Case(decided((YES, 2), *LATER), [3]),
    "a turn that waits for its exit": Case(decided((TURN, 2), *LATER), [], cut=2),
    "a turn that another approval overtook": Case(
        decided((TURN, 2), (build.bar(), None), (OTHER, 4), (build.approved(intent=OTHER), 5)),
        [3], cut=2,
    ),
    "a refusal of another wish": Case(
        decided((build.refused(intent=build.intent(id="else")), 2)), [3]
    ),
    "an actor that failed on the wish": Case(
        decided((build.actor_failed(actor="risk", seq=2), None), *LATER), []
    ),
    "an actor that is rebuilt when the log ends": Case(
        log((build.bar(), None), (build.actor_failed(seq=1), None), (build.bar(), None),
            (build.bar(), None), (build.hold(), 4)), [], cut=1,
    ),
    "an actor that was given up": Case(
        log((build.bar(), None), (build.halted(reason=Reason.SYS_ESCALATE), None),
            (build.bar(), None), (build.run_started(), None), (build.bar(), None),
            (build.hold(), 5)), [1],
    ),
    "a verdict on a bar": Case(log((build.bar(), None), (YES, 1), (build.hold(), 1)), [2], cut=0),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_chain_ends_once(name):
    case = CASES[name]
    told = account(case.records)
    assert ([end.seq for end in told.loose], told.cut) == (case.loose, case.cut)
