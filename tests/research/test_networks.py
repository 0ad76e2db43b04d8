"""The networks: their shapes, that none looks ahead, and that they scale before all else."""

import numpy as np
import pytest
import torch

from research.networks import Scaled, Transformer, build, places

SECONDS, FEATURES = 12, 46
KINDS = ("deep", "lstm", "hybrid", "transformer")


def network(kind, seed=1):
    torch.manual_seed(seed)
    return build(kind, FEATURES, SECONDS, 0.3).eval()


def rows(kind, count, seed=2):
    shape = (count, FEATURES) if kind == "deep" else (count, SECONDS, FEATURES)
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 5])
def test_three_finite_logits_come_of_each_row(kind, count):
    logits = network(kind)(rows(kind, count))
    assert logits.shape == (count, 3) and logits.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_answered_alike_alone_and_in_a_batch(kind):
    model, many = network(kind), rows(kind, 6)
    alone = torch.cat([model(row[None]) for row in many])
    torch.testing.assert_close(alone, model(many), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_makes_the_network(kind):
    one, same, other = (network(kind, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", ["lstm", "hybrid", "transformer"])
def test_the_order_of_the_seconds_matters(kind):
    model, seen = network(kind), rows(kind, 1)
    turned = torch.cat([seen[:, :-1].flip(1), seen[:, -1:]], dim=1)
    assert not torch.allclose(model(seen), model(turned), atol=1e-6)


def test_no_token_of_the_transformer_sees_a_later_one():
    """What the block makes of a second does not change with the seconds after it."""
    model = network("transformer")
    assert isinstance(model, Transformer)
    tokens = model.first(rows("transformer", 1)) + model.places
    changed = tokens.clone()
    changed[:, 7:] += 1.0
    before, after = (model.blocks[0](each, model.mask) for each in (tokens, changed))
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


def test_the_places_are_those_of_the_formula():
    found = places(5, 8)
    assert found[3, 4].item() == pytest.approx(np.sin(3 / 10_000 ** (4 / 8)), abs=1e-6)
    assert found[3, 5].item() == pytest.approx(np.cos(3 / 10_000 ** (4 / 8)), abs=1e-6)


def test_what_is_far_out_counts_as_the_edge():
    model = Scaled(np.full(FEATURES, 10.0), np.full(FEATURES, 2.0), network("deep")).eval()
    edge, beyond = torch.full((1, FEATURES), 20.0), torch.full((1, FEATURES), 1e6)
    torch.testing.assert_close(model(edge), model(beyond))
    torch.testing.assert_close(model(edge), model.network(torch.full((1, FEATURES), 5.0)))
