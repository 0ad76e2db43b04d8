"""Replay: the logged inputs, the logged answers, and every difference between then and now."""

import pytest

from actors.replay import Late, replay
from actors.risk import Risk
from actors.signals import Signals
from core.messages import Bar, Fill, Record
from core.reasons import Reason
from daemon.wiring import STRATEGIES
from tests import build
from tests.simulation.world import World, deciding, settings, walk


def logged(seconds=60):
    world = World(settings(), seed=3)
    world.run([*world.start(), *walk(3, seconds)])
    return world.records


def stages():
    return deciding(settings())


def test_a_replay_of_a_log_by_the_same_code_has_no_difference():
    records = logged()
    assert sum(isinstance(r.message, Fill) for r in records) > 4
    assert list(replay(stages(), records)) == []


def test_a_changed_answer_is_a_difference_and_a_cut_one_is_unanswered():
    records = logged()
    last = max(i for i, r in enumerate(records) if r.actor == "executor")
    cut = [r for i, r in enumerate(records) if i < last]
    (difference,) = replay(stages(), cut)
    assert difference.actor == "executor"
    assert difference.unanswered == [records[last].message]
    forged = [*cut, Record(records[last].seq, "executor", records[last].cause, build.flat())]
    (difference,) = replay(stages(), forged)
    assert difference.unanswered == []


def test_what_an_actor_failed_on_is_left_out_for_it_alone():
    kill, failed = build.command(name="kill"), build.actor_failed(actor="risk", seq=2)
    records = [
        Record(1, "main", None, build.run_started()), Record(2, "operator", None, kill),
        Record(3, "supervisor", None, failed),
    ]  # fmt: skip
    risk = Risk(build.SETTINGS)
    assert list(replay({"risk": risk}, records)) == []
    assert risk.memory.state == "ACTIVE"


def without_the_rest_of_the_executor():
    """A log that others went on with; and the first answer of the executor that it lacks."""
    records = logged()
    told = [r for r in records if r.actor == "executor"]
    gone = told[len(told) // 2]
    return [r for r in records if r.actor != "executor" or r.seq < gone.seq], gone


def test_an_answer_the_log_lacks_further_up_was_never_given():
    """A stage that says more than its forerunner did: a restart must not post it, however old."""
    records, gone = without_the_rest_of_the_executor()
    found = next(d for d in replay(stages(), records) if d.seq == gone.cause)
    assert found.actor == "executor" and gone.message in found.replayed
    assert found.unanswered == []


def test_what_an_actor_that_failed_had_not_come_to_was_cut_off():
    records, gone = without_the_rest_of_the_executor()
    failed = build.actor_failed(actor="executor", seq=10**6)
    records.append(Record(gone.seq, "supervisor", None, failed))
    records.sort(key=lambda record: record.seq)
    found = next(d for d in replay(stages(), records) if d.seq == gone.cause)
    assert found.unanswered == found.replayed


class Counting:
    """Answers each bar with the number of bars it has come to."""

    takes = (Bar,)

    def __init__(self):
        self.count, self.asked = 0, 0

    def on(self, message):
        self.asked += 1
        self.learn(message)
        return [build.hold(at=self.count)]

    def learn(self, message):
        self.count += 1


def test_a_fold_asks_a_stage_that_can_learn_only_for_what_the_log_lacks():
    bars = [Record(n, "bars", None, build.bar(at=n)) for n in (1, 3, 5)]
    told = [Record(n + 1, "counting", n, build.hold(at=at)) for n, at in ((1, 1), (3, 99))]
    records = sorted([*bars, *told], key=lambda record: record.seq)
    learner, asked = Counting(), Counting()
    (cut,) = replay({"counting": learner}, records, again=False)
    assert (learner.count, learner.asked) == (3, 1)
    assert cut.seq == 5 and cut.unanswered == [build.hold(at=3)]
    forged, last = replay({"counting": asked}, records)
    assert (asked.count, asked.asked) == (3, 3)
    assert forged.recorded == [build.hold(at=99)] and last == cut


class Thinking:
    """A stage of the model's: it answers every bar."""

    takes = (Bar,)

    def on(self, message):
        return [build.features(at=message.at)]


def test_who_only_serves_the_model_was_not_at_work_in_a_run_without_it():
    def run(strategy):
        wanted = settings(signals={"strategy": strategy})
        return Record(1, "main", None, build.run_started(settings=wanted))

    bar = Record(2, "bars", None, build.bar())
    assert list(replay({"features": Thinking()}, [run("cycle"), bar])) == []
    (cut,) = replay({"features": Thinking()}, [run("model"), bar])
    assert cut.unanswered


def test_what_each_run_of_a_log_decided_is_decided_again_by_its_own_strategy():
    """The stages are built for the first run; a wish that is forged in the second one is seen."""
    first, second = (settings(signals={"strategy": name}) for name in ("model", "cycle"))
    records = [
        Record(1, "main", None, build.run_started(settings=first)),
        Record(2, "main", None, build.run_started(settings=second)),
        Record(3, "bars", None, build.bar()),
        Record(4, "signals", 3, build.intent()),
        Record(5, "bars", None, build.bar()),
    ]
    forged, cut = replay({"signals": Signals(STRATEGIES, first)}, records)
    assert forged.recorded == [records[3].message] and cut.unanswered


@pytest.mark.parametrize("ahead", [1, 7, 100, None])
def test_a_log_that_is_read_along_is_judged_like_one_that_is_read_first(ahead):
    """A change, an answer that is cut off and a failure; or it says that it saw too little."""
    records, gone = without_the_rest_of_the_executor()
    failed = build.actor_failed(actor="executor", seq=gone.cause + 1)
    records.append(Record(gone.seq, "supervisor", None, failed))
    records.sort(key=lambda record: record.seq)
    walked = replay(stages(), iter(records), ahead=ahead)
    try:
        assert list(walked) == list(replay(stages(), records))
    except Late:
        assert ahead == 1


@pytest.mark.parametrize("late", [
    Record(9, "counting", 1, build.hold(at=1)),
    Record(9, "supervisor", None, build.actor_failed(actor="counting", seq=1)),
], ids=["answer", "failure"])  # fmt: skip
def test_what_comes_longer_after_its_cause_than_was_looked_ahead_is_never_overlooked(late):
    records = [*(Record(n, "bars", None, build.bar(at=n)) for n in range(1, 9)), late]
    with pytest.raises(Late):
        list(replay({"counting": Counting()}, records, ahead=3))
    assert len(list(replay({"counting": Counting()}, records, ahead=8))) == 7


@pytest.mark.parametrize("ahead", [1, 3, None])
def test_a_failure_on_a_tick_which_has_no_record_is_never_late(ahead):
    records = [Record(n, "bars", None, build.bar(at=n)) for n in range(1, 9)]
    records[4] = Record(5, "supervisor", None, build.actor_failed(actor="market", seq=0))
    assert len(list(replay({"counting": Counting()}, records, ahead=ahead))) == 7


@pytest.mark.parametrize("ahead", [1, 4, None])
@pytest.mark.parametrize(("why", "silent"), [
    ("actor counting keeps failing: KeyError", True), ("actor counting missed record 3", False),
    ("actor count keeps failing: KeyError", False),
])  # fmt: skip
def test_who_was_given_up_says_nothing_more_in_its_run(why, silent, ahead):
    """The start after it took all that for cut off by a crash: hours of it fill any inbox."""
    halted = build.halted(why=why, by="supervisor", reason=Reason.SYS_ESCALATE)
    records = [Record(n, "bars", None, build.bar(at=n)) for n in range(1, 9)]
    records[3] = Record(4, "supervisor", None, build.actor_failed(actor="counting", seq=3))
    records[4] = Record(5, "supervisor", None, halted)
    counting = Counting()
    try:
        found = [d.seq for d in replay({"counting": counting}, records, ahead=ahead)]
    except Late:
        assert ahead == 1
        return
    assert (found == [1, 2]) is silent and counting.count == 5
    again = [
        *records,
        Record(9, "main", None, build.run_started()),
        Record(10, "bars", None, build.bar()),
    ]
    assert [d.seq for d in replay({"counting": Counting()}, again, ahead=ahead)][-1] == 10
