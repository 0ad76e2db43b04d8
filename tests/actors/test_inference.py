"""Inference: every row of features is answered, by a prediction or by a hold with its reason."""

from decimal import Decimal
from math import inf, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from actors.inference import Inference, Sequential, Window, direction, probabilities
from core.messages import Features, Hold, Prediction, Pulse
from core.reasons import Reason
from core.terms import Check

MEANS = (-5.1, 0.0, 5.3)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def features(values=(0.0, 0.5), at=7):
    return Features(at, tuple(values), 4800.25, 4800.0, 4800.5, 2.5)


def stage(logits, width=2):
    return Inference(lambda values: logits, MEANS, width)


def raising(values):
    raise RuntimeError("out of memory")


def test_a_prediction_is_that_of_the_worked_example():
    chances = (0.15, 0.25, 0.60)
    [found] = stage([log(chance) for chance in chances]).on(features())
    assert found.probabilities == pytest.approx(chances)
    assert (found.direction, found.reason) == (1, Reason.INFER_DONE)
    assert found.confidence == pytest.approx(0.60)
    assert found.move == pytest.approx(2.415)
    assert (found.at, found.close, found.bid, found.ask, found.atr) == (
        7, 4800.25, 4800.0, 4800.5, 2.5,
    )  # fmt: skip


def test_the_move_without_measured_means_is_that_of_theta():
    [found] = Inference(lambda _: [log(p) for p in (0.15, 0.25, 0.60)], (-3.0, 0.0, 3.0), 2).on(
        features()
    )
    assert found.move == pytest.approx(1.35)


@pytest.mark.parametrize(
    ("chances", "way"),
    [
        ((0.5, 0.3, 0.2), -1),
        ((0.2, 0.6, 0.2), 0),
        ((0.1, 0.2, 0.7), 1),
        ((0.4, 0.2, 0.4), 0),
        ((0.2, 0.4, 0.4), 0),
        ((0.4, 0.4, 0.2), 0),
    ],
)
def test_a_tie_is_no_direction(chances, way):
    assert direction(chances) == way


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1e39])
def test_a_feature_that_is_no_number_is_not_shown_to_the_model(bad):
    asked = Inference(raising, MEANS, 3).on(features([bad, 0.0, bad]))
    check = Check(Reason.FEAT_NONFINITE, Decimal(2), Decimal(0), False)
    assert asked == [Hold(7, (check,), Reason.FEAT_NONFINITE)]


def test_a_row_of_another_width_is_not_shown_to_the_model():
    check = Check(Reason.FEAT_SCHEMA, Decimal(2), Decimal(46), False)
    found = Inference(raising, MEANS, 46).on(features())
    assert found == [Hold(7, (check,), Reason.FEAT_SCHEMA)]


@pytest.mark.parametrize("logits", [(nan, 0, 0), (inf, -inf, 0), (0, 0, inf), (-inf, 0, 0)])
def test_an_answer_that_is_no_number_is_a_hold(logits):
    [found] = stage(logits).on(features())
    assert isinstance(found, Hold) and found.reason is Reason.INFER_NONFINITE


def test_a_runtime_that_fails_is_a_hold():
    [found] = Inference(raising, MEANS, 2).on(features())
    assert isinstance(found, Hold) and found.reason is Reason.INFER_ERROR


def test_other_messages_are_not_answered():
    assert stage((0, 0, 0)).on(Pulse(1)) == []


@given(st.tuples(*[st.floats(-1e30, 1e30)] * 3))
def test_probabilities_sum_to_one_for_any_logits(logits):
    assert sum(probabilities(logits)) == pytest.approx(1, abs=1e-6)


@given(st.lists(NUMBERS, max_size=4), st.tuples(NUMBERS, NUMBERS, NUMBERS))
def test_every_row_has_exactly_one_answer_and_no_number_raises(values, logits):
    [found] = stage(logits).on(features(values))
    assert isinstance(found, Prediction | Hold)
    if isinstance(found, Prediction):
        assert found.direction in (-1, 0, 1) and 1 / 3 - 1e-9 <= found.confidence <= 1


def asked_at(seconds, values=(0.0, 0.5)):
    return [features(values, second * 10**9) for second in seconds]


def sequential(seen):
    """Notes what the model is asked."""

    def predict(rows):
        seen.append([tuple(row) for row in rows])
        return (0.0, 1.0, 0.0)

    return Sequential(predict, MEANS, 2, 3)


def test_a_model_of_several_seconds_is_asked_once_it_has_them_in_a_row():
    seen = []
    stage = sequential(seen)
    rows = [(float(n), 0.0) for n in range(5)]
    answers = [stage.on(features(row, (n + 1) * 10**9))[0] for n, row in enumerate(rows)]
    assert [answer.reason for answer in answers[:2]] == [Reason.FEAT_WARMUP] * 2
    assert answers[1].checks == (Check(Reason.FEAT_WARMUP, Decimal(2), Decimal(3), False),)
    assert [type(answer) for answer in answers[2:]] == [Prediction] * 3
    assert seen == [rows[0:3], rows[1:4], rows[2:5]]


@pytest.mark.parametrize("second", [5, 3, 2])
def test_a_second_that_is_left_out_or_told_twice_begins_the_window_anew(second):
    stage = sequential(seen := [])
    for message in asked_at([1, 2, 3, second]):
        answer = stage.on(message)[0]
    assert (answer.reason, len(seen)) == (Reason.FEAT_WARMUP, 1)
    assert stage.memory.rows == [(0.0, 0.5)]


def test_a_row_that_is_no_number_begins_the_window_anew():
    stage = sequential(seen := [])
    for message in asked_at([1, 2]):
        stage.on(message)
    assert stage.on(features((nan, 0.0), 3 * 10**9))[0].reason is Reason.FEAT_NONFINITE
    found = [stage.on(message)[0] for message in asked_at([4, 5, 6])]
    assert [type(answer) for answer in found] == [Hold, Hold, Prediction]
    assert len(seen) == 1


def test_a_window_outlives_a_snapshot():
    stage, again = sequential([]), sequential(seen := [])
    for message in asked_at([1, 2]):
        stage.on(message)
    again.memory = json.decode(json.encode(stage.memory), type=Window)
    assert isinstance(again.on(asked_at([3])[0])[0], Prediction)
    assert seen == [[(0.0, 0.5)] * 3]


def test_a_window_learns_what_it_would_have_by_being_asked():
    stage, learner = sequential([]), sequential(seen := [])
    rows = asked_at([1, 2]) + asked_at([3], (nan, 0.0)) + asked_at([4, 7, 8, 9])
    for message in rows:
        stage.on(message)
        learner.learn(message)
        assert learner.memory == stage.memory
    assert not seen and len(learner.memory.rows) == 3
