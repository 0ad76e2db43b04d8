"""Train a deep network by gradient: the same seed on the same processor gives the same bytes.

Weights, mirror images and the stop are those of `train`. Matrix products run in bfloat16 on a GPU,
behind a scaling in 32 bits; on a processor all is in 32 bits.
"""

import io
import warnings
from copy import deepcopy
from typing import Any

import numpy as np
import onnx
import torch
from msgspec import Struct
from torch import nn

from research import windows
from research.dataset import Dataset
from research.export import IR, OPSET
from research.networks import Scaled, build
from research.train import Told, Trained, fit_scaler, mean_moves, until_best, weigh
from research.windows import Windows, join, mirrored

JUDGED_AT_ONCE = 8_192
KINDS = ("deep", "lstm", "hybrid", "transformer")


class Plan(Struct, frozen=True):
    """Every choice that shapes the model."""

    network: str = "lstm"
    window: int = 30  # seconds it sees; 1 for `deep`
    lookahead_s: int = 30
    theta_ticks: float = 3.0
    drop: float = 0.3
    rate: float = 1e-3
    batch: int = 512
    epochs_max: int = 20
    patience: int = 3
    levels: int = 10
    confidence_min: float = 0.60
    seed: int = 1


def prepare(seen: Dataset, plan: Plan) -> Windows:
    return windows.windows(seen, plan.lookahead_s, plan.theta_ticks, plan.window)


def fit(learn: Windows, judge: Windows, plan: Plan, told: Told) -> Trained:
    """Epoch by epoch. Raises UsageError when a class is absent."""
    learn = join([learn, mirrored(learn)])
    last = learn.rows()
    scaler, weights = fit_scaler(last.x), weigh(last, plan.levels).astype(np.float32)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(plan.seed)
    order = np.random.default_rng(plan.seed)
    network = build(plan.network, learn.table.shape[1], plan.window, plan.drop)
    model = Scaled(scaler.center, scaler.scale, network).to(device)
    adam = torch.optim.Adam(model.parameters(), plan.rate)

    def once() -> np.ndarray:
        model.train()
        shuffled = order.permutation(len(learn))
        for begin in range(0, len(learn), plan.batch):
            chosen = shuffled[begin : begin + plan.batch]
            adam.zero_grad()
            loss(model, learn, weights, chosen, device).backward()  # type: ignore[no-untyped-call]
            adam.step()
        return answers(model, judge)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the order of a sum must not depend on the number of cores
    try:
        best, found, kept = until_best(
            once, lambda: deepcopy(model.state_dict()), judge, plan, told
        )
    finally:
        torch.set_num_threads(threads)
    model.load_state_dict(kept)
    model.to("cpu").eval()
    example = judge.take(np.arange(1))
    return Trained(
        scaler,
        mean_moves(learn),
        best,
        found,
        lambda x: chances(model, x),
        lambda: graph(model, example),
    )


def loss(
    model: nn.Module, learn: Windows, weights: np.ndarray, chosen: np.ndarray, device: torch.device
) -> torch.Tensor:
    """Cross entropy, each row by its weight."""
    features = torch.from_numpy(learn.take(chosen)).to(device)
    label = torch.from_numpy(learn.label[chosen]).to(device)
    weight = torch.from_numpy(weights[chosen]).to(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        logits = model(features)
    each = nn.functional.cross_entropy(logits.float(), label, reduction="none")
    return (each * weight).sum() / weight.sum()


def answers(model: nn.Module, judge: Windows) -> np.ndarray:
    """Probabilities (n, 3) of all rows, so many at a time."""
    every = np.arange(len(judge))
    parts = np.split(every, range(JUDGED_AT_ONCE, len(judge), JUDGED_AT_ONCE))
    return np.concatenate([chances(model, judge.take(part)) for part in parts])


@torch.no_grad()
def chances(model: nn.Module, x: np.ndarray) -> np.ndarray:
    model.eval()
    device = next(model.parameters()).device
    features = torch.from_numpy(np.asarray(x, np.float32)).to(device)
    found: np.ndarray = model(features).double().softmax(1).cpu().numpy()
    return found


def graph(model: nn.Module, example: np.ndarray) -> onnx.ModelProto:
    """ONNX of the trained network, for any batch; without the names of its maker."""
    buffer, axes = io.BytesIO(), {"features": {0: "batch"}, "logits": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an exporter that is old, but needs no compiler
        torch.onnx.export(
            model, (torch.from_numpy(example),), buffer, input_names=["features"],
            output_names=["logits"], dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    made: Any = onnx.load_from_string(buffer.getvalue())
    made.producer_name, made.producer_version, made.ir_version = "tradebot", "", IR
    for node in made.graph.node:
        node.doc_string = ""
    return made
