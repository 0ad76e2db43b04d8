"""Deep networks learn what can be learned, stop in time, and come out of ONNX as they went in."""

import numpy as np
import pytest
from msgspec.structs import replace

from indicators.schema import NAMES
from research.gradient import KINDS, Plan, fit, prepare
from research.train import measure
from storage.model import start
from tests.research.learnable import learnable
from tests.research.test_walk import told_as_by_the_daemon
from tests.research.test_windows import seen

QUICK = Plan(window=4, batch=64, epochs_max=4, rate=3e-3, drop=0.0, levels=1)


def plan(kind, **changes):
    return replace(QUICK, network=kind, window=1 if kind == "deep" else 4, **changes)


def trained(kind, heard=None, **changes):
    asked = plan(kind, **changes)
    told = (lambda *epoch: heard.append(epoch)) if heard is not None else (lambda *_: None)
    length = asked.window
    return fit(learnable(900, 1, length), learnable(300, 2, length), asked, told)


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_be_learned_is_learned_and_is_the_same_in_the_file(kind):
    found = trained(kind)
    assert found.metrics["balanced_accuracy"] > 0.9
    judged = learnable(300, 2, plan(kind).window).take(slice(None))
    session = start("model", found.graph().SerializeToString())
    logits = session.run(None, {"features": judged})[0].astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    ours = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours, found.chances(judged), atol=1e-5)


@pytest.mark.parametrize("kind", ["deep", "lstm"])
def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(kind):
    one, same, other = (trained(kind, epochs_max=1, seed=seed) for seed in (1, 1, 2))
    content = one.graph().SerializeToString(deterministic=True)
    assert same.graph().SerializeToString(deterministic=True) == content
    assert other.graph().SerializeToString(deterministic=True) != content


def test_the_kept_epoch_is_the_best_on_the_validation_rows():
    found = trained("deep", heard := [], epochs_max=6, patience=2, rate=3e-2)
    judge = learnable(300, 2, 1)
    again = measure(found.chances(judge.take(slice(None))), judge, QUICK.confidence_min)
    assert again == found.metrics == dict(heard)[found.epoch]


def test_chances_are_chances():
    found = trained("deep", epochs_max=1)
    told = found.chances(learnable(50, 3, 1).take(slice(None)))
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-9)


def test_rows_are_windows_of_the_plan():
    assert prepare(seen(), replace(QUICK, window=9)).take(slice(0, 3)).shape == (3, 9, len(NAMES))


@pytest.mark.parametrize(("kind", "length"), [("deep", 1), ("lstm", 4)])
def test_a_network_walks(kind, length, tmp_path):
    told_as_by_the_daemon(kind, length, tmp_path)
