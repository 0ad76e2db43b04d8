"""Trees in ONNX answer as LightGBM does, also where a number lies on an edge."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indicators.schema import NAMES
from research.boosted import TINY, Plan, below, fit, prepare
from storage.model import start
from tests.research.learnable import learnable
from tests.research.test_windows import seen

QUICK = Plan(epochs_max=3, rows_min=5, levels=1, rate=0.2)


def silent(*_):
    return None


@pytest.fixture(scope="module")
def found():
    return fit(learnable(900, 1, 1), learnable(300, 2, 1), QUICK, silent)


def softmax(logits):
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_what_can_be_learned_is_learned(found):
    assert found.metrics["balanced_accuracy"] > 0.9


def test_the_file_answers_as_the_trees_do(found):
    session = start("model", found.graph().SerializeToString())
    for rows in (learnable(500, 4, 1).take(slice(None)), np.zeros((1, len(NAMES)), np.float32)):
        ours = softmax(session.run(None, {"features": rows})[0])
        np.testing.assert_allclose(ours, found.chances(rows), atol=1e-5)


def test_a_number_on_an_edge_falls_to_the_same_side(found):
    """Each edge itself and its 32-bit neighbours, in the feature that it parts."""
    graph = found.graph()
    session = start("model", graph.SerializeToString())
    told = {a.name: a for a in graph.graph.node[0].attribute}
    edges = zip(
        told["nodes_featureids"].ints, told["nodes_values"].floats,
        told["nodes_modes"].strings, strict=True,
    )  # fmt: skip
    rows = []
    for feature, edge, mode in edges:
        if mode == b"BRANCH_LEQ":
            for step in (-np.inf, 0, np.inf):
                row = np.zeros(len(NAMES), np.float32)
                row[feature] = np.nextafter(np.float32(edge), np.float32(step)) if step else edge
                rows.append(row)
    ours = softmax(session.run(None, {"features": np.array(rows)})[0])
    np.testing.assert_allclose(ours, found.chances(np.array(rows)), atol=1e-5)


def test_the_same_seed_gives_the_same_bytes(found):
    again = fit(learnable(900, 1, 1), learnable(300, 2, 1), QUICK, silent)
    assert again.graph().SerializeToString() == found.graph().SerializeToString()


@given(st.floats(-(2.0**99), 2.0**99), st.floats(-(2.0**99), 2.0**99, width=32))
def test_an_edge_in_32_bits_parts_32_bit_numbers_as_before(edge, number):
    assume(abs(edge) > TINY)
    assert (np.float32(number) <= edge) == (np.float32(number) <= np.float32(below(edge)))


def test_rows_are_single_seconds():
    assert prepare(seen(), Plan()).take(slice(0, 3)).shape == (3, len(NAMES))
